#include "cache/policy/lirs.h"

#include <algorithm>

namespace larder::cache::policy {

Lirs::Lirs(const PolicyOptions& options)
    : capacity_(options.capacity),
      lir_size_max_(options.capacity - std::max<std::uint64_t>(1, share_of(options.capacity, hir_share))) {}

bool Lirs::request(const Request& request) {
  const auto found = index_.find(request.id);
  const bool was_ghost = found != index_.end() && found->second.state == State::ghost;
  if (found != index_.end() && !was_ghost) {
    hit(request, found->second);
    limit_stack();
    return true;
  }
  if (request.size > capacity_) return false;
  if (was_ghost) forget_ghost(request.id, found->second);
  while (request.size > capacity_ - resident_size()) evict();
  admit(request, was_ghost);
  limit_stack();
  return false;
}

void Lirs::hit(const Request& request, Entry& entry) {
  if (!entry.stacked) {
    // Its last use lies below the bottom of S: as far as is known, it is as rarely used as before.
    entry.stack_place = stack_.push({.id = request.id, .size = entry.size});
    entry.stacked = true;
    queue_.renew(entry.queue_place);
    return;
  }
  stack_.renew(entry.stack_place);
  if (entry.state == State::lir) {
    prune();
    return;
  }
  queue_.remove(entry.queue_place);
  make_lir(entry);
}

// A ghost that is asked for again is, in S, a HIR object that was used: it becomes LIR. What is unknown
// becomes LIR only while there are too few of them.
void Lirs::admit(const Request& request, bool was_ghost) {
  Entry& entry = index_[request.id];
  entry = {.size = request.size,
           .state = State::hir,
           .stacked = true,
           .stack_place = stack_.push(request),
           .queue_place = {}};
  if (was_ghost || (request.size <= lir_size_max_ && lir_size_ <= lir_size_max_ - request.size)) {
    make_lir(entry);
  } else {
    entry.queue_place = queue_.push(request);
  }
}

// The entry is on top of S and in no queue.
void Lirs::make_lir(Entry& entry) {
  entry.state = State::lir;
  lir_size_ += entry.size;
  ++lir_count_;
  while (lir_size_ > lir_size_max_) demote_bottom();
}

// The LIR object at the bottom of S becomes the newest of Q.
void Lirs::demote_bottom() {
  prune();
  const Request bottom = *stack_.oldest();
  Entry& entry = index_.at(bottom.id);
  stack_.remove(entry.stack_place);
  entry.state = State::hir;
  entry.stacked = false;
  entry.queue_place = queue_.push(bottom);
  lir_size_ -= bottom.size;
  --lir_count_;
  prune();
}

// With one size Q is never empty when room is needed; with several it can be.
void Lirs::evict() {
  if (queue_.empty()) demote_bottom();
  const Queue::Place victim = queue_.oldest();
  const auto found = index_.find(victim->id);
  if (found->second.stacked) {
    found->second.state = State::ghost;
    ghosts_.take(victim, queue_);
  } else {
    queue_.remove(victim);
    index_.erase(found);
  }
}

void Lirs::prune() {
  while (!stack_.empty()) {
    const std::uint64_t id = stack_.oldest()->id;
    Entry& entry = index_.at(id);
    if (entry.state == State::lir) return;
    if (entry.state == State::ghost) {
      forget_ghost(id, entry);
    } else {
      stack_.remove(entry.stack_place);
      entry.stacked = false;
    }
  }
}

void Lirs::limit_stack() {
  while (stack_.size() > stack_factor * capacity_ && !ghosts_.empty()) {
    const std::uint64_t id = ghosts_.oldest()->id;
    forget_ghost(id, index_.at(id));
  }
}

void Lirs::forget_ghost(std::uint64_t id, const Entry& entry) {
  stack_.remove(entry.stack_place);
  ghosts_.remove(entry.queue_place);
  index_.erase(id);
}

bool Lirs::contains(std::uint64_t id) const {
  const auto found = index_.find(id);
  return found != index_.end() && found->second.state != State::ghost;
}

void Lirs::walk(Visitor show) const {
  for (const auto& [id, entry] : index_) {
    if (entry.state != State::ghost) show({.id = id, .size = entry.size});
  }
}

}  // namespace larder::cache::policy
