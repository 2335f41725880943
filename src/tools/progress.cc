#include "tools/progress.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <unistd.h>
#include <utility>

namespace larder::tools {
namespace {

// A person sees nothing flicker by; a log does not fill.
constexpr Duration terminal_start{300};
constexpr Duration terminal_interval{100};
constexpr Duration log_start{2000};

constexpr std::string_view to_line_start = "\r";
constexpr std::string_view clear_to_line_end = "\x1b[K";

std::string line_of(std::string_view what, std::uint64_t done, std::uint64_t total) {
  const std::string line = std::string(what) + ": ";
  if (total == 0) return line + std::to_string(done) + " requests";
  const std::uint64_t percent = static_cast<std::uint64_t>(
      100.0 * static_cast<double>(std::min(done, total)) / static_cast<double>(total));
  return line + std::to_string(percent) + " % of " + std::to_string(total) + " requests";
}

}  // namespace

Progress::Progress(const Clock& clock, bool is_terminal, Write write, Duration log_interval)
    : clock_(clock),
      is_terminal_(is_terminal),
      write_(std::move(write)),
      log_interval_(log_interval),
      next_time_(clock.now().steady + (is_terminal ? terminal_start : log_start)) {}

Progress Progress::on_standard_error(Duration log_interval) {
  static const SystemClock clock;
  return {clock, ::isatty(STDERR_FILENO) == 1,
          [](std::string_view text) {
            std::fwrite(text.data(), 1, text.size(), stderr);
            std::fflush(stderr);
          },
          log_interval};
}

void Progress::report(std::string_view what, std::uint64_t done, std::uint64_t total) {
  report([&] { return line_of(what, done, total); });
}

void Progress::report(FunctionRef<std::string()> line) {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return;
  const SteadyTime now = clock_.now().steady;
  if (now < next_time_) return;
  next_time_ = now + (is_terminal_ ? terminal_interval : log_interval_);
  const std::string text = line();
  write_(is_terminal_ ? std::string(to_line_start) + text + std::string(clear_to_line_end) : text + "\n");
  is_line_shown_ = is_terminal_;
}

void Progress::finish() {
  const std::lock_guard lock(mutex_);
  if (is_line_shown_) write_(std::string(to_line_start) + std::string(clear_to_line_end));
  is_line_shown_ = false;
}

}  // namespace larder::tools
