// transport/addresses.h: who is at the two ends of a connection, as text.
#pragma once

#include <string>

#include "transport/socket.h"

namespace larder::transport {

/// "127.0.0.1:50000", "[::1]:50000"; empty where the kernel does not say.
struct SocketAddresses {
  std::string peer;
  std::string local;
};

[[nodiscard]] SocketAddresses addresses_of(const Socket& socket);

}  // namespace larder::transport
