#include "transport/listener.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/socket.h>
#include <system_error>

namespace larder::transport {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* addresses) const { ::freeaddrinfo(addresses); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Result<Addresses> look_up(const Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int status =
      ::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
  if (status == 0 && found != nullptr) return Addresses(found);
  const std::string reason =
      status == EAI_SYSTEM ? std::system_category().message(errno) : std::string(::gai_strerror(status));
  return failure(ErrorKind::unsupported, endpoint.address() + ": host not found (" + reason + ")");
}

/// Copied out and not cast: what the kernel fills is bytes of one of two types.
template <class Address>
Address address_from(const sockaddr* address) {
  Address copy{};
  std::memcpy(&copy, address, sizeof copy);
  return copy;
}

bool loopback_address(const sockaddr* address) {
  if (address->sa_family == AF_INET)
    return (ntohl(address_from<sockaddr_in>(address).sin_addr.s_addr) >> 24) == 127;
  if (address->sa_family != AF_INET6) return false;
  const auto ipv6 = address_from<sockaddr_in6>(address);
  if (IN6_IS_ADDR_V4MAPPED(&ipv6.sin6_addr)) return ipv6.sin6_addr.s6_addr[12] == 127;
  return IN6_IS_ADDR_LOOPBACK(&ipv6.sin6_addr);
}

std::uint16_t port_of(const sockaddr* address) {
  return ntohs(address->sa_family == AF_INET ? address_from<sockaddr_in>(address).sin_port
                                             : address_from<sockaddr_in6>(address).sin6_port);
}

void set(const Socket& socket, int level, int option, int value) {
  ::setsockopt(socket.get(), level, option, &value, sizeof value);
}

void ask_silent_peers(const Socket& socket, std::chrono::seconds after) {
  constexpr int probe_count = 3;
  const auto idle_s = static_cast<int>(after.count());
  set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(socket, IPPROTO_TCP, TCP_KEEPIDLE, idle_s);
  set(socket, IPPROTO_TCP, TCP_KEEPINTVL, std::max(idle_s / probe_count, 1));
  set(socket, IPPROTO_TCP, TCP_KEEPCNT, probe_count);
}

/// A socket that listens on this one address, or why not, in errno.
Socket listen_on(const addrinfo& address, const ListenOptions& options) {
  Socket socket(
      ::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, address.ai_protocol));
  if (!socket.valid()) return socket;
  // Without it a restart fails for a minute while old connections sit in TIME_WAIT.
  set(socket, SOL_SOCKET, SO_REUSEADDR, 1);
  if (options.keepalive > std::chrono::seconds{0}) ask_silent_peers(socket, options.keepalive);
  set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  if (address.ai_family == AF_INET6) set(socket, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (::bind(socket.get(), address.ai_addr, address.ai_addrlen) == 0 &&
      ::listen(socket.get(), options.backlog) == 0)
    return socket;
  const int error_number = errno;
  socket.close();
  errno = error_number;
  return socket;
}

std::unexpected<Error> cannot_listen(const Endpoint& endpoint, int error_number) {
  const std::string address = endpoint.address();
  switch (error_number) {
    case EADDRINUSE:
      return failure(ErrorKind::overloaded, address + " is in use already");
    case EACCES:
    case EPERM:
      return failure(ErrorKind::unsupported, address + ": no permission to listen there");
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
      return failure(ErrorKind::unsupported, address + ": this machine has no such address");
    default:
      return failure(ErrorKind::overloaded,
                     "cannot listen on " + address + ": " + std::system_category().message(error_number));
  }
}

}  // namespace

Result<Listener> open_listener(const Endpoint& endpoint, const ListenOptions& options) {
  if (endpoint.is_unix()) {
    auto made = listen_on_unix(endpoint.path, options.unix_mode, options.backlog);
    if (!made) return std::unexpected<Error>(std::move(made.error()));
    return Listener{.socket = std::move(made->socket),
                    .endpoint = endpoint,
                    .loopback = true,
                    .file = std::move(made->file)};
  }
  auto addresses = look_up(endpoint);
  if (!addresses) return std::unexpected<Error>(std::move(addresses.error()));
  int error_number = EADDRNOTAVAIL;
  for (const addrinfo* address = addresses->get(); address != nullptr; address = address->ai_next) {
    Socket socket = listen_on(*address, options);
    if (socket.valid()) {
      sockaddr_storage bound{};
      socklen_t bound_size = sizeof bound;
      auto* const bound_address = reinterpret_cast<sockaddr*>(&bound);
      if (::getsockname(socket.get(), bound_address, &bound_size) != 0) return cannot_listen(endpoint, errno);
      Endpoint real = endpoint;
      real.port = port_of(bound_address);
      return Listener{std::move(socket), std::move(real), loopback_address(bound_address), {}};
    }
    error_number = errno;
    // `localhost` may name ::1 on a machine without IPv6: try the next. A port in use is no reason to: half
    // of the peers would reach somebody else's server.
    if (error_number != EADDRNOTAVAIL && error_number != EAFNOSUPPORT) break;
  }
  return cannot_listen(endpoint, error_number);
}

Result<bool> is_loopback(const Endpoint& endpoint) {
  if (endpoint.is_unix()) return true;
  const auto addresses = look_up(endpoint);
  if (!addresses) return std::unexpected<Error>(addresses.error());
  for (const addrinfo* address = addresses->get(); address != nullptr; address = address->ai_next) {
    if (!loopback_address(address->ai_addr)) return false;
  }
  return true;
}

}  // namespace larder::transport
