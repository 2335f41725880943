#include "client/scripted_peer.h"

#include <array>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <netinet/in.h>
#include <set>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "base/assert.h"

namespace larder::client {

bool PeerConnection::expect(Bytes bytes) {
  std::string received(bytes.size(), '\0');
  std::size_t received_size = 0;
  while (received_size < bytes.size()) {
    const auto size =
        ::recv(descriptor_, received.data() + received_size, received.size() - received_size, 0);
    if (size <= 0) return false;
    received_size += static_cast<std::size_t>(size);
  }
  EXPECT_EQ(received, bytes);
  return received == bytes;
}

std::string PeerConnection::receive() {
  std::array<char, 4096> buffer;
  const auto size = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
  return size <= 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(size));
}

bool PeerConnection::send(Bytes bytes) {
  while (!bytes.empty()) {
    const auto size = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

void PeerConnection::stay_silent() {
  while (!receive().empty()) {
  }
}

struct ScriptedPeer::Shared {
  std::mutex mutex;
  std::set<int> open;  // descriptors that a script holds
  std::size_t accepted_count = 0;
  bool stopping = false;
};

ScriptedPeer::ScriptedPeer(Script script, Mode mode, std::uint16_t port)
    : script_(std::move(script)),
      mode_(mode),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      shared_(std::make_unique<Shared>()) {
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  LARDER_ASSERT(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  LARDER_ASSERT(::listen(listener_, 64) == 0);
  socklen_t size = sizeof address;
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

ScriptedPeer::~ScriptedPeer() {
  {
    const std::lock_guard guard(shared_->mutex);
    shared_->stopping = true;
    for (const int descriptor : shared_->open) ::shutdown(descriptor, SHUT_RDWR);
  }
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
}

std::size_t ScriptedPeer::accepted_count() const {
  const std::lock_guard guard(shared_->mutex);
  return shared_->accepted_count;
}

void ScriptedPeer::accept_all() {
  std::vector<std::thread> threads;
  for (;;) {
    const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) break;
    std::size_t index = 0;
    {
      const std::lock_guard guard(shared_->mutex);
      if (shared_->stopping) {
        ::close(descriptor);
        break;
      }
      shared_->open.insert(descriptor);
      index = shared_->accepted_count++;
    }
    if (mode_ == Mode::one_by_one) {
      serve(descriptor, index);
    } else {
      threads.emplace_back([this, descriptor, index] { serve(descriptor, index); });
    }
  }
  for (std::thread& thread : threads) thread.join();
}

void ScriptedPeer::serve(int descriptor, std::size_t index) {
  PeerConnection connection(descriptor, index);
  script_(connection);
  const std::lock_guard guard(shared_->mutex);
  shared_->open.erase(descriptor);
  ::close(descriptor);
}

}  // namespace larder::client
