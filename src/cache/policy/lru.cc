#include "cache/policy/lru.h"

namespace larder::cache::policy {

bool Lru::request(const Request& request) {
  if (const auto found = index_.find(request.id); found != index_.end()) {
    queue_.renew(found->second);
    return true;
  }
  if (request.size > capacity_) return false;
  while (request.size > capacity_ - queue_.size()) {
    index_.erase(queue_.oldest()->id);
    queue_.remove(queue_.oldest());
  }
  index_.emplace(request.id, queue_.push(request));
  return false;
}

void Lru::walk(Visitor show) const {
  for (const Request& entry : queue_) show(entry);
}

}  // namespace larder::cache::policy
