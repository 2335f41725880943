#include "client/connection.h"

#include <array>
#include <cerrno>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

#include "base/assert.h"
#include "client/dial.h"

namespace larder::client {
namespace {

/// Read at a time. Replies may be of any size: this is about system calls only.
constexpr std::size_t receive_size = std::size_t{16} << 10;

std::string reason(int error_number) { return std::generic_category().message(error_number); }

}  // namespace

Result<Connection> Connection::open(Resolver& resolver, Deadline deadline,
                                    const protocol::ReplyLimits& limits) {
  const auto descriptor = dial(resolver, deadline);
  if (!descriptor) return std::unexpected(descriptor.error());
  return Connection(*descriptor, limits);
}

Connection::~Connection() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool Connection::quiet() const {
  char byte = 0;
  for (;;) {
    const auto size = ::recv(descriptor_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (size >= 0) return false;  // closed, or bytes that nobody asked for
    if (errno != EINTR) return errno == EAGAIN || errno == EWOULDBLOCK;
  }
}

Result<void> Connection::exchange(Bytes commands, std::size_t command_count, Deadline deadline,
                                  OnReply on_reply) {
  LARDER_ASSERT(usable_);
  LARDER_ASSERT(command_count > 0);
  usable_ = false;  // until it ends well
  Bytes unsent = commands;
  std::size_t reply_count = 0;
  while (!unsent.empty() || reply_count < command_count) {
    const auto events = static_cast<short>(unsent.empty() ? POLLIN : POLLIN | POLLOUT);
    const auto ready = wait_for(descriptor_, events, deadline);
    if (!ready) return std::unexpected(ready.error());
    // What the server said before it went is worth reading, so a failed send does not come first.
    if ((*ready & (POLLIN | POLLHUP | POLLERR)) != 0) {
      if (auto received = receive_some(reply_count, command_count, on_reply); !received) return received;
    }
    if ((*ready & POLLOUT) != 0 && !unsent.empty()) {
      if (auto sent = send_some(unsent); !sent) return sent;
    }
    // A peer that drips a byte at a time keeps poll() from ever running out.
    if (deadline.passed() && (!unsent.empty() || reply_count < command_count))
      return failure(ErrorKind::timed_out, "the server did not finish its answer within the time limit");
  }
  LARDER_ASSERT(unread_.empty());  // receive_some() refuses what follows the last reply
  usable_ = true;
  return {};
}

Result<void> Connection::send_some(Bytes& unsent) {
  const auto size = ::send(descriptor_, unsent.data(), unsent.size(), MSG_NOSIGNAL);
  if (size >= 0) {
    unsent.remove_prefix(static_cast<std::size_t>(size));
  } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
    return failure(ErrorKind::disconnected, "the connection broke while sending: " + reason(errno));
  }
  return {};
}

Result<void> Connection::receive_some(std::size_t& reply_count, std::size_t command_count, OnReply on_reply) {
  std::array<char, receive_size> buffer;
  const auto size = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
  if (size == 0) return failure(ErrorKind::disconnected, "the server closed the connection");
  if (size < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {};
    return failure(ErrorKind::disconnected, "the connection broke while receiving: " + reason(errno));
  }
  unread_.append(buffer.data(), static_cast<std::size_t>(size));
  Bytes rest = unread_;
  while (!rest.empty()) {
    // Answers to questions that were not asked mean that the two sides count differently: whose answer the
    // ones before were is then anybody's guess.
    if (reply_count == command_count)
      return failure(ErrorKind::malformed, "the server answered more than it was asked");
    auto decoded = decoder_.next(rest);
    if (!decoded) return std::unexpected(decoded.error());
    rest.remove_prefix(decoder_.consumed());
    std::optional<protocol::Reply>& reply = *decoded;
    if (!reply) break;
    if (auto taken = on_reply(reply_count, *reply); !taken) return taken;
    ++reply_count;
  }
  unread_.erase(0, unread_.size() - rest.size());  // once for all of them, so that many small ones stay cheap
  return {};
}

}  // namespace larder::client
