// session/service.h: what the sessions of all workers share beside the cache.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "cache/backend.h"
#include "insight/counters.h"
#include "session/clients.h"
#include "session/command_stats.h"
#include "session/login.h"
#include "session/login_queue.h"
#include "session/request_rates.h"
#include "session/slow_log.h"

namespace larder::session {

/// What may be changed while the server runs. Whoever it concerns reads it each time.
///
/// Threads    any
struct Settings {
  std::atomic<std::size_t> connection_count_max{10'000};
  std::atomic<std::int64_t> idle_timeout_ms{0};  // 0: for ever
  std::atomic<bool> sweeps{true};                // DEBUG SET-ACTIVE-EXPIRE
};

/// What only the whole server can do.
class Control {
 public:
  virtual ~Control() = default;
  /// Ends the server as SIGTERM does; `at_once`: without waiting for replies under way.
  virtual void shut_down(bool at_once) = 0;
  /// Writes one line of printable ASCII where the server tells what happens to it. Any thread.
  virtual void log(Bytes line) = 0;
  /// Writes the settings as they are now to the file that the server was started with, and waits for the
  /// disk. Any thread. Errors: unsupported if there is no such file; any other kind: the message says what
  /// failed, and the file is as it was.
  [[nodiscard]] virtual Result<void> rewrite_config() = 0;
};

/// What the kernel says of the process at a moment.
struct ProcessUse {
  std::uint64_t resident_size = 0;  // bytes
  std::uint64_t cpu_system_us = 0;  // since it began, all threads
  std::uint64_t cpu_user_us = 0;
  std::uint64_t thread_cpu_system_us = 0;  // of these, the thread that asked
  std::uint64_t thread_cpu_user_us = 0;
};

/// Threads    any
struct Service {
  /// Called a few times a second: how many commands and bytes there were in the last second or so.
  void sample(TimePoint now, const insight::CounterTotals& totals) {
    const std::int64_t passed_ms = (now - sampled_at).count();
    if (passed_ms >= 0 && passed_ms < 1000) return;
    const auto rate = [&](std::uint64_t before, std::uint64_t after) {
      return passed_ms <= 0 || after < before
                 ? 0
                 : (after - before) * 1000 / static_cast<std::uint64_t>(passed_ms);
    };
    commands_per_s = rate(sampled.commands, totals.commands);
    received_per_s = rate(sampled.bytes_received, totals.bytes_received);
    sent_per_s = rate(sampled.bytes_sent, totals.bytes_sent);
    sampled = totals;
    sampled_at = now;
  }
  /// Whether a client's line may go to the log now: one a second may. `left_out`: how many could not since
  /// the last that could.
  [[nodiscard]] bool may_log(TimePoint now, std::uint64_t& left_out) {
    const std::int64_t now_ms = now.time_since_epoch().count();
    std::int64_t last_ms = logged_at_ms.load(std::memory_order_relaxed);
    const bool is_time = now_ms < last_ms || now_ms - last_ms >= 1000;  // the clock may have been set back
    if (!is_time || !logged_at_ms.compare_exchange_strong(last_ms, now_ms, std::memory_order_relaxed)) {
      unlogged_count.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    left_out = unlogged_count.exchange(0, std::memory_order_relaxed);
    return true;
  }
  std::atomic<std::int64_t> logged_at_ms{0};
  std::atomic<std::uint64_t> unlogged_count{0};

  /// Called a few times a second, too.
  void note_memory_used(std::uint64_t size) {
    std::uint64_t peak = memory_used_peak.load(std::memory_order_relaxed);
    while (size > peak && !memory_used_peak.compare_exchange_weak(peak, size, std::memory_order_relaxed)) {
    }
  }
  std::atomic<std::uint64_t> memory_used_peak{0};
  std::atomic<std::uint64_t> commands_per_s{0};
  std::atomic<std::uint64_t> received_per_s{0};
  std::atomic<std::uint64_t> sent_per_s{0};
  insight::CounterTotals sampled;  // of whoever calls sample()
  TimePoint sampled_at{};

  Clients clients;
  Accounts accounts;
  LoginQueue logins{accounts};
  RequestRates rates;
  SlowLog slow_log;
  Settings settings;
  Control* control = nullptr;  // null: this process does not end for a client
  std::int64_t (*stopwatch_us)() =
      nullptr;  // some moment in microseconds that only grows; null: nothing is timed
  // The wall clock in microseconds, where it is finer than a turn's; null: it is not.
  std::int64_t (*wall_clock_us)() = nullptr;
  ProcessUse (*process_use)() = nullptr;  // null: nobody knows

  // CONFIG RESETSTAT: what the counters were then. Others who read them see them grow on.
  std::mutex stats_mutex;
  cache::CacheStats cache_stats_at_reset;
  insight::CounterTotals counters_at_reset;
  CommandTotals commands_at_reset;
};

}  // namespace larder::session
