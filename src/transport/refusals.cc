#include "transport/refusals.h"

#include <array>
#include <cerrno>
#include <sys/socket.h>
#include <utility>

namespace larder::transport {
namespace {

// Throws away what has come; true: the peer is done or gone. Bounded, since a peer may send faster than this
// reads.
bool has_ended(int descriptor) {
  constexpr std::size_t reads_max = 16;
  std::array<char, 4096> trash;
  for (std::size_t i = 0; i < reads_max; ++i) {
    const ssize_t size = recv(descriptor, trash.data(), trash.size(), MSG_DONTWAIT);
    if (size < 0) return errno != EAGAIN && errno != EINTR;
    if (size == 0) return true;
  }
  return false;
}

}  // namespace

void Refusals::refuse(Socket socket, std::string_view text, SteadyTime now) {
  // A new socket's buffer is empty, so that the text leaves whole or, if the peer is gone, not at all.
  if (send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) return;
  shutdown(socket.get(), SHUT_WR);
  if (kept_.size() == socket_count_max) kept_.pop_front();
  kept_.push_back({.socket = std::move(socket), .since = now});
}

void Refusals::tick(SteadyTime now) {
  std::erase_if(
      kept_, [&](const Kept& kept) { return now - kept.since >= kept_time || has_ended(kept.socket.get()); });
}

}  // namespace larder::transport
