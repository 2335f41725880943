#include "session/resp_info.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fmt/format.h>
#include <initializer_list>
#include <iterator>

#include "base/ascii.h"
#include "session/resp_commands.h"

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

// Of what is not there.
void zeros(Text& text, std::initializer_list<Bytes> names) {
  for (const Bytes name : names) field(text, name, 0);
}

void size_field(Text& text, std::string name, std::uint64_t size) {
  field(text, name, size);
  field(text, name += "_human", human_size(size));
}

double ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string percentage(std::uint64_t part, std::uint64_t whole) {
  return fmt::format("{:.2f}%", ratio(part, whole) * 100);
}

std::string seconds(std::uint64_t us) { return fmt::format("{}.{:06}", us / 1'000'000, us % 1'000'000); }

void write_server(Text& text, const InfoFigures& figures) {
  const ServerFacts& facts = *figures.server.facts;
  const std::int64_t now_ms = figures.now.time_since_epoch().count();
  field(text, "redis_version", redis_version);
  field(text, "redis_git_sha1", "00000000");
  field(text, "redis_git_dirty", 0);
  if (!facts.build_id.empty()) field(text, "redis_build_id", facts.build_id);
  field(text, "redis_mode", "standalone");
  field(text, "larder_version", facts.version);
  field(text, "larder_backend", facts.backend);
  field(text, "larder_policy", facts.policy);
  field(text, "larder_workers", facts.worker_count);
  field(text, "larder_shards", facts.shard_count);
  field(text, "os", facts.system);
  field(text, "arch_bits", sizeof(void*) * 8);
  field(text, "monotonic_clock", "POSIX clock_gettime");
  field(text, "multiplexing_api", facts.event_loop);
  field(text, "larder_event_loop_reason", facts.event_loop_reason);
  field(text, "larder_sandbox", facts.sandbox);
  field(text, "atomicvar_api", "atomic-builtin");
  field(text, "gcc_version", fmt::format("{}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__));
  field(text, "process_id", facts.process_id);
  field(text, "process_supervised", "no");
  field(text, "run_id", facts.run_id);
  field(text, "tcp_port", facts.resp_port);
  field(text, "server_time_usec", now_ms * 1000);
  field(text, "uptime_in_seconds", figures.server.uptime.count());
  field(text, "uptime_in_days", figures.server.uptime.count() / 86400);
  field(text, "hz", 10);
  field(text, "configured_hz", 10);
  field(text, "lru_clock", (now_ms / 1000) & 0xffffff);
  field(text, "executable", "larder-server");
  field(text, "config_file", facts.config_path);
  field(text, "io_threads_active", 0);
}

void write_clients(Text& text, const InfoFigures& figures) {
  field(text, "connected_clients", figures.server.counters.connections);
  field(text, "cluster_connections", 0);
  field(text, "maxclients", figures.server.connection_count_max);
  zeros(text, {"blocked_clients", "tracking_clients", "clients_in_timeout_table"});
}

// What an empty cache takes is overhead, all beyond it is for items: their share of the index is not told
// apart. The resident memory is that of the whole process, connections' buffers included, while used_memory
// is the cache's. Under `maxmemory` there may be more of either: of the one pages that are not touched yet,
// of the other those that the allocator keeps.
void write_memory(Text& text, const InfoFigures& figures) {
  const cache::CacheStats& cache = figures.server.cache;
  const std::uint64_t used = cache.memory_used;
  const std::uint64_t empty = std::min(used, figures.server.facts->memory_used_at_start);
  size_field(text, "used_memory", used);
  if (figures.process) size_field(text, "used_memory_rss", figures.process->resident_size);
  size_field(text, "used_memory_peak", figures.server.memory_used_peak);
  field(text, "used_memory_peak_perc", percentage(used, figures.server.memory_used_peak));
  field(text, "used_memory_overhead", empty);
  field(text, "used_memory_startup", figures.server.facts->memory_used_at_start);
  field(text, "used_memory_dataset", used - empty);
  field(text, "used_memory_dataset_perc", percentage(used - empty, used - empty));
  if (figures.server.facts->machine_memory_size > 0) {
    size_field(text, "total_system_memory", figures.server.facts->machine_memory_size);
  }
  zeros(text, {"used_memory_lua", "used_memory_vm_eval"});
  field(text, "used_memory_lua_human", human_size(0));
  zeros(text, {"used_memory_scripts_eval", "number_of_cached_scripts", "number_of_functions",
               "number_of_libraries", "used_memory_vm_functions", "used_memory_vm_total"});
  field(text, "used_memory_vm_total_human", human_size(0));
  zeros(text, {"used_memory_functions", "used_memory_scripts"});
  field(text, "used_memory_scripts_human", human_size(0));
  size_field(text, "maxmemory", cache.memory_limit);
  field(text, "maxmemory_policy", "allkeys-lru");
  if (figures.process) {
    const std::uint64_t resident = figures.process->resident_size;
    field(text, "mem_fragmentation_ratio", fmt::format("{:.2f}", ratio(resident, used)));
    field(text, "mem_fragmentation_bytes",
          static_cast<std::int64_t>(resident) - static_cast<std::int64_t>(used));
  }
  zeros(text, {"mem_not_counted_for_evict", "mem_replication_backlog", "mem_total_replication_buffers",
               "mem_clients_slaves"});
  field(text, "mem_clients_normal", figures.server.counters.connection_buffer_size);
  zeros(text, {"mem_cluster_links", "mem_aof_buffer"});
  field(text, "mem_allocator", "libc");
  zeros(text, {"active_defrag_running", "lazyfree_pending_objects", "lazyfreed_objects"});
  field(text, "larder_connection_buffer_size", figures.server.counters.connection_buffer_size);
  field(text, "larder_connection_buffer_limit", figures.server.facts->buffer_size_max);
}

// As if all had been saved at the start and nothing since: so LASTSAVE says, too.
void write_persistence(Text& text, const InfoFigures& figures) {
  zeros(text, {"loading", "async_loading", "current_cow_peak", "current_cow_size", "current_cow_size_age"});
  field(text, "current_fork_perc", "0.00");
  zeros(text, {"current_save_keys_processed", "current_save_keys_total", "rdb_changes_since_last_save",
               "rdb_bgsave_in_progress"});
  field(text, "rdb_last_save_time", figures.server.facts->started_at.time_since_epoch().count() / 1000);
  field(text, "rdb_last_bgsave_status", "ok");
  field(text, "rdb_last_bgsave_time_sec", -1);
  field(text, "rdb_current_bgsave_time_sec", -1);
  zeros(text, {"rdb_saves", "rdb_last_cow_size", "rdb_last_load_keys_expired", "rdb_last_load_keys_loaded",
               "aof_enabled", "aof_rewrite_in_progress", "aof_rewrite_scheduled"});
  field(text, "aof_last_rewrite_time_sec", -1);
  field(text, "aof_current_rewrite_time_sec", -1);
  field(text, "aof_last_bgrewrite_status", "ok");
  zeros(text, {"aof_rewrites", "aof_rewrites_consecutive_failures"});
  field(text, "aof_last_write_status", "ok");
  zeros(text, {"aof_last_cow_size", "module_fork_in_progress", "module_fork_last_cow_size"});
}

std::uint64_t error_count(const CommandTotals& commands) {
  std::uint64_t count = 0;
  for (const auto& [code, of_code] : commands.errors) count += of_code;
  return count;
}

void write_stats(Text& text, const InfoFigures& figures) {
  const ServerStats& stats = figures.server;
  field(text, "total_connections_received", stats.counters.connections_accepted);
  field(text, "total_commands_processed", stats.counters.commands);
  field(text, "instantaneous_ops_per_sec", stats.commands_per_s);
  field(text, "total_net_input_bytes", stats.counters.bytes_received);
  field(text, "total_net_output_bytes", stats.counters.bytes_sent);
  zeros(text, {"total_net_repl_input_bytes", "total_net_repl_output_bytes"});
  field(text, "instantaneous_input_kbps", kibibytes(stats.received_per_s));
  field(text, "instantaneous_output_kbps", kibibytes(stats.sent_per_s));
  field(text, "instantaneous_input_repl_kbps", kibibytes(0));
  field(text, "instantaneous_output_repl_kbps", kibibytes(0));
  field(text, "rejected_connections", stats.counters.connections_refused);
  zeros(text, {"sync_full", "sync_partial_ok", "sync_partial_err"});
  field(text, "expired_keys", stats.cache.expired);
  field(text, "expired_time_cap_reached_count", stats.counters.sweeps_cut_short);
  field(text, "expire_cycle_cpu_milliseconds", stats.counters.sweep_duration_us / 1000);
  field(text, "evicted_keys", stats.cache.evictions);
  field(text, "evicted_clients", stats.counters.over_budget_closed);
  zeros(text, {"total_eviction_exceeded_time", "current_eviction_exceeded_time"});
  field(text, "keyspace_hits", stats.cache.hits);
  field(text, "keyspace_misses", stats.cache.misses);
  zeros(text, {"pubsub_channels", "pubsub_patterns", "pubsubshard_channels", "latest_fork_usec",
               "total_forks", "migrate_cached_sockets", "slave_expires_tracked_keys", "active_defrag_hits",
               "active_defrag_misses", "active_defrag_key_hits", "active_defrag_key_misses",
               "total_active_defrag_time", "current_active_defrag_time", "tracking_total_keys",
               "tracking_total_items", "tracking_total_prefixes", "unexpected_error_replies"});
  field(text, "total_error_replies", error_count(figures.commands));
  field(text, "dump_payload_sanitizations", 0);
  field(text, "total_reads_processed", stats.counters.reads);
  field(text, "total_writes_processed", stats.counters.writes);
  zeros(text, {"io_threaded_reads_processed", "io_threaded_writes_processed", "reply_buffer_shrinks",
               "reply_buffer_expands"});
  field(text, "larder_sets", stats.cache.sets);
  field(text, "larder_sets_refused", stats.cache.refused);
  field(text, "larder_protocol_errors", stats.counters.protocol_errors);
  field(text, "larder_http_on_wrong_port", stats.counters.http_on_wrong_port);
  field(text, "larder_origins_refused", stats.counters.origins_refused);
  field(text, "larder_connections_refused_per_address", stats.counters.connections_refused_per_address);
  field(text, "larder_logins_refused", stats.counters.logins_refused);
  field(text, "larder_logins_overdue", stats.counters.logins_overdue);
  field(text, "larder_requests_delayed_per_address", stats.counters.requests_delayed_per_address);
  field(text, "larder_requests_delayed_per_user", stats.counters.requests_delayed_per_user);
  field(text, "larder_slow_readers_closed", stats.counters.slow_readers_closed);
  field(text, "larder_idle_closed", stats.counters.idle_closed);
  field(text, "larder_tls_handshakes", stats.counters.tls_handshakes);
  field(text, "larder_tls_resumed", stats.counters.tls_resumed);
  field(text, "larder_tls_failures", stats.counters.tls_failures);
}

void write_replication(Text& text, const InfoFigures& figures) {
  field(text, "role", "master");
  field(text, "connected_slaves", 0);
  field(text, "master_failover_state", "no-failover");
  field(text, "master_replid", figures.server.facts->run_id);
  field(text, "master_replid2", "0000000000000000000000000000000000000000");
  field(text, "master_repl_offset", 0);
  field(text, "second_repl_offset", -1);
  zeros(text, {"repl_backlog_active", "repl_backlog_size", "repl_backlog_first_byte_offset",
               "repl_backlog_histlen"});
}

// This process starts no others. Every worker does what Redis' main thread does: shown is the one that
// answers.
void write_cpu(Text& text, const InfoFigures& figures) {
  if (!figures.process) return;
  field(text, "used_cpu_sys", seconds(figures.process->cpu_system_us));
  field(text, "used_cpu_user", seconds(figures.process->cpu_user_us));
  field(text, "used_cpu_sys_children", seconds(0));
  field(text, "used_cpu_user_children", seconds(0));
  field(text, "used_cpu_sys_main_thread", seconds(figures.process->thread_cpu_system_us));
  field(text, "used_cpu_user_main_thread", seconds(figures.process->thread_cpu_user_us));
}

void write_modules(Text& /*text*/, const InfoFigures& /*figures*/) {}

void write_command(Text& text, const CommandSpec& spec, const CommandTotals& totals) {
  if (spec.place >= totals.commands.size()) return;
  const CommandTotals::Command& command = totals.commands[spec.place];
  if (command.calls == 0 && command.rejections == 0) return;
  fmt::format_to(std::back_inserter(text),
                 "cmdstat_{}:calls={},usec={},usec_per_call={:.2f},rejected_calls={},failed_calls={}\r\n",
                 spec.name, command.calls, command.duration_us, ratio(command.duration_us, command.calls),
                 command.rejections, command.failures);
}

void write_command_stats(Text& text, const InfoFigures& figures) {
  for (const CommandSpec& spec : command_table()) {
    write_command(text, spec, figures.commands);
    for (const CommandSpec& subcommand : spec.subcommands) write_command(text, subcommand, figures.commands);
  }
}

void write_error_stats(Text& text, const InfoFigures& figures) {
  for (const auto& [code, count] : figures.commands.errors) {
    fmt::format_to(std::back_inserter(text), "errorstat_{}:count={}\r\n", code, count);
  }
}

// As of a Redis that was told latency-tracking no.
void write_latency_stats(Text& /*text*/, const InfoFigures& /*figures*/) {}

void write_cluster(Text& text, const InfoFigures& /*figures*/) { field(text, "cluster_enabled", 0); }

void write_keyspace(Text& text, const InfoFigures& figures) {
  const auto& counts = figures.server.database_item_counts;
  for (std::size_t database = 0; database < counts.size(); ++database) {
    if (counts[database] == 0) continue;
    fmt::format_to(std::back_inserter(text), "db{}:keys={},expires={},avg_ttl={}\r\n", database,
                   counts[database], figures.server.database_deadline_counts[database],
                   figures.mean_times_to_live[database].count());
  }
}

struct Section {
  Bytes name;
  void (*write)(Text& text, const InfoFigures& figures);
  bool is_default = true;
};

constexpr std::array sections{
    Section{"Server", write_server},
    Section{"Clients", write_clients},
    Section{"Memory", write_memory},
    Section{"Persistence", write_persistence},
    Section{"Stats", write_stats},
    Section{"Replication", write_replication},
    Section{"CPU", write_cpu},
    Section{"Modules", write_modules},
    Section{"Commandstats", write_command_stats, false},
    Section{"Errorstats", write_error_stats},
    Section{"Latencystats", write_latency_stats, false},
    Section{"Cluster", write_cluster},
    Section{"Keyspace", write_keyspace},
};

bool asks_for(Bytes word, const Section& section) {
  return equals_ignoring_case(word, section.name) || equals_ignoring_case(word, "all") ||
         equals_ignoring_case(word, "everything") ||
         (section.is_default && equals_ignoring_case(word, "default"));
}

bool is_asked_for(const Section& section, std::span<const Bytes> names) {
  return names.empty() ? section.is_default
                       : std::ranges::any_of(names, [&](Bytes word) { return asks_for(word, section); });
}

}  // namespace

std::string info_text(const InfoFigures& figures, std::span<const Bytes> names) {
  Text text;
  for (const Section& section : sections) {
    if (!is_asked_for(section, names)) continue;
    if (!text.empty()) text += "\r\n";
    fmt::format_to(std::back_inserter(text), "# {}\r\n", section.name);
    section.write(text, figures);
  }
  return text;
}

bool info_shows(Bytes section, std::span<const Bytes> names) {
  return std::ranges::any_of(sections, [&](const Section& known) {
    return equals_ignoring_case(known.name, section) && is_asked_for(known, names);
  });
}

}  // namespace larder::session
