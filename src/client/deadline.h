// client/deadline.h: one moment by which a whole call has to be over.
//
// A time limit for each read would let a peer that sends one byte now and then hold a call for ever. So a
// call fixes its end when it starts, and every wait in it asks how much is left.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace larder::client {

/// A moment on the steady clock. The client library is called by programs, not driven by a loop of ours: this
/// is the one place in it that reads a clock.
class Deadline final {
 public:
  /// `limit` from now; never more than a year, so that sums cannot overflow.
  static Deadline after(Duration limit) {
    constexpr Duration year = std::chrono::hours{24 * 365};
    return Deadline(std::chrono::steady_clock::now() + std::clamp(limit, Duration{0}, year));
  }

  [[nodiscard]] std::chrono::steady_clock::time_point time() const { return time_; }
  [[nodiscard]] Deadline sooner_of(Deadline other) const { return Deadline(std::min(time_, other.time_)); }

  /// What is left, rounded up, so that a wait of this length never ends early; 0 once it has passed.
  [[nodiscard]] Duration left() const {
    const auto left = std::chrono::ceil<Duration>(time_ - std::chrono::steady_clock::now());
    return std::max(left, Duration{0});
  }
  [[nodiscard]] bool passed() const { return left() == Duration{0}; }

 private:
  explicit Deadline(std::chrono::steady_clock::time_point time) : time_(time) {}
  std::chrono::steady_clock::time_point time_;
};

}  // namespace larder::client
