// session/service.h: what the sessions of all workers share beside the cache.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "cache/backend.h"
#include "insight/counters.h"
#include "session/clients.h"
#include "session/slow_log.h"

namespace larder::session {

/// What may be changed while the server runs. Whoever it concerns reads it each time.
///
/// Threads    any
struct Settings {
  std::atomic<std::size_t> connection_count_max{10'000};
  std::atomic<std::int64_t> idle_timeout_ms{0};  // 0: for ever
};

/// What only the whole server can do.
class Control {
 public:
  virtual ~Control() = default;
  /// Ends the server as SIGTERM does; `at_once`: without waiting for replies under way.
  virtual void shut_down(bool at_once) = 0;
};

/// Threads    any
struct Service {
  Clients clients;
  SlowLog slow_log;
  Settings settings;
  Control* control = nullptr;  // null: this process does not end for a client
  std::int64_t (*stopwatch_us)() =
      nullptr;  // some moment in microseconds that only grows; null: nothing is timed

  // CONFIG RESETSTAT: what the counters were then. Others who read them see them grow on.
  std::mutex stats_mutex;
  cache::CacheStats cache_stats_at_reset;
  insight::CounterTotals counters_at_reset;
};

}  // namespace larder::session
