// tools/bench/bench_connection.h: one socket, what it has been asked, and what the kernel did not take yet.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "client/stream.h"
#include "tools/bench/pending_requests.h"
#include "tools/bench/reply_scanner.h"
#include "tools/bench/tally.h"
#include "tools/bench/workload.h"

namespace larder::tools {

/// A connection of a driver, plain or with TLS. Requests are written into a buffer that all connections of a
/// thread share, and replies are read into another, so that both stay in the processor's caches; what is kept
/// here is what the kernel left over.
///
/// Threads    one
/// Errors     disconnected, malformed, with TLS also denied: the run is over
class BenchConnection final {
 public:
  /// `stream` is ready for requests; `workload` outlives this.
  BenchConnection(client::Stream stream, const Workload& workload, std::size_t pending_count_max);

  [[nodiscard]] int descriptor() const { return stream_.descriptor(); }
  [[nodiscard]] PendingRequests& pending() { return pending_; }
  [[nodiscard]] const PendingRequests& pending() const { return pending_; }

  /// False while bytes wait for the kernel to take them: flush() first.
  [[nodiscard]] bool is_flushed() const { return unsent_.size() == unsent_offset_; }

  /// Sends `bytes` and keeps what is not taken. is_flushed().
  [[nodiscard]] Result<void> send(Bytes bytes);
  [[nodiscard]] Result<void> flush();

  /// One read into `buffer`, booked, and with TLS all that came along. Nothing there is no error.
  [[nodiscard]] Result<void> receive(std::span<char> buffer, Books& books);

  /// When it last got something, or was asked something while nothing was pending.
  BenchTime last_sign;
  std::size_t left_count = 0;  // requests of its batch that are not written yet
  bool is_output_awaited = false;

 private:
  client::Stream stream_;
  PendingRequests pending_;
  std::unique_ptr<ReplyScanner> scanner_;
  std::string unsent_;
  std::size_t unsent_offset_ = 0;
};

}  // namespace larder::tools
