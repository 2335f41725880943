#include "protocol/websocket/frame_codec.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>
#include <wslay/wslay.h>

#include "base/assert.h"
#include "base/utf8.h"

namespace larder::protocol::websocket {
namespace {

// Control frames carry at most this much (RFC 6455, 5.5); wslay refuses more.
constexpr std::size_t control_payload_size_max = 125;

/// Codes that may stand in a close frame: those of the RFC that are not marked as never sent, those
/// registered since, and the two ranges for libraries and applications.
bool is_close_code(unsigned code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

}  // namespace

class FrameCodec::Impl final {
 public:
  explicit Impl(const MessageLimits& limits) : limits_(limits) {
    const wslay_frame_callbacks callbacks{
        .send_callback = &Impl::send, .recv_callback = &Impl::receive, .genmask_callback = &Impl::no_mask};
    wslay_frame_context* context = nullptr;
    if (wslay_frame_context_init(&context, &callbacks, this) != 0) throw std::bad_alloc();
    wslay_.reset(context);
  }

  void set_limits(const MessageLimits& limits) { limits_ = limits; }
  Impl(const Impl&) = delete;  // wslay holds `this`
  Impl& operator=(const Impl&) = delete;
  Impl(Impl&&) = delete;
  Impl& operator=(Impl&&) = delete;
  ~Impl() = default;

  std::optional<Message> next(Bytes& input, Output& output) {
    std::optional<Message> message;
    while (!message.has_value() && !closed_ && !output.full()) {
      wslay_frame_iocb frame{};
      input_ = &input;
      const ssize_t size = wslay_frame_recv(wslay_.get(), &frame);
      input_ = nullptr;
      if (size >= 0) {
        message = take(frame, output);
      } else if (size != WSLAY_ERR_WANT_READ) {
        fail(CloseCode::protocol_error, "malformed frame header", output);
      } else if (input.empty()) {
        break;
      }
    }
    return message;
  }

  void write_frame(std::uint8_t opcode, Bytes payload, Output& output) {
    if (closed_) return;
    output_ = &output;
    wslay_frame_iocb frame{};
    frame.fin = 1;
    frame.opcode = opcode;
    frame.payload_length = payload.size();
    frame.data = reinterpret_cast<const std::uint8_t*>(payload.data());
    frame.data_length = payload.size();
    const ssize_t size = wslay_frame_send(wslay_.get(), &frame);
    output_ = nullptr;
    LARDER_ASSERT(size == static_cast<ssize_t>(payload.size()));
  }

  void close(unsigned code, Bytes reason, Output& output) {
    std::string payload;
    payload += static_cast<char>(code >> 8);
    payload += static_cast<char>(code & 0xFF);
    payload += reason;
    LARDER_ASSERT(payload.size() <= control_payload_size_max);
    write_frame(WSLAY_CONNECTION_CLOSE, payload, output);
    closed_ = true;
  }

  [[nodiscard]] std::size_t held_size() const { return payload_.capacity(); }
  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  struct FreeFrameContext {
    void operator()(wslay_frame_context* context) const { wslay_frame_context_free(context); }
  };

  // -------------------------------------------------------------------------------------------------------
  // wslay's side: it asks for bytes and hands bytes out. There is always room in an Output.

  static ssize_t receive(std::uint8_t* target, std::size_t size, int /*flags*/, void* self) {
    Bytes& input = *static_cast<Impl*>(self)->input_;
    if (input.empty()) return -1;
    const std::size_t taken = std::min(size, input.size());
    std::memcpy(target, input.data(), taken);
    input.remove_prefix(taken);
    return static_cast<ssize_t>(taken);
  }

  static ssize_t send(const std::uint8_t* source, std::size_t size, int /*flags*/, void* self) {
    static_cast<Impl*>(self)->output_->append(Bytes(reinterpret_cast<const char*>(source), size));
    return static_cast<ssize_t>(size);
  }

  // Only clients mask.
  static int no_mask(std::uint8_t* /*target*/, std::size_t /*size*/, void* /*self*/) { return -1; }

  // -------------------------------------------------------------------------------------------------------

  void fail(CloseCode code, Bytes reason, Output& output) {
    failed_ = true;
    close(static_cast<unsigned>(code), reason, output);
  }

