#include "session/resp_info.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fmt/format.h>
#include <iterator>

#include "base/ascii.h"

namespace larder::session {
namespace {

using Text = std::string;

template <class Value>
void field(Text& text, Bytes name, const Value& value) {
  fmt::format_to(std::back_inserter(text), "{}:{}\r\n", name, value);
}

// 1536 -> "1.50K", as Redis writes it.
std::string human_size(std::uint64_t size) {
  constexpr std::array<char, 5> units{'B', 'K', 'M', 'G', 'T'};
  if (size < 1024) return fmt::format("{}B", size);
  auto shown = static_cast<double>(size);
  std::size_t unit = 0;
  while (shown >= 1024 && unit + 1 < units.size()) {
    shown /= 1024;
    ++unit;
  }
  return fmt::format("{:.2f}{}", shown, units[unit]);
}

std::string kibibytes(std::uint64_t size) { return fmt::format("{:.2f}", static_cast<double>(size) / 1024); }

void write_server(Text& text, const ServerStats& stats, TimePoint now) {
  field(text, "redis_version", redis_version);
  field(text, "redis_mode", "standalone");
  field(text, "larder_version", stats.facts->version);
  field(text, "larder_backend", stats.facts->backend);
  field(text, "larder_policy", stats.facts->policy);
  field(text, "larder_workers", stats.facts->worker_count);
  field(text, "larder_shards", stats.facts->shard_count);
  field(text, "os", "Linux");
  field(text, "arch_bits", sizeof(void*) * 8);
  field(text, "multiplexing_api", stats.facts->event_loop);
  field(text, "process_id", stats.facts->process_id);
  field(text, "run_id", stats.facts->run_id);
  field(text, "tcp_port", stats.facts->resp_port);
  field(text, "server_time_usec", now.time_since_epoch().count() * 1000);
  field(text, "uptime_in_seconds", stats.uptime.count());
  field(text, "uptime_in_days", stats.uptime.count() / 86400);
  field(text, "hz", 10);
  field(text, "configured_hz", 10);
  field(text, "executable", "larder-server");
  field(text, "config_file", "");
}

void write_clients(Text& text, const ServerStats& stats, TimePoint /*now*/) {
  field(text, "connected_clients", stats.counters.connections);
  field(text, "cluster_connections", 0);
  field(text, "maxclients", stats.facts->connection_count_max);
  field(text, "blocked_clients", 0);
  field(text, "tracking_clients", 0);
}

void write_memory(Text& text, const ServerStats& stats, TimePoint /*now*/) {
  field(text, "used_memory", stats.cache.memory_used);
  field(text, "used_memory_human", human_size(stats.cache.memory_used));
  field(text, "used_memory_dataset", stats.cache.memory_used);
  field(text, "mem_fragmentation_ratio", "1.00");
  field(text, "maxmemory", stats.cache.memory_limit);
  field(text, "maxmemory_human", human_size(stats.cache.memory_limit));
  field(text, "maxmemory_policy", "allkeys-lru");
  field(text, "larder_connection_buffer_size", stats.counters.connection_buffer_size);
}

void write_persistence(Text& text, const ServerStats& /*stats*/, TimePoint /*now*/) {
  field(text, "loading", 0);
  field(text, "async_loading", 0);
  field(text, "rdb_changes_since_last_save", 0);
  field(text, "rdb_bgsave_in_progress", 0);
  field(text, "rdb_last_bgsave_status", "ok");
  field(text, "aof_enabled", 0);
  field(text, "aof_rewrite_in_progress", 0);
  field(text, "aof_last_bgrewrite_status", "ok");
  field(text, "aof_last_write_status", "ok");
}

void write_stats(Text& text, const ServerStats& stats, TimePoint /*now*/) {
  field(text, "total_connections_received", stats.counters.connections_accepted);
  field(text, "total_commands_processed", stats.counters.commands);
  field(text, "total_net_input_bytes", stats.counters.bytes_received);
  field(text, "total_net_output_bytes", stats.counters.bytes_sent);
  field(text, "instantaneous_ops_per_sec", stats.commands_per_s);
  field(text, "instantaneous_input_kbps", kibibytes(stats.received_per_s));
  field(text, "instantaneous_output_kbps", kibibytes(stats.sent_per_s));
  field(text, "sync_full", 0);
  field(text, "sync_partial_ok", 0);
  field(text, "sync_partial_err", 0);
  field(text, "pubsub_channels", 0);
  field(text, "pubsub_patterns", 0);
  field(text, "latest_fork_usec", 0);
  field(text, "total_error_replies", stats.counters.protocol_errors);
  field(text, "rejected_connections", stats.counters.connections_refused);
  field(text, "expired_keys", stats.cache.expired);
  field(text, "evicted_keys", stats.cache.evictions);
  field(text, "keyspace_hits", stats.cache.hits);
  field(text, "keyspace_misses", stats.cache.misses);
  field(text, "larder_sets", stats.cache.sets);
  field(text, "larder_sets_refused", stats.cache.refused);
  field(text, "larder_protocol_errors", stats.counters.protocol_errors);
  field(text, "larder_http_on_wrong_port", stats.counters.http_on_wrong_port);
  field(text, "larder_origins_refused", stats.counters.origins_refused);
  field(text, "larder_slow_readers_closed", stats.counters.slow_readers_closed);
  field(text, "larder_idle_closed", stats.counters.idle_closed);
}

void write_replication(Text& text, const ServerStats& stats, TimePoint /*now*/) {
  field(text, "role", "master");
  field(text, "connected_slaves", 0);
  field(text, "master_failover_state", "no-failover");
  field(text, "master_replid", stats.facts->run_id);
  field(text, "master_replid2", "0000000000000000000000000000000000000000");
  field(text, "master_repl_offset", 0);
  field(text, "second_repl_offset", -1);
  field(text, "repl_backlog_active", 0);
  field(text, "repl_backlog_size", 0);
}

void write_modules(Text& /*text*/, const ServerStats& /*stats*/, TimePoint /*now*/) {}

void write_cluster(Text& text, const ServerStats& /*stats*/, TimePoint /*now*/) {
  field(text, "cluster_enabled", 0);
}

void write_keyspace(Text& text, const ServerStats& stats, TimePoint /*now*/) {
  for (std::size_t database = 0; database < stats.database_item_counts.size(); ++database) {
    const std::size_t count = stats.database_item_counts[database];
    if (count == 0) continue;
    fmt::format_to(std::back_inserter(text), "db{}:keys={},expires=0,avg_ttl=0\r\n", database, count);
  }
}

struct Section {
  Bytes name;
  void (*write)(Text& text, const ServerStats& stats, TimePoint now);
};

constexpr std::array sections{
    Section{"Server", write_server},     Section{"Clients", write_clients},
    Section{"Memory", write_memory},     Section{"Persistence", write_persistence},
    Section{"Stats", write_stats},       Section{"Replication", write_replication},
    Section{"Modules", write_modules},   Section{"Cluster", write_cluster},
    Section{"Keyspace", write_keyspace},
};

bool asks_for(Bytes word, Bytes section) {
  return equals_ignoring_case(word, section) || equals_ignoring_case(word, "default") ||
         equals_ignoring_case(word, "all") || equals_ignoring_case(word, "everything");
}

}  // namespace

std::string info_text(const ServerStats& stats, TimePoint now, std::span<const Bytes> names) {
  Text text;
  for (const Section& section : sections) {
    const bool is_asked_for =
        names.empty() || std::ranges::any_of(names, [&](Bytes word) { return asks_for(word, section.name); });
    if (!is_asked_for) continue;
    if (!text.empty()) text += "\r\n";
    fmt::format_to(std::back_inserter(text), "# {}\r\n", section.name);
    section.write(text, stats, now);
  }
  return text;
}

}  // namespace larder::session
