#include "cache/segment/tenants.h"

#include <algorithm>
#include <thread>

namespace larder::cache::segment {
namespace {

// Shards that are compared with the asker; each call goes on with the next.
constexpr std::size_t look_count_max = 8;

// How often an asker with nothing of its own goes round while all others are busy.
constexpr int round_count_max = 1000;

}  // namespace

bool Tenants::try_one(Tenant& asker, Tenant& victim, std::size_t record_count_max, TimePoint now) {
  if (&victim == &asker || victim.mutex() == nullptr || victim.is_held_by_this_thread()) {
    return victim.give_way(record_count_max, now) > 0;
  }
  const std::unique_lock lock(*victim.mutex(), std::try_to_lock);
  return lock.owns_lock() && victim.give_way(record_count_max, now) > 0;
}

bool Tenants::make_way(Tenant& asker, std::size_t record_count_max, TimePoint now) {
  const std::size_t count = all_.size();
  const std::size_t look_count = std::min(count, look_count_max);
  for (int round = 0; round < round_count_max; ++round) {
    Tenant* oldest = &asker;
    for (std::size_t i = 0; i < look_count; ++i) {
      asker.next_look = asker.next_look + 1 < count ? asker.next_look + 1 : 0;
      Tenant* const tenant = all_[asker.next_look];
      if (tenant->next_stamp() < oldest->next_stamp()) oldest = tenant;
    }
    if (try_one(asker, *oldest, record_count_max, now)) return true;
    if (oldest != &asker && try_one(asker, asker, record_count_max, now)) return true;
    // Neither the one that should nor the asker: anybody.
    bool is_anything_left = false;
    for (Tenant* const tenant : all_) {
      if (tenant->next_stamp() == Tenant::nothing) continue;
      is_anything_left = true;
      if (try_one(asker, *tenant, record_count_max, now)) return true;
    }
    if (!is_anything_left) return false;
    std::this_thread::yield();
  }
  return false;
}

}  // namespace larder::cache::segment
