#include "cache/policy/fifo.h"

namespace larder::cache::policy {

bool Fifo::request(const Request& request) {
  if (index_.contains(request.id)) return true;
  if (request.size > capacity_) return false;
  while (request.size > capacity_ - queue_.size()) {
    index_.erase(queue_.oldest()->id);
    queue_.remove(queue_.oldest());
  }
  queue_.push(request);
  index_.insert(request.id);
  return false;
}

void Fifo::walk(Visitor show) const {
  for (const Request& entry : queue_) show(entry);
}

}  // namespace larder::cache::policy
