#include "session/request_rates.h"

#include <algorithm>

#include "base/peer_network.h"

namespace larder::session {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t millisecond_ns = 1'000'000;
constexpr Duration forget_period{1000};

/// So many may find the last token at the same moment, one on each worker.
constexpr std::int64_t taker_count_max = 1024;

std::int64_t nanoseconds(TimePoint moment) { return moment.time_since_epoch().count() * millisecond_ns; }

std::int64_t interval_ns(std::uint64_t per_second) {
  return second_ns / static_cast<std::int64_t>(per_second);
}

/// How much is missing of a full bucket. More than could have been taken says that the clock was set back.
std::int64_t missing_ns(std::int64_t full_at_ns, std::uint64_t per_second, TimePoint now) {
  const std::int64_t missing = full_at_ns - nanoseconds(now);
  return missing > second_ns + taker_count_max * interval_ns(per_second) ? 0
                                                                         : std::max<std::int64_t>(missing, 0);
}

}  // namespace

std::optional<TimePoint> RequestBucket::next(std::uint64_t per_second, TimePoint now) const {
  const std::int64_t missing = missing_ns(full_at_ns_.load(std::memory_order_relaxed), per_second, now);
  const std::int64_t wait_ns = missing - (second_ns - interval_ns(per_second));
  if (wait_ns <= 0) return std::nullopt;
  return now + Duration{(wait_ns + millisecond_ns - 1) / millisecond_ns};
}

void RequestBucket::take(std::uint64_t per_second, TimePoint now) {
  std::int64_t full_at_ns = full_at_ns_.load(std::memory_order_relaxed);
  std::int64_t later_ns = 0;
  do {
    later_ns = nanoseconds(now) + missing_ns(full_at_ns, per_second, now) + interval_ns(per_second);
  } while (!full_at_ns_.compare_exchange_weak(full_at_ns, later_ns, std::memory_order_relaxed));
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
  const bool is_set_back = now + forget_period < forgets_at_;
  if (now < forgets_at_ && !is_set_back) return;
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

std::size_t RequestRates::bucket_count() const {
  const std::lock_guard lock(mutex_);
  return addresses_.size() + users_.size();
}

}  // namespace larder::session
