// server/session_handler.h: introduces a session to the transport, which know nothing of each other.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

#include "session/session.h"
#include "transport/address_counts.h"
#include "transport/handler.h"

namespace larder::server {

/// A connection as a session may reach it.
class WakerRemote final : public session::Remote {
 public:
  explicit WakerRemote(std::shared_ptr<transport::Waker> waker) : waker_(std::move(waker)) {}
  void wake() override { waker_->wake(); }
  void close() override { waker_->close(); }

 private:
  std::shared_ptr<transport::Waker> waker_;
};

/// What a connection takes, for as long as it lives, of what is bounded.
class ConnectionPlace final {
 public:
  ConnectionPlace() = default;
  /// Of all, whom `open_count` counts; it outlives this. And of its address.
  ConnectionPlace(std::atomic<std::size_t>& open_count, transport::AddressCounts::Place of_address)
      : of_address_(std::move(of_address)), open_count_(&open_count) {
    open_count_->fetch_add(1, std::memory_order_relaxed);
  }
  ConnectionPlace(ConnectionPlace&& other) noexcept
      : of_address_(std::move(other.of_address_)), open_count_(std::exchange(other.open_count_, nullptr)) {}
  ConnectionPlace& operator=(ConnectionPlace&&) = delete;
  ConnectionPlace(const ConnectionPlace&) = delete;
  ConnectionPlace& operator=(const ConnectionPlace&) = delete;
  ~ConnectionPlace() {
    if (open_count_ != nullptr) open_count_->fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  transport::AddressCounts::Place of_address_;
  std::atomic<std::size_t>* open_count_ = nullptr;
};

/// A session as the handler of a connection.
///
/// Ownership  owns the session and its place among the connections
/// Threads    those of transport::Handler
class SessionHandler final : public transport::Handler {
 public:
  /// The settings' idle timeout and the session's own hold both; 0: for ever. The settings outlive it.
  SessionHandler(std::unique_ptr<session::Session> session, const session::Settings& settings,
                 ConnectionPlace place = {})
      : place_(std::move(place)), session_(std::move(session)), settings_(settings) {}

  void attach(std::shared_ptr<transport::Waker> waker) override {
    session_->attach(std::make_shared<WakerRemote>(std::move(waker)));
  }

  void announced(Bytes input) override { session_->announced(input); }

  Progress advance(Bytes input, const Now& now, Output& output) override {
    return session_->advance(input, now.wall, output);
  }

  void closing(Output& output) override { session_->closing(output); }

  [[nodiscard]] std::size_t held_size() const override { return session_->held_size(); }

  [[nodiscard]] bool is_stranger() const override { return session_->is_stranger(); }

  [[nodiscard]] Duration idle_timeout() const override {
    const Duration own = session_->idle_timeout();
    const Duration general{settings_.idle_timeout_ms.load(std::memory_order_relaxed)};
    if (own == Duration{0} || general == Duration{0}) return std::max(own, general);
    return std::min(own, general);
  }

 private:
  ConnectionPlace place_;
  std::unique_ptr<session::Session> session_;
  const session::Settings& settings_;
};

}  // namespace larder::server
