// protocol/resp/reply_decoder.h: the replies of RESP2 and RESP3, client role.
//
// Bytes are taken as they come: what a call has taken need not be presented again, so a client's buffer
// stays small however large a value is. Aggregates that are not complete lie on a stack of frames, innermost
// last; memory for elements is made as they arrive and not as a count announces them.
//
// Attributes (|) are checked and dropped. Streamed strings and aggregates ($? *?) are not served.
//
// Source: https://github.com/redis/redis-specifications/blob/master/protocol/RESP3.md
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "protocol/resp/reply.h"

namespace larder::protocol {

/// The bounds of one reply with all that is in it.
struct ReplyLimits {
  std::size_t depth_max = 32;                            // aggregates within aggregates
  std::size_t element_count_max = std::size_t{1} << 20;  // of all aggregates together
  std::size_t line_size_max = std::size_t{64} << 10;     // anything but a bulk
  std::size_t reply_size_max = std::size_t{1} << 30;     // all bulks together
};

/// Cuts a stream of bytes into replies.
///
/// Units      sizes are bytes
/// Ownership  the input is the caller's; a reply owns all it holds
/// Threads    belongs to one connection
/// Errors     malformed, too_large: the stream has lost its meaning; close, and do not call again
class ReplyDecoder final {
 public:
  explicit ReplyDecoder(const ReplyLimits& limits = {}) : limits_(limits) {}

  /// Goes on with `input`, whose front follows what was taken before, up to the end of one reply; nullopt:
  /// feed me more bytes. Whatever the answer, the caller drops consumed() bytes.
  [[nodiscard]] Result<std::optional<Reply>> next(Bytes input);

  /// Bytes that the last call of next() took from the front of its input.
  [[nodiscard]] std::size_t consumed() const { return consumed_; }

  /// True between replies: nothing of one was taken yet.
  [[nodiscard]] bool idle() const { return frames_.empty() && !in_bulk_; }

 private:
  struct Frame {
    Reply reply;
    std::size_t missing = 0;    // elements still to come
    bool is_attribute = false;  // dropped when it is complete
  };

  Result<bool> read_line(Bytes input, std::optional<Reply>& whole);
  Result<bool> read_bulk(Bytes input, std::optional<Reply>& whole);
  Result<bool> begin_bulk(Bytes number, Reply::Kind kind, std::optional<Reply>& whole);
  Result<bool> begin_aggregate(char type, Bytes number, std::optional<Reply>& whole);
  void complete(Reply reply, std::optional<Reply>& whole);

  ReplyLimits limits_;
  std::size_t consumed_ = 0;
  std::size_t scanned_size_ = 0;  // bytes at the front of the next input that hold no line end
  std::vector<Frame> frames_;
  bool in_bulk_ = false;
  std::size_t bulk_size_ = 0;  // of the bulk under way: bytes still to come, without its CR LF
  Reply bulk_;
  std::size_t element_count_ = 0;  // announced by the reply under way
  std::size_t reply_size_ = 0;     // bulks announced by the reply under way
};

}  // namespace larder::protocol
