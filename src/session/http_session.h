// session/http_session.h: HTTP on one connection, and WebSocket once it has asked for that.
//
//   bytes -> RequestParser -> judge() by the head -> answer -> response writer -> bytes
//                                                 -> 101: from here on a WebSocketSession
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "protocol/http/request_parser.h"
#include "session/clients.h"
#include "session/http_routes.h"
#include "session/login_gate.h"
#include "session/pause_gate.h"
#include "session/request_meter.h"
#include "session/session.h"

namespace larder::session {

/// Keep-alive and pipelining as HTTP/1.1 has them: answers leave in the order of the requests, and a request
/// that cannot be read is the last one.
///
/// Threads    belongs to its connection's worker
/// Invariant  one response for each request; nothing of a body larger than value_size_max is kept, nor of one
///            whose sender would have to log in first
class HttpSession final : public Session, private protocol::http::BodySink {
 public:
  using MakeSession = std::function<std::unique_ptr<Session>()>;

  /// `make_resp_session` makes what the binary messages of a WebSocket are fed to. The environment outlives
  /// the session. No two connections have the same id.
  HttpSession(const Environment& environment, MakeSession make_resp_session,
              const ConnectionFacts& facts = {});

  void attach(std::shared_ptr<Remote> remote) override {
    login_.attach(remote);
    gate_.attach(remote);
    meter_.attach(std::move(remote));
  }
  Progress advance(Bytes input, TimePoint now, Output& output) override;

  /// HTTP says nothing, WebSocket does.
  void closing(Output& output) override;

  /// Of a body under way, or of a WebSocket's messages.
  [[nodiscard]] std::size_t held_size() const override;

  /// HTTP: a minute. WebSocket: as the server says.
  [[nodiscard]] Duration idle_timeout() const override;
  /// Until one of its requests was somebody's, or a WebSocket has logged in.
  [[nodiscard]] bool is_stranger() const override;

 private:
  enum class Next : std::uint8_t { request, close, upgrade, wait };
  [[nodiscard]] HttpCall call_for(const protocol::http::Request& request, TimePoint now) const;
  [[nodiscard]] std::optional<Wait> authorize(const protocol::http::Request& request, TimePoint now);
  [[nodiscard]] bool waits(const protocol::http::Request& request, TimePoint now);
  Next answer(const protocol::http::Request& request, TimePoint now, Output& output);
  Next greet_body(TimePoint now, Output& output);
  void refuse_unread(Bytes sentence, TimePoint now, Output& output);
  void count_request(TimePoint now);
  void count_refusal(int status, bool is_denial = false);

  // Large values go where they will stay.
  bool begin(const protocol::http::Request& head, std::size_t size) override;
  bool append(Bytes bytes) override { return draft_->append(bytes, now_); }

  const Environment& environment_;
  MakeSession make_resp_session_;
  std::string local_address_;
  protocol::http::RequestParser parser_;
  LoginGate login_;                      // of the request under way
  bool is_authorized_ = false;           // it is known who makes that
  LoginState login_state_{};             // and what came of his login, if he is not let in
  bool has_logged_in_ = false;           // somebody, for a request of this connection
  std::string known_authorization_;      // the last that was right
  TimePoint now_{};                      // of the call under way
  std::unique_ptr<cache::Draft> draft_;  // of the body under way; null: it is the request's
  PauseGate gate_;
  RequestMeter meter_;
  std::optional<protocol::http::Request> held_;  // waits for its turn
  std::optional<Error> refused_;                 // so does what the parser refused
  std::unique_ptr<Session> websocket_;           // engaged: the connection is no longer HTTP
};

}  // namespace larder::session
