#include "cache/policy/belady.h"

#include <iterator>
#include <limits>

#include "base/assert.h"

namespace larder::cache::policy {
namespace {

constexpr std::uint64_t never_again = std::numeric_limits<std::uint64_t>::max();

}  // namespace

Belady::Belady(const PolicyOptions& options)
    : capacity_(options.capacity), future_(options.future), next_use_(options.future.size(), never_again) {
  std::unordered_map<std::uint64_t, std::uint64_t> next;  // id -> the first use after the index
  for (std::uint64_t index = future_.size(); index-- > 0;) {
    const auto [found, is_last_use] = next.try_emplace(future_[index].id, index);
    if (!is_last_use) next_use_[index] = std::exchange(found->second, index);
  }
}

bool Belady::request(const Request& request) {
  LARDER_ASSERT(now_ < future_.size());
  LARDER_ASSERT(request.id == future_[now_].id);
  const std::uint64_t next_use = next_use_[now_++];

  if (const auto found = index_.find(request.id); found != index_.end()) {
    by_next_use_.erase({found->second.next_use, request.id});
    by_next_use_.emplace(next_use, request.id);
    found->second.next_use = next_use;
    return true;
  }
  if (request.size > capacity_) return false;
  while (request.size > capacity_ - resident_size_) evict();
  index_.emplace(request.id, Entry{.size = request.size, .next_use = next_use});
  by_next_use_.emplace(next_use, request.id);
  resident_size_ += request.size;
  return false;
}

void Belady::evict() {
  const auto furthest = std::prev(by_next_use_.end());
  const auto victim = index_.find(furthest->second);
  resident_size_ -= victim->second.size;
  index_.erase(victim);
  by_next_use_.erase(furthest);
}

void Belady::walk(Visitor show) const {
  for (const auto& [id, entry] : index_) show({.id = id, .size = entry.size});
}

}  // namespace larder::cache::policy
