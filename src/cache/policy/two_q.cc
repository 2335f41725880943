#include "cache/policy/two_q.h"

namespace larder::cache::policy {

bool TwoQ::request(const Request& request) {
  const auto found = index_.find(request.id);
  const bool remembered = found != index_.end() && found->second->where == Where::out;
  if (found != index_.end() && !remembered) {
    if (found->second->where == Where::main) main_.renew(found->second);
    return true;
  }
  if (request.size > capacity_) return false;
  // Before anything is evicted, for that could push this very id out of A1out.
  if (remembered) forget(out_, found->second);
  while (request.size > capacity_ - resident_size()) evict();
  Queue& target = remembered ? main_ : in_;
  const Where where = remembered ? Where::main : Where::in;
  index_.emplace(request.id, target.push({.id = request.id, .size = request.size, .where = where}));
  return false;
}

bool TwoQ::contains(std::uint64_t id) const {
  const auto found = index_.find(id);
  return found != index_.end() && found->second->where != Where::out;
}

void TwoQ::evict() {
  if (in_.size() > in_size_max_ || main_.empty()) {
    remember(in_.oldest());
  } else {
    forget(main_, main_.oldest());
  }
}

// Takes the oldest of A1in out of the cache and keeps its id.
void TwoQ::remember(Queue::Place place) {
  place->where = Where::out;
  out_.take(place, in_);
  while (out_.size() > out_size_max_) forget(out_, out_.oldest());
}

void TwoQ::forget(Queue& queue, Queue::Place place) {
  index_.erase(place->id);
  queue.remove(place);
}

void TwoQ::walk(Visitor show) const {
  for (const Queue* const queue : {&in_, &main_}) {
    for (const Entry& entry : *queue) show({.id = entry.id, .size = entry.size});
  }
}

}  // namespace larder::cache::policy
