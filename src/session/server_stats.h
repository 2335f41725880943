// session/server_stats.h: what the server is doing, in one place for every dialect that shows it: INFO,
// /v1/stats.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "cache/backend.h"
#include "insight/counters.h"
#include "session/command_stats.h"
#include "session/session.h"

namespace larder::session {

/// The figures of about one moment: counters go on while they are read.
struct ServerStats {
  const ServerFacts* facts = nullptr;  // the environment's, never null once gathered
  std::chrono::seconds uptime{0};
  cache::CacheStats cache;
  insight::CounterTotals counters;
  std::size_t connection_count_max = 0;  // as it is set now
  std::uint64_t memory_used_peak = 0;
  std::uint64_t commands_per_s = 0;  // of the last second or so
  std::uint64_t received_per_s = 0;  // bytes
  std::uint64_t sent_per_s = 0;
  /// Items of each database, expired ones that are not swept yet included.
  std::array<std::size_t, cache::database_count> database_item_counts{};
  std::array<std::size_t, cache::database_count> database_deadline_counts{};  // of these, with a deadline
};

/// One for each database.
using DatabaseDurations = std::array<Duration, cache::database_count>;

/// How long the items that have a deadline have until then on average: an estimate by some dozen of each
/// database that stand behind a random place, or by all if there are no more. 0: none of these has one. Takes
/// about a tenth of a millisecond, and some shards' locks for a moment each. Any thread.
[[nodiscard]] DatabaseDurations estimate_times_to_live(cache::Keyspace& keys, const ServerStats& stats,
                                                       TimePoint now, SplitMix64& random);

/// The figures of commands, apart: only INFO shows them. Any thread.
[[nodiscard]] CommandTotals gather_commands(const Environment& environment);

/// Any thread. Takes every shard's lock for a moment: for people and monitors, not for each request.
[[nodiscard]] ServerStats gather_stats(const cache::Keyspace& keys, const Environment& environment,
                                       TimePoint now);

/// What was counted since the last reset_stats(). Any thread.
[[nodiscard]] ServerStats since_reset(ServerStats stats, Service& service);
[[nodiscard]] CommandTotals since_reset(CommandTotals totals, Service& service);
/// Has since_reset() count from now on. Any thread.
void reset_stats(const cache::Keyspace& keys, const Environment& environment);

}  // namespace larder::session
