// tools/bench/driver.h: one thread's connections, kept busy.
//
//   closed loop   each connection sends `pipeline` requests at once, and the next so many when all of them
//   are
//                 answered: as fast as the server is
//   open loop     requests are due at a fixed rate, whatever the server does, and go to the next connection
//                 that has fewer than `pipeline` pending
//
// In the open loop a request's latency starts when it was due and not when a connection had room for it: a
// server that stops for a second makes everything late that was due in that second, and that is what its
// users would see. Counting from the send would leave them out ("coordinated omission").
//
// All requests of one connection's turn leave in one send; all connections that have something to say are
// served between two calls of epoll_wait.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "client/stream.h"
#include "tools/bench/bench_connection.h"
#include "tools/bench/request_source.h"
#include "tools/bench/tally.h"
#include "tools/bench/workload.h"
#include "transport/socket.h"

namespace larder::tools {

/// What one thread is to do.
struct DrivePlan {
  std::size_t pipeline = 1;  // at most the driver's pending_count_max
  std::uint64_t request_count_max = std::numeric_limits<std::uint64_t>::max();
  double rate = 0;                        // requests a second of the open loop; 0: closed
  std::chrono::nanoseconds rate_delay{};  // of the first request, so that threads take turns
  BenchTime start;                        // of the open loop's schedule
  BenchTime measured_from;                // what is sent earlier warms up
  BenchTime end = BenchTime::max();       // nothing is sent from here on; what is pending is waited for
  Duration reply_timeout{10'000};         // how long a connection may owe replies and say nothing
};

/// What a thread and its caller tell each other while it runs.
struct DriveControl {
  std::atomic<bool> is_stopping = false;  // send nothing more, wait for what is pending
  std::atomic<bool> is_aborted = false;   // return at once
  std::atomic<std::uint64_t> replied_count = 0;
};

struct DriveOutcome {
  Books books;
  std::uint64_t overdue_count = 0;            // of the open loop: due before the end and never sent
  std::chrono::nanoseconds processor_time{};  // of this thread since measured_from
};

/// Runs plans on its connections, one after the other.
///
/// Threads    one at a time
/// Errors     disconnected, malformed, denied, timed_out, overloaded (no epoll to be had): it cannot run
/// again
class Driver final {
 public:
  /// `streams` are ready for requests; `workload` outlives this.
  Driver(std::vector<client::Stream> streams, const Workload& workload, std::size_t pending_count_max);

  /// Requests of `source` until the plan's end or `control` says otherwise; then waits for what is pending.
  [[nodiscard]] Result<DriveOutcome> run(RequestSource& source, const DrivePlan& plan, DriveControl& control);

 private:
  struct Run;

  std::vector<BenchConnection> connections_;
  transport::Socket epoll_;
  std::vector<char> input_;  // what is read, of whichever connection
  std::string output_;       // what is written
};

}  // namespace larder::tools
