#include "transport/addresses.h"

#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace larder::transport {
namespace {

std::string text_of(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> host{};
  if (address.ss_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, &address, sizeof four);
    ::inet_ntop(AF_INET, &four.sin_addr, host.data(), host.size());
    return std::string(host.data()) + ":" + std::to_string(ntohs(four.sin_port));
  }
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 six{};
    std::memcpy(&six, &address, sizeof six);
    ::inet_ntop(AF_INET6, &six.sin6_addr, host.data(), host.size());
    return "[" + std::string(host.data()) + "]:" + std::to_string(ntohs(six.sin6_port));
  }
  if (address.ss_family == AF_UNIX) {
    sockaddr_un path{};
    std::memcpy(&path, &address, sizeof path);
    if (path.sun_path[0] == '/')
      return std::string(path.sun_path, ::strnlen(path.sun_path, sizeof path.sun_path)) + ":0";
  }
  return "";
}

}  // namespace

SocketAddresses addresses_of(const Socket& socket) {
  SocketAddresses addresses;
  sockaddr_storage storage{};
  auto* const address = reinterpret_cast<sockaddr*>(&storage);
  socklen_t size = sizeof storage;
  if (::getpeername(socket.get(), address, &size) == 0) addresses.peer = text_of(storage);
  size = sizeof storage;
  if (::getsockname(socket.get(), address, &size) == 0) addresses.local = text_of(storage);
  if (storage.ss_family == AF_UNIX) addresses.peer = addresses.local;
  return addresses;
}

}  // namespace larder::transport
