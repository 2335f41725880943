// transport/addresses.h: who is at the two ends of a connection, as text.
#pragma once

#include <string>

#include "transport/socket.h"

namespace larder::transport {

/// "127.0.0.1:50000", "[::1]:50000"; of a Unix socket that was listened on, both are its path as Redis writes
/// it, "/run/larder.sock:0", since who connects has none. Empty where the kernel does not say.
struct SocketAddresses {
  std::string peer;
  std::string local;
};

[[nodiscard]] SocketAddresses addresses_of(const Socket& socket);

}  // namespace larder::transport
