// session/slow_log.h: the commands that took longest, and what they were.
//
// Only commands that can take long are timed: those with many or long arguments, and those whose row says
// that they reach everything. Looking at a clock twice would cost a GET a tenth of its time. Of one that
// takes many turns of its connection the time of all turns is added up; those inside a transaction are timed
// like any other, and EXEC itself, as in Redis, is not noted.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"

namespace larder::session {

struct SlowCommand {
  std::uint64_t id = 0;
  TimePoint at;
  std::int64_t duration_us = 0;
  std::vector<std::string> arguments;  // the first 32, of each the first 128 bytes
  std::string address;
  std::string client_name;
};

/// Threads    any
/// Invariant  no more than size_max entries, and no more than held_size_max bytes: the oldest go
class SlowLog final {
 public:
  static constexpr std::size_t held_size_max = std::size_t{64} << 20;

  std::atomic<std::int64_t> threshold_us{10'000};  // negative: nothing is noted
  std::atomic<std::size_t> size_max{128};

  [[nodiscard]] bool notes(std::int64_t duration_us) const {
    const std::int64_t threshold = threshold_us.load(std::memory_order_relaxed);
    return threshold >= 0 && duration_us >= threshold;
  }
  /// Arguments as an entry keeps them: short.
  [[nodiscard]] static std::vector<std::string> shown(std::span<const Bytes> arguments);
  /// Gives it its id.
  void add(SlowCommand command);
  void reset();
  [[nodiscard]] std::size_t size() const;
  /// The newest first, at most `count` of them.
  [[nodiscard]] std::vector<SlowCommand> newest(std::size_t count) const;

 private:
  void drop_oldest();

  mutable std::mutex mutex_;
  std::deque<SlowCommand> commands_;  // newest first
  std::size_t held_size_ = 0;         // bytes, about
  std::uint64_t next_id_ = 0;
};

}  // namespace larder::session
