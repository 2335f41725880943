// web/web_counts.h: what happened, in numbers, for the log: requests and peers are not told one by one.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "transport/event_loop.h"

namespace larder::web {

/// Threads    any may add and read
struct WebCounts {
  using Count = std::atomic<std::uint64_t>;

  Count connections{};                      // served, since the start
  Count connections_refused{};              // no room for one more, or no descriptor or memory
  Count connections_refused_per_address{};  // of these, for one address had its share
  Count slow_readers_closed{};              // peers that did not take their answers
  Count requests_refused{};                 // 503 without a call: no room for it
  Count cache_failures{};                   // calls that got no answer

  /// One line of all of them.
  [[nodiscard]] std::string text() const;
};

/// Counts what a loop reports.
class CountingObserver final : public transport::LoopObserver {
 public:
  explicit CountingObserver(WebCounts& counts) : counts_(counts) {}

  void on_opened() override { ++counts_.connections; }
  void on_slow_reader_closed() override { ++counts_.slow_readers_closed; }
  void on_accept_failed(int /*error_number*/) override { ++counts_.connections_refused; }

 private:
  WebCounts& counts_;
};

/// Writes a warning when there was a refusal or a closed slow reader since the last call. Called once a
/// second: a flood of them is a line a second.
class CountReport final {
 public:
  explicit CountReport(const WebCounts& counts) : counts_(counts) {}

  void tick();

 private:
  [[nodiscard]] std::uint64_t trouble_count() const {
    return counts_.connections_refused + counts_.slow_readers_closed + counts_.requests_refused;
  }

  const WebCounts& counts_;
  std::uint64_t reported_ = 0;
};

}  // namespace larder::web
