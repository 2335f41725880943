// session/line_session.h: the line protocol on one connection. What each reply means to a client is
// docs/line-protocol.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "protocol/line/line_decoder.h"
#include "session/login_gate.h"
#include "session/pause_gate.h"
#include "session/request_meter.h"
#include "session/session.h"

namespace larder::session {

/// get, set and delete in database 0.
///
/// Threads    belongs to its connection's worker
/// Invariant  one reply to each line but quit, in the order of the lines; whoever has to log in and has not
///            done so touches no key, and sends no line of more than stranger_size_max
class LineSession final : public Session {
 public:
  /// The environment outlives the session. No two connections have the same id.
  explicit LineSession(const Environment& environment, std::uint64_t connection_id = 0, Bytes address = {})
      : environment_(environment),
        decoder_(environment.limits.line_size_max),
        login_(environment, address),
        gate_(environment.service.clients, connection_id),
        meter_(environment, {.id = connection_id, .address = std::string(address)}) {}

  void attach(std::shared_ptr<Remote> remote) override {
    login_.attach(remote);
    gate_.attach(remote);
    meter_.attach(std::move(remote));
  }
  Progress advance(Bytes input, TimePoint now, Output& output) override;
  [[nodiscard]] bool is_stranger() const override { return login_.is_stranger(); }
  [[nodiscard]] std::size_t held_size() const override { return login_.held_size(); }

 private:
  [[nodiscard]] const char* denial_of(const protocol::LineRequest& request) const;
  [[nodiscard]] bool waits(protocol::LineRequest::Verb verb, TimePoint now);
  void count(TimePoint now);
  void answer(const protocol::LineRequest& request, TimePoint now, Output& output);
  void answer_login(LoginGate::State state, Output& output);
  void forget(Bytes key, TimePoint now);
  void refuse(Output& output, Bytes reason);
  void set(const protocol::LineRequest& request, TimePoint now, Output& output);

  const Environment& environment_;
  protocol::LineDecoder decoder_;
  LoginGate login_;
  PauseGate gate_;
  RequestMeter meter_;
};

}  // namespace larder::session
