#include "cache/policy/s3_fifo.h"

#include "base/assert.h"

namespace larder::cache::policy {

S3Fifo::S3Fifo(const PolicyOptions& options, const S3FifoParameters& parameters)
    : capacity_(options.capacity),
      parameters_(parameters),
      small_size_max_(share_of(options.capacity, parameters.small_share)),
      main_size_max_(options.capacity - small_size_max_),
      ghost_size_max_(share_of(options.capacity, parameters.ghost_share)) {
  LARDER_ASSERT(parameters.hits_to_move_on <= parameters.hit_count_max);
}

bool S3Fifo::request(const Request& request) {
  const auto found = index_.find(request.id);
  const bool in_ghost = found != index_.end() && found->second->where == Where::ghost;
  if (found != index_.end() && !in_ghost) {
    if (found->second->hit_count < parameters_.hit_count_max) ++found->second->hit_count;
    return true;
  }
  if (request.size > capacity_) return false;
  // Before anything is evicted, for that could push this very id out of the ghost.
  if (in_ghost) forget(ghost_, found->second);
  while (request.size > capacity_ - resident_size()) evict();
  const bool to_main = in_ghost && parameters_.ghost_hit == S3FifoParameters::GhostHit::main;
  const Where where = to_main ? Where::main : Where::small;
  Queue& target = to_main ? main_ : small_;
  index_.emplace(
      request.id,
      target.push(
          {.id = request.id, .size = request.size, .hit_count = 0, .where = where, .went_round = false}));
  return false;
}

bool S3Fifo::contains(std::uint64_t id) const {
  const auto found = index_.find(id);
  return found != index_.end() && found->second->where != Where::ghost;
}

void S3Fifo::evict() {
  if (main_.size() > main_size_max_ || small_.empty()) {
    evict_main();
  } else {
    evict_small();
  }
}

// Evicts one, or none if all there were moved on. Ends: each turn the queue gets shorter or an object has
// gone round, which it does once.
void S3Fifo::evict_small() {
  while (!small_.empty()) {
    const Queue::Place head = small_.oldest();
    if (head->hit_count >= parameters_.hits_to_move_on) {
      head->where = Where::main;
      head->hit_count = 0;
      main_.take(head, small_);
      continue;
    }
    const bool tie = head->hit_count + 1 == parameters_.hits_to_move_on;
    if (tie && parameters_.tie == S3FifoParameters::Tie::stay && !head->went_round) {
      head->went_round = true;
      small_.renew(head);
      continue;
    }
    head->where = Where::ghost;
    ghost_.take(head, small_);
    while (ghost_.size() > ghost_size_max_) forget(ghost_, ghost_.oldest());
    return;
  }
}

// Ends: each turn lowers a count.
void S3Fifo::evict_main() {
  while (main_.oldest()->hit_count > 0) {
    --main_.oldest()->hit_count;
    main_.renew(main_.oldest());
  }
  forget(main_, main_.oldest());
}

void S3Fifo::forget(Queue& queue, Queue::Place place) {
  index_.erase(place->id);
  queue.remove(place);
}

void S3Fifo::walk(Visitor show) const {
  for (const Queue* const queue : {&small_, &main_}) {
    for (const Entry& entry : *queue) show({.id = entry.id, .size = entry.size});
  }
}

}  // namespace larder::cache::policy
