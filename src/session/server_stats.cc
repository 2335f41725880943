#include "session/server_stats.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace larder::session {

ServerStats gather_stats(const cache::Keyspace& keys, const Environment& environment, TimePoint now) {
  ServerStats stats;
  stats.facts = &environment.facts;
  // Wall time may have been set back since the start.
  stats.uptime =
      std::max(std::chrono::seconds{0},
               std::chrono::duration_cast<std::chrono::seconds>(now - environment.facts.started_at));
  stats.cache = keys.stats();
  stats.counters = insight::add_up(environment.all_counters);
  stats.connection_count_max =
      environment.service.settings.connection_count_max.load(std::memory_order_relaxed);
  environment.service.note_memory_used(stats.cache.memory_used);
  stats.memory_used_peak = environment.service.memory_used_peak.load(std::memory_order_relaxed);
  stats.commands_per_s = environment.service.commands_per_s.load(std::memory_order_relaxed);
  stats.received_per_s = environment.service.received_per_s.load(std::memory_order_relaxed);
  stats.sent_per_s = environment.service.sent_per_s.load(std::memory_order_relaxed);
  for (std::size_t database = 0; database < cache::database_count; ++database) {
    stats.database_item_counts[database] = keys.item_count(static_cast<cache::Database>(database));
    if (stats.database_item_counts[database] == 0) continue;
    stats.database_deadline_counts[database] = keys.deadline_count(static_cast<cache::Database>(database));
  }
  return stats;
}

namespace {

constexpr std::size_t sampled_page_size = 16;

Duration estimate_time_to_live(cache::Keyspace& keys, cache::Database database, std::size_t page_count_max,
                               TimePoint now, SplitMix64& random) {
  const bool is_whole = keys.item_count(database) <= sampled_page_size * page_count_max;
  double sum_ms = 0;
  std::size_t count = 0;
  cache::Cursor cursor = is_whole ? 0 : random.next() % (cache::Cursor{1} << 48);
  for (std::size_t page = 0; page < page_count_max && (is_whole || count < sampled_page_size); ++page) {
    cursor = keys.scan(database, cursor, sampled_page_size, now, [&](Bytes, const cache::ItemView& item) {
      if (!item.deadline) return;
      sum_ms += static_cast<double>((*item.deadline - now).count());
      ++count;
    });
    if (is_whole && cursor == 0) break;
  }
  return Duration{count == 0 ? 0 : static_cast<std::int64_t>(sum_ms / static_cast<double>(count))};
}

}  // namespace

// A page costs some ten microseconds where the database is small among large ones: there are a few for all.
DatabaseDurations estimate_times_to_live(cache::Keyspace& keys, const ServerStats& stats, TimePoint now,
                                         SplitMix64& random) {
  constexpr std::size_t page_count = 8;
  const auto& counts = stats.database_deadline_counts;
  const auto database_count = static_cast<std::size_t>(
      std::ranges::count_if(counts, [](std::size_t deadline_count) { return deadline_count > 0; }));
  const std::size_t page_count_max = page_count / std::clamp<std::size_t>(database_count, 1, page_count);
  DatabaseDurations times{};
  for (std::size_t database = 0; database < counts.size(); ++database) {
    if (counts[database] == 0) continue;
    times[database] =
        estimate_time_to_live(keys, static_cast<cache::Database>(database), page_count_max, now, random);
  }
  return times;
}

CommandTotals gather_commands(const Environment& environment) {
  CommandTotals totals;
  for (const CommandStats& stats : environment.all_command_stats) stats.add_to(totals);
  return totals;
}

// Another worker may have reset them since they were gathered.
void take_off(std::uint64_t& count, std::uint64_t before) { count -= std::min(count, before); }

ServerStats since_reset(ServerStats stats, Service& service) {
  const std::lock_guard lock(service.stats_mutex);
  const cache::CacheStats& cache = service.cache_stats_at_reset;
  take_off(stats.cache.hits, cache.hits);
  take_off(stats.cache.misses, cache.misses);
  take_off(stats.cache.sets, cache.sets);
  take_off(stats.cache.evictions, cache.evictions);
  take_off(stats.cache.expired, cache.expired);
  take_off(stats.cache.refused, cache.refused);
  const insight::CounterTotals& counters = service.counters_at_reset;
  take_off(stats.counters.connections_accepted, counters.connections_accepted);
  take_off(stats.counters.connections_refused, counters.connections_refused);
  take_off(stats.counters.connections_refused_per_address, counters.connections_refused_per_address);
  take_off(stats.counters.over_budget_closed, counters.over_budget_closed);
  take_off(stats.counters.tls_handshakes, counters.tls_handshakes);
  take_off(stats.counters.tls_resumed, counters.tls_resumed);
  take_off(stats.counters.tls_failures, counters.tls_failures);
  take_off(stats.counters.commands, counters.commands);
  take_off(stats.counters.bytes_received, counters.bytes_received);
  take_off(stats.counters.bytes_sent, counters.bytes_sent);
  take_off(stats.counters.reads, counters.reads);
  take_off(stats.counters.writes, counters.writes);
  take_off(stats.counters.sweep_duration_us, counters.sweep_duration_us);
  take_off(stats.counters.sweeps_cut_short, counters.sweeps_cut_short);
  return stats;
}

CommandTotals since_reset(CommandTotals totals, Service& service) {
  const std::lock_guard lock(service.stats_mutex);
  return since(std::move(totals), service.commands_at_reset);
}

void reset_stats(const cache::Keyspace& keys, const Environment& environment) {
  const cache::CacheStats cache = keys.stats();
  const insight::CounterTotals counters = insight::add_up(environment.all_counters);
  CommandTotals commands = gather_commands(environment);
  const std::lock_guard lock(environment.service.stats_mutex);
  environment.service.commands_at_reset = std::move(commands);
  environment.service.cache_stats_at_reset = cache;
  environment.service.counters_at_reset = counters;
}

}  // namespace larder::session
