// server/session_handler.h: introduces a session to the transport, which know nothing of each other.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "session/session.h"
#include "transport/handler.h"

namespace larder::server {

/// A session as the handler of a connection.
///
/// Ownership  owns the session
/// Threads    those of transport::Handler
class SessionHandler final : public transport::Handler {
 public:
  /// `idle_timeout` and the session's own hold both; 0: for ever.
  SessionHandler(std::unique_ptr<session::Session> session, Duration idle_timeout)
      : session_(std::move(session)), idle_timeout_(idle_timeout) {}

  Progress advance(Bytes input, const Now& now, Output& output) override {
    return session_->advance(input, now.wall, output);
  }

  void closing(Output& output) override { session_->closing(output); }

  [[nodiscard]] std::size_t held_size() const override { return session_->held_size(); }

  [[nodiscard]] Duration idle_timeout() const override {
    const Duration own = session_->idle_timeout();
    if (own == Duration{0} || idle_timeout_ == Duration{0}) return std::max(own, idle_timeout_);
    return std::min(own, idle_timeout_);
  }

 private:
  std::unique_ptr<session::Session> session_;
  Duration idle_timeout_;
};

}  // namespace larder::server
