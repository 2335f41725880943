// session/login_gate.h: logging in for a connection that does not speak RESP.
//
//   line, HTTP, WebSocket:  a name and a password are read -> ask() -> settled, or waits: called again later,
//   with the same
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/progress.h"
#include "session/login.h"
#include "session/login_queue.h"
#include "session/session.h"

namespace larder::session {

/// Before a login no line, body or text message is longer, in bytes.
inline constexpr std::size_t stranger_size_max = std::size_t{16} << 10;

/// As whom a connection is served, and the attempt that is under way.
///
/// Ownership  the environment outlives it
/// Threads    those of its connection
class LoginGate final {
 public:
  using State = LoginAttempt::State;

  LoginGate(const Environment& environment, Bytes address)
      : environment_(environment),
        place_(login_place(address)),
        login_(environment.service.accounts),
        is_open_(login_.is_done()) {}
  ~LoginGate() {
    if (attempt_ != nullptr) environment_.service.logins.withdraw(*attempt_);
  }
  LoginGate(const LoginGate&) = delete;
  LoginGate& operator=(const LoginGate&) = delete;

  void attach(std::shared_ptr<Remote> remote) { remote_ = std::move(remote); }

  [[nodiscard]] Login& login() { return login_; }
  [[nodiscard]] const Login& login() const { return login_; }
  [[nodiscard]] bool is_stranger() const { return login_.is_missing(environment_.service.accounts); }
  [[nodiscard]] bool is_still_valid() { return login_.is_still_valid(environment_.service.accounts); }

  /// As it was when the connection opened: a login is for one request.
  void forget() {
    login_ = Login(environment_.service.accounts);
    if (is_open_) login_.finish(nullptr, environment_.service.accounts.users.generation());
  }

  /// Begins, or asks what has come of what was begun; `waits`: the connection is woken, and to ask again. Who
  /// is refused stays who he was.
  [[nodiscard]] State ask(Bytes name, Bytes password, TimePoint now) {
    if (attempt_ == nullptr) {
      attempt_ = std::make_shared<LoginAttempt>(place_, name, password, remote_);
      environment_.service.logins.ask(attempt_, now);
    }
    const State state = attempt_->state();
    if (state == State::waits) return state;
    if (state == State::right) {
      attempt_->finish(login_);
    } else {
      environment_.counters.logins_refused.add();
    }
    attempt_ = nullptr;
    return state;
  }

  /// Memory, in bytes, of the attempt that is under way.
  [[nodiscard]] std::size_t held_size() const { return attempt_ != nullptr ? attempt_->held_size() : 0; }

  /// While it waits. A peer who has gone need not be kept for what is not even looked at yet.
  [[nodiscard]] Wait wait() const {
    return attempt_ != nullptr && attempt_->is_held_back() ? Wait::pause : Wait::wake;
  }

 private:
  const Environment& environment_;
  const std::string place_;
  Login login_;
  const bool is_open_;  // nobody had to log in when the connection opened
  std::shared_ptr<Remote> remote_;
  std::shared_ptr<LoginAttempt> attempt_;
};

}  // namespace larder::session
