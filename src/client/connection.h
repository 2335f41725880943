// client/connection.h: one connection, and the exchange of commands for replies on it.
//
//   commands --send--> server --recv--> decoder --> replies, one for each command, in order
//
// Sending and receiving go on at the same time: a server stops reading a peer that does not take its replies,
// so a client which sent a long pipeline to its end before it read anything would wait for ever.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/function_ref.h"
#include "base/result.h"
#include "client/deadline.h"
#include "client/resolver.h"
#include "client/stream.h"
#include "protocol/resp/reply_decoder.h"

namespace larder::client {

/// A connected stream.
///
/// Threads    one at a time
/// Errors     disconnected, timed_out, malformed, too_large, with TLS also denied; after any of them it is
/// not
///            usable() any more
/// Invariant  between the exchanges of a usable connection nothing is unsent, no reply is owed and no byte of
///            one is left over
class Connection final {
 public:
  /// Takes the reply to the command at `index`. An Error ends the exchange: that was no answer to the
  /// command.
  using OnReply = FunctionRef<Result<void>(std::size_t index, protocol::Reply& reply)>;

  Connection(Stream stream, const protocol::ReplyLimits& limits)
      : stream_(std::move(stream)), decoder_(limits) {}
  Connection(Connection&& other) noexcept
      : stream_(std::move(other.stream_)),
        usable_(std::exchange(other.usable_, false)),
        decoder_(std::move(other.decoder_)),
        unread_(std::move(other.unread_)) {}
  Connection& operator=(Connection&&) = delete;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() = default;

  /// Sends `commands`, which are `command_count` and not none, and passes on their replies.
  [[nodiscard]] Result<void> exchange(Bytes commands, std::size_t command_count, Deadline deadline,
                                      OnReply on_reply);

  /// False: something went wrong on it; it must be closed.
  [[nodiscard]] bool usable() const { return usable_; }

  /// True if the peer neither closed nor sent anything since the last exchange, as far as the kernel knows.
  [[nodiscard]] bool quiet() { return stream_.is_quiet(); }

  /// The stream, for other uses than exchanges; nothing is left of this.
  [[nodiscard]] Stream release() && { return std::move(stream_); }

 private:
  // False: nothing was there.
  Result<bool> receive_some(std::size_t& reply_count, std::size_t command_count, OnReply on_reply);

  Stream stream_;
  bool usable_ = true;
  protocol::ReplyDecoder decoder_;
  std::string unread_;  // came, but the decoder wants it again with what follows: less than a line and a read
};

}  // namespace larder::client
