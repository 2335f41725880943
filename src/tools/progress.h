// tools/progress.h: how far a long run is, for a person who waits.
//
// On a terminal one line that is written over; elsewhere nothing for two seconds, then a line now and then,
// so that a log shows that it moves and a short run says nothing. Always on standard error: the figures on
// standard output stay whole.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/function_ref.h"

namespace larder::tools {

/// Says how far a run is.
///
/// Threads    report() from any, and never waits for another; finish() after the last of them
class Progress final {
 public:
  using Write = std::function<void(std::string_view)>;

  /// How often a log gets a line, where nobody says otherwise.
  static constexpr Duration log_interval_default{5000};

  Progress(const Clock& clock, bool is_terminal, Write write, Duration log_interval = log_interval_default);

  /// On standard error, with the machine's clock.
  static Progress on_standard_error(Duration log_interval = log_interval_default);

  /// `what` is done to `done` of `total` requests; `total` 0 means that nobody knows how many there are.
  /// Cheap enough for every few thousand requests.
  void report(std::string_view what, std::uint64_t done, std::uint64_t total);

  /// The same with a line of the caller's own, without its end; `line` is asked for only when one is due.
  void report(FunctionRef<std::string()> line);

  /// Takes the line off the terminal, before anything else is written.
  void finish();

 private:
  const Clock& clock_;
  const bool is_terminal_;
  const Write write_;
  const Duration log_interval_;
  std::mutex mutex_;
  SteadyTime next_time_;  // when the next line is due
  bool is_line_shown_ = false;
};

}  // namespace larder::tools
