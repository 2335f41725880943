// session/websocket_session.h: WebSocket on one connection, after its handshake.
//
//   text message   -> JSON request -> cache -> JSON reply in a text message
//   binary message -> the next bytes of a RESP connection -> its replies in a binary message
//
// Messages are answered one after another, each before the next is looked at, so that replies keep the order
// of requests across both kinds. A binary message may end in the middle of a RESP command; the next goes on
// there.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "protocol/websocket/frame_codec.h"
#include "protocol/websocket/json_message.h"
#include "session/login_gate.h"
#include "session/pause_gate.h"
#include "session/request_meter.h"
#include "session/session.h"

namespace larder::session {

/// Threads    belongs to its connection's worker
/// Errors     a JSON request that is wrong is answered and the connection goes on; what breaks RFC 6455 is
///            closed with its code
/// Invariant  between messages it keeps of RESP no more than one command that is not whole yet, within the
///            RESP session's own limits (command_limits() in resp_session.h)
class WebSocketSession final : public Session {
 public:
  using MakeSession = std::function<std::unique_ptr<Session>()>;

  /// The gates are the connection's, and outlive it. Whoever made the handshake is served, or who logs in
  /// with a text message; what its binary messages carry logs in by itself.
  WebSocketSession(const Environment& environment, MakeSession make_resp_session, PauseGate& gate,
                   LoginGate& login, RequestMeter& meter);

  Progress advance(Bytes input, TimePoint now, Output& output) override;
  void closing(Output& output) override;
  /// Who has logged in by RESP is none either.
  [[nodiscard]] bool is_stranger() const override {
    return login_.is_stranger() && (resp_ == nullptr || resp_->is_stranger());
  }
  [[nodiscard]] std::size_t held_size() const override {
    return codec_.held_size() + (held_.has_value() ? held_->payload.capacity() : 0) + resp_input_.capacity() +
           (resp_ != nullptr ? resp_->held_size() : 0);
  }

 private:
  [[nodiscard]] bool waits(const protocol::websocket::Message& message, TimePoint now);
  [[nodiscard]] std::optional<std::string> answer_text(Bytes text, TimePoint now);
  [[nodiscard]] std::optional<std::string> answer_login(const protocol::websocket::JsonRequest& request,
                                                        TimePoint now);
  void count(TimePoint now);
  void take_binary(std::string payload);
  void run_resp(TimePoint now, Output& output);

  const Environment& environment_;
  MakeSession make_resp_session_;
  PauseGate& gate_;
  LoginGate& login_;
  RequestMeter& meter_;
  protocol::websocket::FrameCodec codec_;
  std::optional<protocol::websocket::Message> held_;  // waits for its turn
  std::unique_ptr<Session> resp_;                     // made for the first binary message
  std::string resp_input_;                            // what it was or will be shown
  std::size_t resp_offset_ = 0;                       // bytes at its front that are consumed
  std::size_t resp_input_size_min_ = 0;               // no use to call it with less
  bool resp_runs_ = false;                            // it has more to do at once
  std::optional<Wait> resp_waits_;                    // it is woken before it has
};

}  // namespace larder::session
