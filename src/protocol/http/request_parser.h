// protocol/http/request_parser.h: HTTP/1.1 requests out of bytes in any cut. Server role.
//
//   bytes -> HeadScanner -> Boost.Beast -> rules of ours -> body by length or ChunkDecoder -> Request
//
// The scanner waits until the whole head is there, within the limits, and refuses what makes two readers of
// one connection disagree: a bare CR or LF, a NUL, a folded header. Only then does Beast's basic_parser see
// the head, whole and once, so that what it answers cannot depend on how the bytes were cut. The rules of
// ours are stricter than Beast where it is lenient about framing: one Content-Length of digits only, no
// Transfer-Encoding but `chunked`, exactly one Host.
//
// Source: RFC 9112 (sections 2.2, 3, 5, 6, 7.1) and RFC 9110 (10.1.1, Expect).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "protocol/http/message.h"

namespace larder::protocol::http {

/// What a peer may send. Sizes are bytes, line ends included.
struct RequestLimits {
  std::size_t request_line_size_max = std::size_t{16} << 10;  // past it: 414
  std::size_t header_size_max = std::size_t{16} << 10;        // all header lines, and a body's trailers: 431
  std::size_t header_count_max = 100;                         // 431
  std::size_t body_size_max = std::size_t{1} << 20;           // without chunk framing: 413
  std::size_t sunk_size_min = std::size_t{64} << 10;          // of a body that a sink is asked about
};

/// Takes a long body as it comes.
class BodySink {
 public:
  /// The request whose head has come goes on with `size` bytes. False: keep them in it as any others.
  virtual bool begin(const Request& head, std::size_t size) = 0;
  /// The next of them. False: no room; the request is refused with 507.
  virtual bool append(Bytes bytes) = 0;

 protected:
  ~BodySink() = default;
};

/// Turns the bytes of one connection into its requests, one after another.
///
///     while (true) {
///       auto request = parser.next(input);           // an error: answer parser.error_status(), then close
///       input.remove_prefix(parser.consumed());
///       if (!*request) {
///         if (parser.awaits_continue()) { ...write "HTTP/1.1 100 Continue"...; parser.continue_sent(); }
///         break;                                      // more bytes, please
///       }
///       ...answer **request...
///     }
///
/// Ownership  keeps nothing of `input`; copies the body as it arrives
/// Threads    belongs to its connection's worker
/// Errors     every one is final: where the next request starts is unknown, so the answer is the last
/// Invariant  what it stores of a message is within RequestLimits, however many bytes the peer announces
class RequestParser final {
 public:
  /// The sink outlives it; null: bodies are the requests'.
  explicit RequestParser(const RequestLimits& limits, BodySink* sink = nullptr);
  ~RequestParser();
  RequestParser(RequestParser&&) noexcept;
  RequestParser& operator=(RequestParser&&) noexcept;

  /// Other limits for heads, from the next one on.
  void set_head_limits(std::size_t request_line_size_max, std::size_t header_size_max);

  /// The next whole request, or nullopt: feed more bytes. `input` starts where the last call stopped
  /// consuming: the same bytes again, with more behind them. The whole head (at most the two head limits
  /// together) is wanted in one piece; of a body everything is consumed at once.
  /// Errors: malformed, too_large, unsupported; the message is a sentence of ours, error_status() the status.
  [[nodiscard]] Result<std::optional<Request>> next(Bytes input);

  /// How many bytes of its input the last next() is done with.
  [[nodiscard]] std::size_t consumed() const;

  /// The request whose head is read and whose body is still on its way, or was refused; null between
  /// requests. A caller that will refuse it anyway may do so now, and close.
  [[nodiscard]] const Request* arriving() const;

  /// The peer waits for `100 Continue` before it sends the body: it asked for it, and no byte of the body has
  /// come. Stays true until continue_sent().
  [[nodiscard]] bool awaits_continue() const;
  void continue_sent();

  /// The status that belongs to the error that next() returned: 400, 413, 414, 417, 431, 501, 505 or 507.
  [[nodiscard]] int error_status() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace larder::protocol::http
