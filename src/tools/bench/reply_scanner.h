// tools/bench/reply_scanner.h: a connection's replies, counted as they come in.
//
//   bytes in any cut -> scanner -> Books: hits, misses, wrong values, refusals; latency of each request
//                          ^ PendingRequests: whose turn it is, and what would be right
//
// Replies come in the order of the requests, so the oldest pending request says what its reply must look
// like. Anything else than that or an error of the protocol's own is the end: who was answered would be a
// guess. The decoders of src/protocol/ build a value for every reply, which a client wants and a load
// generator has no time for.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "tools/bench/pending_requests.h"
#include "tools/bench/tally.h"
#include "tools/bench/workload.h"

namespace larder::tools {

/// Reads the replies of one connection.
///
/// Ownership  keeps the front of a line that was cut, and nothing else
/// Errors     malformed: the stream has lost its meaning; close, and do not call again
class ReplyScanner {
 public:
  virtual ~ReplyScanner() = default;

  /// Takes all of `input`, which follows what came before. Requests whose replies end in it are booked with
  /// the time `now` and dropped from `pending`.
  [[nodiscard]] virtual Result<void> scan(Bytes input, PendingRequests& pending, Books& books,
                                          BenchTime now) = 0;
};

/// The one for the workload's protocol. `workload` outlives it.
[[nodiscard]] std::unique_ptr<ReplyScanner> make_reply_scanner(const Workload& workload);

}  // namespace larder::tools
