#include "cache/policy/arc.h"

#include <algorithm>

namespace larder::cache::policy {

bool Arc::request(const Request& request) {
  const auto found = index_.find(request.id);
  if (found != index_.end() && found->second->where == Where::once) {
    found->second->where = Where::often;
    often_.take(found->second, once_);
    return true;
  }
  if (found != index_.end() && found->second->where == Where::often) {
    often_.renew(found->second);
    return true;
  }
  if (request.size > capacity_) return false;

  Where where = Where::once;
  bool was_often = false;
  if (found != index_.end()) {
    const Queue::Place ghost = found->second;
    was_often = ghost->where == Where::often_ghost;
    where = Where::often;
    adapt(*ghost);
    forget(was_often ? often_ghost_ : once_ghost_, ghost);
  }
  while (request.size > capacity_ - resident_size()) evict(was_often);
  Queue& target = where == Where::often ? often_ : once_;
  index_.emplace(request.id, target.push({.id = request.id, .size = request.size, .where = where}));
  cut_ghosts();
  return false;
}

bool Arc::contains(std::uint64_t id) const {
  const auto found = index_.find(id);
  return found != index_.end() &&
         (found->second->where == Where::once || found->second->where == Where::often);
}

// The rarer ghost's hits weigh more. The paper leaves open whether its steps are whole numbers; here they
// are not.
void Arc::adapt(const Entry& ghost) {
  const auto once = static_cast<double>(std::max<std::uint64_t>(1, once_ghost_.size()));
  const auto often = static_cast<double>(std::max<std::uint64_t>(1, often_ghost_.size()));
  const auto size = static_cast<double>(ghost.size);
  if (ghost.where == Where::once_ghost) {
    target_ = std::min(static_cast<double>(capacity_), target_ + size * std::max(1.0, often / once));
  } else {
    target_ = std::max(0.0, target_ - size * std::max(1.0, once / often));
  }
}

// The paper's REPLACE.
void Arc::evict(bool for_often_ghost) {
  const auto once_size = static_cast<double>(once_.size());
  const bool once_is_over = once_size > target_ || (for_often_ghost && once_size == target_);
  if (often_.empty() || (!once_.empty() && once_is_over)) {
    once_.oldest()->where = Where::once_ghost;
    once_ghost_.take(once_.oldest(), once_);
  } else {
    often_.oldest()->where = Where::often_ghost;
    often_ghost_.take(often_.oldest(), often_);
  }
}

void Arc::cut_ghosts() {
  while (!once_ghost_.empty() && once_.size() + once_ghost_.size() > capacity_) {
    forget(once_ghost_, once_ghost_.oldest());
  }
  while (!often_ghost_.empty() &&
         resident_size() + once_ghost_.size() + often_ghost_.size() > 2 * capacity_) {
    forget(often_ghost_, often_ghost_.oldest());
  }
}

void Arc::forget(Queue& queue, Queue::Place place) {
  index_.erase(place->id);
  queue.remove(place);
}

void Arc::walk(Visitor show) const {
  for (const Queue* const queue : {&once_, &often_}) {
    for (const Entry& entry : *queue) show({.id = entry.id, .size = entry.size});
  }
}

}  // namespace larder::cache::policy
