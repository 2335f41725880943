#include "base/peer_network.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdint>
#include <netinet/in.h>
#include <sys/socket.h>

namespace larder {

std::string peer_network(Bytes peer) {
  const std::size_t colon = peer.rfind(':');
  if (colon == Bytes::npos || peer.front() == '/') return "";
  std::string host(peer.substr(0, colon));
  if (!host.starts_with('[') || !host.ends_with(']')) return host;
  constexpr std::size_t network_size = 8;
  in6_addr address{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  host = host.substr(1, host.size() - 2);
  if (::inet_pton(AF_INET6, host.c_str(), &address) != 1) return host;
  std::fill(std::begin(address.s6_addr) + network_size, std::end(address.s6_addr), std::uint8_t{0});
  ::inet_ntop(AF_INET6, &address, text.data(), text.size());
  return std::string(text.data()) + "/64";
}

}  // namespace larder
