// transport/address_counts.h: how many connections each address has, for --connections-per-address.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace larder::transport {

/// Counts connections by the address that they come from (base/peer_network.h).
///
/// Ownership  outlives its places
/// Threads    any
/// Errors     none: who has no place is refused
/// Invariant  an entry for each address that has a place, and so no more than there are connections
class AddressCounts final {
 public:
  /// One connection of an address, for as long as it lives. Empty: of nobody.
  class Place final {
   public:
    Place() = default;
    Place(Place&& other) noexcept
        : counts_(std::exchange(other.counts_, nullptr)), address_(std::move(other.address_)) {}
    Place& operator=(Place&&) = delete;
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      if (counts_ != nullptr) counts_->give_back(address_);
    }

   private:
    friend class AddressCounts;
    Place(AddressCounts& counts, std::string address) : counts_(&counts), address_(std::move(address)) {}

    AddressCounts* counts_ = nullptr;
    std::string address_;
  };

  /// 0: there is no bound, and nothing is counted.
  explicit AddressCounts(std::size_t count_max) : count_max_(count_max) {}

  /// nullopt: the address has as many as it may.
  [[nodiscard]] std::optional<Place> take(std::string_view peer);

  [[nodiscard]] std::size_t address_count() const;

 private:
  void give_back(const std::string& address);

  std::size_t count_max_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> counts_;
};

}  // namespace larder::transport
