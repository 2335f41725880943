#include "cache/segment/tenants.h"

#include <algorithm>
#include <thread>

namespace larder::cache::segment {
namespace {

// Shards that are compared for one choice; in a cache with more, the next choice looks at the next.
constexpr std::size_t tenant_look_count_max = 64;

// How often an asker with nothing of its own goes round while all others are busy.
constexpr int round_count_max = 1000;

}  // namespace

Tenant& Tenants::choose(Tenant& asker) {
  Tenant* oldest = &asker;
  const std::size_t look_count = std::min(all_.size(), tenant_look_count_max);
  const std::size_t first = next_look_.fetch_add(look_count, std::memory_order_relaxed);
  for (std::size_t i = 0; i < look_count; ++i) {
    Tenant* const tenant = all_[(first + i) % all_.size()];
    if (tenant->next_stamp() < oldest->next_stamp()) oldest = tenant;
  }
  current_.store(oldest, std::memory_order_relaxed);
  return *oldest;
}

std::optional<Tenant::Progress> Tenants::try_one(Tenant& asker, Tenant& victim, std::size_t record_count_max,
                                                 TimePoint now, Need need) {
  std::unique_lock<std::mutex> lock;
  if (&victim != &asker && victim.mutex() != nullptr && !victim.is_held_by_this_thread()) {
    lock = std::unique_lock(*victim.mutex(), std::try_to_lock);
    if (!lock.owns_lock()) return std::nullopt;
  }
  const Tenant::Progress progress = victim.give_way(record_count_max, now, need);
  if (progress.has_freed_segment || progress.record_count == 0) {
    Tenant* expected = &victim;
    current_.compare_exchange_strong(expected, nullptr, std::memory_order_relaxed);
  }
  return progress;
}

void Tenants::help(Tenant& asker, std::size_t record_count_max, TimePoint now) {
  Tenant* const current = current_.load(std::memory_order_relaxed);
  static_cast<void>(
      try_one(asker, current != nullptr ? *current : choose(asker), record_count_max, now, Need::soon));
}

Tenant::Progress Tenants::make_way(std::size_t record_count_max, TimePoint now, Need need) {
  Tenant* const current = current_.load(std::memory_order_relaxed);
  Tenant& victim = current != nullptr ? *current : choose(*all_.front());
  std::unique_lock<std::mutex> lock;
  if (victim.mutex() != nullptr) lock = std::unique_lock(*victim.mutex());
  return make_way(victim, record_count_max, now, need);
}

Tenant::Progress Tenants::make_way(Tenant& asker, std::size_t record_count_max, TimePoint now, Need need) {
  for (int round = 0; round < round_count_max; ++round) {
    bool is_anybody_busy = false;
    const auto looks_at = [&](Tenant& victim) {
      const auto progress = try_one(asker, victim, record_count_max, now, need);
      is_anybody_busy = is_anybody_busy || !progress;
      return progress.value_or(Tenant::Progress{});
    };
    Tenant* const current = current_.load(std::memory_order_relaxed);
    Tenant& first = current != nullptr ? *current : choose(asker);
    if (const auto progress = looks_at(first); progress.record_count > 0) return progress;
    if (&first != &asker) {
      if (const auto progress = looks_at(asker); progress.record_count > 0) return progress;
    }
    // Neither the one that should nor the asker: anybody.
    is_anybody_busy = false;
    for (Tenant* const tenant : all_) {
      if (tenant->next_stamp() == Tenant::nothing) continue;
      if (const auto progress = looks_at(*tenant); progress.record_count > 0) return progress;
    }
    if (!is_anybody_busy) break;
    std::this_thread::yield();
  }
  return {};
}

}  // namespace larder::cache::segment
