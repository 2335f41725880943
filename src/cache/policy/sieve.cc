#include "cache/policy/sieve.h"

#include <iterator>

namespace larder::cache::policy {

bool Sieve::request(const Request& request) {
  if (const auto found = index_.find(request.id); found != index_.end()) {
    found->second->used = true;
    return true;
  }
  if (request.size > capacity_) return false;
  while (request.size > capacity_ - queue_.size()) evict();
  index_.emplace(request.id, queue_.push({.id = request.id, .size = request.size, .used = false}));
  return false;
}

// Ends after two walks at most: the first clears every bit. A hand that has passed the newest entry starts
// again at the oldest, even if others have been added meanwhile: those are looked at last.
void Sieve::evict() {
  if (hand_ == queue_.behind_newest()) hand_ = queue_.oldest();
  while (hand_->used) {
    hand_->used = false;
    ++hand_;
    if (hand_ == queue_.behind_newest()) hand_ = queue_.oldest();
  }
  const Queue::Place victim = hand_;
  ++hand_;
  index_.erase(victim->id);
  queue_.remove(victim);
}

void Sieve::walk(Visitor show) const {
  for (const Entry& entry : queue_) show({.id = entry.id, .size = entry.size});
}

}  // namespace larder::cache::policy
