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

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "tools/bench/pending_requests.h"
#include "tools/bench/reply_parts.h"
#include "tools/bench/tally.h"
#include "tools/bench/workload.h"

namespace larder::tools {

/// Reads the replies of one connection: cuts them into lines and values, whose meaning is the protocol's.
///
/// Ownership  keeps the front of a line that was cut, and nothing else; the workload outlives it
/// Errors     malformed: the stream has lost its meaning; close, and do not call again
class ReplyScanner {
 public:
  explicit ReplyScanner(const Workload& workload) : workload_(workload) {}
  virtual ~ReplyScanner() = default;
  ReplyScanner(const ReplyScanner&) = delete;
  ReplyScanner& operator=(const ReplyScanner&) = delete;

  /// Takes all of `input`, which follows what came before. Requests whose replies end in it are booked with
  /// the time `now` and dropped from `pending`.
  [[nodiscard]] Result<void> scan(Bytes input, PendingRequests& pending, Books& books, BenchTime now);

 protected:
  [[nodiscard]] std::unexpected<Error> senseless(Bytes line) const;
  /// The value of the key `id` follows, of `size` bytes.
  void begin_value(std::uint64_t size, std::uint64_t id);
  /// The oldest pending request is answered.
  void end_reply(PendingRequests& pending, Books& books, BenchTime now);

  const Workload& workload_;
  bool is_spoilt_ = false;  // something of the reply under way was wrong

 private:
  /// Something is pending.
  virtual Result<void> take_line(Bytes line, PendingRequests& pending, Books& books, BenchTime now) = 0;
  /// The value that was begun is whole and booked.
  virtual void end_value(PendingRequests& pending, Books& books, BenchTime now) = 0;

  LineCutter lines_;
  PassingValue value_;
};

/// The one for the workload's protocol. `workload` outlives it.
[[nodiscard]] std::unique_ptr<ReplyScanner> make_reply_scanner(const Workload& workload);

}  // namespace larder::tools
