#include "client/dial.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <limits>
#include <netinet/tcp.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace larder::client {
namespace {

std::string reason(int error_number) { return std::generic_category().message(error_number); }

/// Owns a descriptor until it is connected.
class Opening final {
 public:
  Opening(int family, int flags) : descriptor_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0)) {}
  Opening(const Opening&) = delete;
  Opening& operator=(const Opening&) = delete;
  ~Opening() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] int get() const { return descriptor_; }
  [[nodiscard]] int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

std::unexpected<Error> took_too_long() {
  return failure(ErrorKind::timed_out, "cannot connect within the time limit");
}

/// Connecting to a path is done at once, unless too many wait there already. Without blocking, that is an
/// error (EAGAIN) which no poll(2) could wait out; with it, the time limit for sending is one for this too.
Result<int> connect_to_path(const Address& address, Deadline deadline) {
  Opening socket(AF_UNIX, 0);
  if (socket.get() < 0) return failure(ErrorKind::overloaded, "cannot open a socket: " + reason(errno));
  for (;;) {
    const auto left = std::max(deadline.left(), Duration{1}).count();  // 0 would mean for ever
    const timeval time_limit{.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &time_limit, sizeof time_limit);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0)
      break;
    if (errno == EAGAIN) return took_too_long();
    if (errno != EINTR) return failure(ErrorKind::disconnected, "cannot connect: " + reason(errno));
    if (deadline.passed()) return took_too_long();
  }
  ::fcntl(socket.get(), F_SETFL, O_NONBLOCK);
  return socket.release();
}

Result<int> connect_to(const Address& address, Deadline deadline) {
  if (address.storage.ss_family == AF_UNIX) return connect_to_path(address, deadline);
  Opening socket(address.storage.ss_family, SOCK_NONBLOCK);
  if (socket.get() < 0) return failure(ErrorKind::overloaded, "cannot open a socket: " + reason(errno));

  // Commands leave when they are sent: a pipeline is one send already, and nothing is to be gathered.
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);

  int error_number = 0;
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0) {
    // A connect that a signal interrupted goes on by itself, as one that takes its time does.
    if (errno != EINPROGRESS && errno != EINTR)
      return failure(ErrorKind::disconnected, "cannot connect: " + reason(errno));
    if (const auto ready = wait_for(socket.get(), POLLOUT, deadline); !ready) {
      if (ready.error().kind != ErrorKind::timed_out) return std::unexpected(ready.error());
      return took_too_long();
    }
    socklen_t size = sizeof error_number;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error_number, &size);
  }
  if (error_number != 0) return failure(ErrorKind::disconnected, "cannot connect: " + reason(error_number));
  return socket.release();
}

}  // namespace

Result<short> wait_for(int descriptor, short events, Deadline deadline) {
  for (;;) {
    pollfd entry{.fd = descriptor, .events = events, .revents = 0};
    constexpr auto longest = Duration{std::numeric_limits<int>::max()};
    const Duration left = deadline.left();
    const int ready = ::poll(&entry, 1, static_cast<int>(std::min(left, longest).count()));
    if (ready > 0) return entry.revents;
    if (ready == 0 && deadline.passed())
      return failure(ErrorKind::timed_out, "the server did not answer within the time limit");
    if (ready < 0 && errno != EINTR) return failure(ErrorKind::disconnected, "poll: " + reason(errno));
  }
}

Result<int> dial(Resolver& resolver, Deadline deadline) {
  const auto addresses = resolver.resolve(deadline);
  if (!addresses) return std::unexpected(addresses.error());

  Error last{ErrorKind::disconnected, "the host has no address"};
  for (std::size_t index = 0; index < addresses->size(); ++index) {
    const auto untried_count = static_cast<Duration::rep>(addresses->size() - index);
    const Deadline share = Deadline::after(deadline.left() / untried_count).sooner_of(deadline);
    const auto descriptor = connect_to((*addresses)[index], share);
    if (descriptor) return descriptor;
    last = descriptor.error();
  }
  return std::unexpected(last);
}

}  // namespace larder::client
