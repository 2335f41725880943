#include "session/request_rates.h"

#include <algorithm>
#include <utility>

#include "base/peer_network.h"

namespace larder::session {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t millisecond_ns = 1'000'000;
constexpr Duration forget_period{1000};

std::int64_t nanoseconds(TimePoint moment) { return moment.time_since_epoch().count() * millisecond_ns; }

std::int64_t interval_ns(std::uint64_t per_second) {
  return second_ns / static_cast<std::int64_t>(per_second);
}

}  // namespace

TimePoint RequestBucket::take(std::uint64_t per_second, TimePoint now) {
  const std::int64_t now_ns = nanoseconds(now);
  std::int64_t full_at_ns = full_at_ns_.load(std::memory_order_relaxed);
  std::int64_t later_ns = 0;
  do {
    later_ns = std::max(full_at_ns, now_ns) + interval_ns(per_second);
  } while (!full_at_ns_.compare_exchange_weak(full_at_ns, later_ns, std::memory_order_relaxed));
  const std::int64_t wait_ns = std::max<std::int64_t>(later_ns - second_ns - now_ns, 0);
  return now + Duration{(wait_ns + millisecond_ns - 1) / millisecond_ns};
}

void RequestBucket::give_back(std::uint64_t per_second) {
  full_at_ns_.fetch_sub(interval_ns(per_second), std::memory_order_relaxed);
}

bool RequestBucket::is_full(TimePoint now) const {
  return full_at_ns_.load(std::memory_order_relaxed) <= nanoseconds(now);
}

std::shared_ptr<RequestBucket> RequestRates::bucket_of_address(Bytes peer) {
  const std::string network = bounds_.per_address == 0 ? "" : peer_network(peer);
  if (network.empty()) return nullptr;
  const std::lock_guard lock(mutex_);
  const auto found = addresses_.find(network);
  if (found != addresses_.end()) return found->second;
  if (addresses_.size() >= address_count_max) return of_further_addresses_;
  return addresses_.emplace(network, std::make_shared<RequestBucket>()).first->second;
}

std::shared_ptr<RequestBucket> RequestRates::bucket_of_user(Bytes name) {
  if (bounds_.per_user == 0) return nullptr;
  const std::lock_guard lock(mutex_);
  const auto found = users_.find(name);
  if (found != users_.end()) return found->second;
  return users_.emplace(std::string(name), std::make_shared<RequestBucket>()).first->second;
}

void RequestRates::tick(TimePoint now) {
  const std::lock_guard lock(mutex_);
  const bool is_set_back = now < ticked_at_;
  ticked_at_ = now;
  if (now < forgets_at_ && !is_set_back) return;
  if (is_set_back) {
    for (const Buckets* const buckets : {&addresses_, &users_}) {
      for (const auto& [name, bucket] : *buckets) bucket->fill();
    }
    of_further_addresses_->fill();
  }
  forgets_at_ = now + forget_period;
  forget(addresses_, now);
  forget(users_, now);
}

// Nobody gets one that is not in the table, so that a count of one stays one while it is locked.
void RequestRates::forget(Buckets& buckets, TimePoint now) {
  std::erase_if(buckets, [&](const auto& entry) {
    return entry.second.use_count() == 1 && entry.second->is_full(now);
  });
}

// Most who wait find that somebody is noted already, which costs them a load.
void RequestRates::note_delayed(Kind kind, Bytes name) {
  Delayed& delayed = delayed_[static_cast<std::size_t>(kind)];
  if (delayed.is_noted.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(mutex_);
  delayed.name = name;
  delayed.is_noted.store(true, std::memory_order_relaxed);
}

std::string RequestRates::take_delayed(Kind kind) {
  const std::lock_guard lock(mutex_);
  Delayed& delayed = delayed_[static_cast<std::size_t>(kind)];
  delayed.is_noted.store(false, std::memory_order_relaxed);
  return std::exchange(delayed.name, {});
}

std::size_t RequestRates::bucket_count() const {
  const std::lock_guard lock(mutex_);
  return addresses_.size() + users_.size();
}

}  // namespace larder::session
