// session/pause_gate.h: CLIENT PAUSE for a connection that has no such command itself.
//
//   line, HTTP, WebSocket:  a request is read -> does it reach keys? -> holds_up() -> Wait::pause, called
//   again
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "session/clients.h"

namespace larder::session {

/// Where a connection waits while commands of its kind are paused.
///
/// Ownership  the clients outlive it
/// Threads    those of its connection
class PauseGate final {
 public:
  /// No two connections have the same id.
  PauseGate(Clients& clients, std::uint64_t connection_id)
      : clients_(clients), connection_id_(connection_id) {}
  ~PauseGate() {
    if (client_ != nullptr) clients_.remove(client_);
  }
  PauseGate(const PauseGate&) = delete;
  PauseGate& operator=(const PauseGate&) = delete;

  void attach(std::shared_ptr<Remote> remote) { remote_ = std::move(remote); }

  /// Null: nobody can wake it.
  [[nodiscard]] const std::shared_ptr<Remote>& remote() const { return remote_; }

  /// Worth a look at what a request would do.
  [[nodiscard]] bool may_hold_up(TimePoint now) const {
    return clients_.paused(now) != Clients::Pause::nothing && remote_ != nullptr;
  }

  /// True: the request waits, and the connection is woken when the pause is over, or sooner: ask again then.
  [[nodiscard]] bool holds_up(bool is_write, TimePoint now) {
    if (!may_hold_up(now)) return false;
    if (!is_write && clients_.paused(now) != Clients::Pause::all) return false;
    if (client_ == nullptr) {
      client_ = std::make_shared<Client>(ConnectionFacts{.id = connection_id_});
      client_->attach(remote_);
    }
    return clients_.wait_for_end_of_pause(client_, now);
  }

 private:
  Clients& clients_;
  const std::uint64_t connection_id_;
  std::shared_ptr<Remote> remote_;  // null: nobody can wake it, so it does not wait
  std::shared_ptr<Client> client_;  // made for the first wait; CLIENT LIST does not know it
};

}  // namespace larder::session
