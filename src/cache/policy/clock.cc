#include "cache/policy/clock.h"

namespace larder::cache::policy {

bool Clock::request(const Request& request) {
  if (const auto found = index_.find(request.id); found != index_.end()) {
    found->second->used = true;
    return true;
  }
  if (request.size > capacity_) return false;
  while (request.size > capacity_ - queue_.size()) evict();
  index_.emplace(request.id, queue_.push({.id = request.id, .size = request.size, .used = false}));
  return false;
}

// Ends after one round at most: by then every bit is clear.
void Clock::evict() {
  while (queue_.oldest()->used) {
    queue_.oldest()->used = false;
    queue_.renew(queue_.oldest());
  }
  index_.erase(queue_.oldest()->id);
  queue_.remove(queue_.oldest());
}

void Clock::walk(Visitor show) const {
  for (const Entry& entry : queue_) show({.id = entry.id, .size = entry.size});
}

}  // namespace larder::cache::policy
