// server/told_trouble.h: when a line about something that happens again and again may go to the log.
#pragma once

#include <cstdint>
#include <utility>

#include "base/clock.h"

namespace larder::server {

/// What the log was told of one kind of trouble: whoever makes it does not fill the log with it.
///
/// Threads    one
class ToldTrouble final {
 public:
  /// At most one line in each `period`.
  explicit ToldTrouble(Duration period) : period_(period) {}

  /// `count`: how often it has happened in all. How many of these no line has told of, if one is to be
  /// written now, which then has told of them; 0: none is.
  [[nodiscard]] std::uint64_t take_news(std::uint64_t count, SteadyTime now) {
    if (count == told_count_ || now < again_at_) return 0;
    again_at_ = now + period_;
    return count - std::exchange(told_count_, count);
  }

 private:
  Duration period_;
  std::uint64_t told_count_ = 0;
  SteadyTime again_at_;
};

}  // namespace larder::server
