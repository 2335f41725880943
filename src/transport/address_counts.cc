#include "transport/address_counts.h"

#include "base/assert.h"
#include "base/peer_network.h"

namespace larder::transport {

std::optional<AddressCounts::Place> AddressCounts::take(std::string_view peer) {
  if (count_max_ == 0) return Place();
  std::string address = peer_network(peer);
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

}  // namespace larder::transport