  /// Takes a piece of a frame's payload, as much of it as has come.
  std::optional<Message> take(const wslay_frame_iocb& frame, Output& output) {
    const bool control = (frame.opcode & 0x8) != 0;
    if (!in_frame_) {
      in_frame_ = true;
      frame_size_left_ = frame.payload_length;
      if (!begin_frame(frame, output)) return std::nullopt;
    }
    std::string& target = control ? control_payload_ : payload_;
    target.append(reinterpret_cast<const char*>(frame.data), frame.data_length);
    frame_size_left_ -= frame.data_length;
    if (frame_size_left_ > 0) return std::nullopt;

    in_frame_ = false;
    if (control) {
      answer_control(frame.opcode, std::exchange(control_payload_, {}), output);
      return std::nullopt;
    }
    if (frame.fin == 0) return std::nullopt;
    in_message_ = false;
    Message message{.kind = kind_, .payload = std::exchange(payload_, {})};
    if (message.kind == MessageKind::text && !is_utf8(message.payload)) {
      fail(CloseCode::not_text, "a text message is not UTF-8", output);
      return std::nullopt;
    }
    return message;
  }

  /// What wslay leaves to its user: masks, reserved bits, opcodes, the order of fragments, sizes. False: the
  /// connection is closed.
  bool begin_frame(const wslay_frame_iocb& frame, Output& output) {
    const auto refuse = [&](Bytes reason) {
      fail(CloseCode::protocol_error, reason, output);
      return false;
    };
    if (frame.mask == 0) return refuse("a frame is not masked");
    if (frame.rsv != 0) return refuse("a reserved bit is set");
    switch (frame.opcode) {
      case WSLAY_CONTINUATION_FRAME:
        if (!in_message_) return refuse("nothing to continue");
        break;
      case WSLAY_TEXT_FRAME:
      case WSLAY_BINARY_FRAME:
        if (in_message_) return refuse("a message starts inside another");
        in_message_ = true;
        kind_ = frame.opcode == WSLAY_TEXT_FRAME ? MessageKind::text : MessageKind::binary;
        break;
      case WSLAY_CONNECTION_CLOSE:
      case WSLAY_PING:
      case WSLAY_PONG:
        return true;
      default:
        return refuse("unknown opcode");
    }
    const std::size_t size_max = kind_ == MessageKind::text ? limits_.text_size_max : limits_.binary_size_max;
    if (payload_.size() > size_max || frame.payload_length > size_max - payload_.size()) {
      fail(CloseCode::too_large, "the message is too large", output);
      return false;
    }
    return true;
  }

  void answer_control(std::uint8_t opcode, const std::string& payload, Output& output) {
    if (opcode == WSLAY_PING) write_frame(WSLAY_PONG, payload, output);
    if (opcode != WSLAY_CONNECTION_CLOSE) return;
    if (payload.empty()) {
      write_frame(WSLAY_CONNECTION_CLOSE, {}, output);
      closed_ = true;
      return;
    }
    const unsigned code = payload.size() < 2 ? 0U
                                             : static_cast<unsigned char>(payload[0]) * 256U +
                                                   static_cast<unsigned char>(payload[1]);
    if (!is_close_code(code)) {
      fail(CloseCode::protocol_error, "invalid close code", output);
    } else if (!is_utf8(Bytes(payload).substr(2))) {
      fail(CloseCode::not_text, "the reason is not UTF-8", output);
    } else {
      close(code, {}, output);
    }
  }

  MessageLimits limits_;
  std::unique_ptr<wslay_frame_context, FreeFrameContext> wslay_;
  Bytes* input_ = nullptr;    // while wslay receives
  Output* output_ = nullptr;  // while wslay sends

  bool in_frame_ = false;
  std::uint64_t frame_size_left_ = 0;
  bool in_message_ = false;  // between its first frame and its last
  MessageKind kind_ = MessageKind::text;
  std::string payload_;          // of the message under way
  std::string control_payload_;  // of the control frame under way, which may stand between fragments
  bool closed_ = false;
  bool failed_ = false;
};

FrameCodec::FrameCodec(const MessageLimits& limits) : impl_(std::make_unique<Impl>(limits)) {}
FrameCodec::~FrameCodec() = default;
FrameCodec::FrameCodec(FrameCodec&&) noexcept = default;
FrameCodec& FrameCodec::operator=(FrameCodec&&) noexcept = default;

void FrameCodec::set_limits(const MessageLimits& limits) { impl_->set_limits(limits); }

std::optional<Message> FrameCodec::next(Bytes& input, Output& output) { return impl_->next(input, output); }

void FrameCodec::write(MessageKind kind, Bytes payload, Output& output) {
  impl_->write_frame(kind == MessageKind::text ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME, payload, output);
}

void FrameCodec::close(CloseCode code, Bytes reason, Output& output) {
  if (!impl_->closed()) impl_->close(static_cast<unsigned>(code), reason, output);
}

std::size_t FrameCodec::held_size() const { return impl_->held_size(); }
bool FrameCodec::closed() const { return impl_->closed(); }
bool FrameCodec::failed() const { return impl_->failed(); }

}  // namespace larder::protocol::websocket
