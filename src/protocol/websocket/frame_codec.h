// protocol/websocket/frame_codec.h: WebSocket frames in any cut to messages, and messages to frames. Server
// role.
//
//   bytes -> wslay: header, mask, length rules -> fragments put together here -> text or binary message
//                                              -> ping: pong; close: close; a broken rule: close with its
//                                              code
//
// wslay also has an event interface that would put fragments together. It is not used: it allocates for every
// fragment (a message of one-byte fragments costs a hundred times its size) and the announced length of each
// frame at once, closes without a code after a malformed header, and checks the text of a close frame
// differently for different cuts. See docs/design/0007.
//
// Source: RFC 6455, sections 5 and 7. No extensions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/output.h"

namespace larder::protocol::websocket {

enum class MessageKind : std::uint8_t { text, binary };

/// A whole message. Text is UTF-8.
struct Message {
  MessageKind kind;
  std::string payload;
};

/// In bytes, of a whole message.
struct MessageLimits {
  std::size_t text_size_max;
  std::size_t binary_size_max;
};

/// RFC 6455, 7.4.1.
enum class CloseCode : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  not_text = 1007,
  policy_violation = 1008,
  too_large = 1009,
  internal_error = 1011,
};

/// One connection after its handshake.
///
/// Ownership  keeps nothing of `input` but what wslay copies: at most 4 KiB beside the message under way
/// Threads    belongs to its connection's worker
/// Errors     what the peer breaks is answered with a close frame; then closed() and failed() are true
/// Invariant  a message under way holds at most its limit's bytes of payload, whatever is announced
class FrameCodec final {
 public:
  explicit FrameCodec(const MessageLimits& limits);
  ~FrameCodec();
  FrameCodec(FrameCodec&&) noexcept;
  FrameCodec& operator=(FrameCodec&&) noexcept;

  /// For what comes from here on; a message under way may hold no more either.
  void set_limits(const MessageLimits& limits);

  /// The next whole message, removing from `input` what it is done with. Answers pings and closes into
  /// `output` on the way. nullopt: more bytes, please; or `output` is full, or closed() is true, and some
  /// bytes wait inside.
  [[nodiscard]] std::optional<Message> next(Bytes& input, Output& output);

  /// Sends one message, unfragmented. Nothing once closed().
  void write(MessageKind kind, Bytes payload, Output& output);

  /// Says goodbye first. `reason` is ours, UTF-8, at most 123 bytes.
  void close(CloseCode code, Bytes reason, Output& output);

  /// A close frame was sent: nothing else will be, and what comes is ignored.
  [[nodiscard]] bool closed() const;

  /// Bytes of memory that the message under way has taken.
  [[nodiscard]] std::size_t held_size() const;

  /// It was sent because the peer broke a rule or a limit.
  [[nodiscard]] bool failed() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace larder::protocol::websocket
