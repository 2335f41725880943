// transport/listener.h: opening the sockets that peers connect to.
#pragma once

#include <chrono>

#include "base/endpoint.h"
#include "base/result.h"
#include "transport/socket.h"

namespace larder::transport {

/// A listening socket and where it really listens.
struct Listener final {
  Socket socket;          // non-blocking, close-on-exec
  Endpoint endpoint;      // as asked for, with the port that the kernel picked where 0 was asked for
  bool loopback = false;  // bound to an address that only this machine reaches
};

/// Connections that may wait to be accepted. The kernel lowers it to net.core.somaxconn.
inline constexpr int backlog_default = 4096;

/// A connection that was silent for this long is asked whether its peer is there; three times unanswered,
/// each a third of this apart, and it ends. Redis has the same.
inline constexpr std::chrono::seconds keepalive_idle{300};

/// Listens on `endpoint`: a numeric IPv4 or IPv6 address, or a host name, whose first address that this
/// machine has is taken. An IPv6 address means IPv6 only, so that `[::]` and `0.0.0.0` go side by side on one
/// port. Accepted sockets inherit TCP_NODELAY and SO_KEEPALIVE, which spares two calls for each connection.
///
/// Blocks while a name is looked up: for the start of a program.
/// Errors: overloaded (in use, no descriptor), unsupported (no such host or address, not permitted); each
/// message names the address and the reason.
[[nodiscard]] Result<Listener> open_listener(const Endpoint& endpoint, int backlog = backlog_default);

/// Whether every address that `endpoint`'s host has is reached from this machine only (127.0.0.0/8, ::1).
/// Blocks as above. Errors: unsupported (no such host).
[[nodiscard]] Result<bool> is_loopback(const Endpoint& endpoint);

}  // namespace larder::transport
