// transport/listener.h: opening the sockets that peers connect to.
#pragma once

#include <chrono>

#include "base/endpoint.h"
#include "base/result.h"
#include "transport/socket.h"
#include "transport/unix_listener.h"

namespace larder::transport {

/// A listening socket and where it really listens.
struct Listener final {
  Socket socket;          // non-blocking, close-on-exec
  Endpoint endpoint;      // as asked for, with the port that the kernel picked where 0 was asked for
  bool loopback = false;  // bound to an address that only this machine reaches
  SocketFile file;        // of a Unix socket: lives as long as it is to be found
};

struct ListenOptions final {
  /// Connections that may wait to be accepted. The kernel lowers it to net.core.somaxconn.
  int backlog = 4096;
  /// A TCP connection that was silent for this long is asked whether its peer is there; three times
  /// unanswered, each a third of this apart, and it ends. Redis has the same. 0: it is never asked. At most
  /// 32767, which is the kernel's bound.
  std::chrono::seconds keepalive{300};
  /// Of the file of a Unix socket.
  mode_t unix_mode = unix_mode_default;
};

/// Listens on `endpoint`: the path of a Unix socket (see listen_on_unix()), a numeric IPv4 or IPv6 address,
/// or a host name, whose first address that this machine has is taken. An IPv6 address means IPv6 only, so
/// that `[::]` and `0.0.0.0` go side by side on one port. Accepted TCP sockets inherit TCP_NODELAY and
/// SO_KEEPALIVE, which spares two calls for each connection.
///
/// Blocks while a name is looked up: for the start of a program.
/// Errors: overloaded (in use, no descriptor), unsupported (no such host or address, not permitted), refused
/// (a file that is no socket is in the way); each message names the address and the reason.
[[nodiscard]] Result<Listener> open_listener(const Endpoint& endpoint, const ListenOptions& options = {});

/// Whether every address that `endpoint`'s host has is reached from this machine only: 127.0.0.0/8, ::1, a
/// Unix socket.
/// Blocks as above. Errors: unsupported (no such host).
[[nodiscard]] Result<bool> is_loopback(const Endpoint& endpoint);

}  // namespace larder::transport
