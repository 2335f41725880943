// base/clock.h: the two clocks, as types that cannot be mixed up.
//
// TimePoint is wall time in milliseconds since the Unix epoch: expiry is told in it, by clients too
// (EXPIREAT). SteadyTime never jumps: timeouts are measured in it. Rooms below server/ never read a clock;
// both are handed in.
#pragma once

#include <chrono>

namespace larder {

using Duration = std::chrono::milliseconds;
using TimePoint = std::chrono::sys_time<std::chrono::milliseconds>;
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::milliseconds>;

/// Both clocks, read together. An event loop takes one for each turn and hands it on, frozen.
struct Now {
  TimePoint wall;
  SteadyTime steady;
};

/// Where a loop gets its time from. The system's clock in programs, one that a test moves by hand in tests.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Now now() const = 0;
};

/// The machine's own clocks. Any thread.
class SystemClock final : public Clock {
 public:
  Now now() const override {
    return {std::chrono::floor<Duration>(std::chrono::system_clock::now()),
            std::chrono::floor<Duration>(std::chrono::steady_clock::now())};
  }
};

}  // namespace larder
