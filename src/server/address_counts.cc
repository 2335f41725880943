#include "server/address_counts.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/assert.h"

namespace larder::server {

std::string counted_address(std::string_view peer) {
  const std::size_t colon = peer.rfind(':');
  if (colon == std::string_view::npos || peer.front() == '/') return "";
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

std::optional<AddressCounts::Place> AddressCounts::take(std::string_view peer) {
  if (count_max_ == 0) return Place();
  std::string address = counted_address(peer);
  if (address.empty()) return Place();
  const std::lock_guard lock(mutex_);
  std::size_t& count = counts_[address];
  if (count >= count_max_) return std::nullopt;
  ++count;
  return Place(*this, std::move(address));
}

std::size_t AddressCounts::address_count() const {
  const std::lock_guard lock(mutex_);
  return counts_.size();
}

void AddressCounts::give_back(const std::string& address) {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(address);
  LARDER_ASSERT(found != counts_.end());
  if (--found->second == 0) counts_.erase(found);
}

}  // namespace larder::server
