// cache/policy/clock.h: CLOCK, the second chance.
//
// The objects stand in a ring in order of arrival, each with one bit. A hit sets the bit and moves nothing.
// To evict, the hand goes round, clears bits, and takes the first object whose bit is clear already; the new
// object is put where the hand has just been, so the hand reaches it last.
//
//            [e3 1]
//      [e2 0]      [e4 0]      hand at e3: clears its bit, goes on,
//    [e1 1]          [e5 1]    and takes e4
//
// Cut the ring at the hand and it is a queue whose oldest end is where the hand stands; to spare an object is
// to make it the newest. That is how it is kept here: the same decisions, no hand.
//
// Source: Corbató, "A Paging Experiment with the Multics System", MIT Project MAC Report MAC-M-384, 1968.
// Differs from the paper: entries have sizes, so one insert may evict several.
#pragma once

#include <unordered_map>

#include "cache/policy/policy.h"
#include "cache/policy/sized_queue.h"

namespace larder::cache::policy {

/// Evicts in order of arrival, but spares once what was asked for since it was last looked at.
///
/// Units      as PolicyOptions::capacity
/// Ownership  owns its queue and index
/// Threads    one at a time; takes no lock
/// Errors     none: the capacity was checked by make_policy()
/// Invariant  the index holds exactly the ids of the queue
class Clock final : public Policy {
 public:
  explicit Clock(const PolicyOptions& options) : capacity_(options.capacity) {}

  bool request(const Request& request) override;
  [[nodiscard]] bool contains(std::uint64_t id) const override { return index_.contains(id); }
  [[nodiscard]] std::uint64_t resident_size() const override { return queue_.size(); }
  [[nodiscard]] std::size_t resident_count() const override { return queue_.count(); }
  void walk(Visitor show) const override;

 private:
  struct Entry {
    std::uint64_t id;
    std::uint64_t size;
    bool used;
  };
  using Queue = SizedQueue<Entry>;

  void evict();

  std::uint64_t capacity_;
  Queue queue_;  // the oldest is the one under the hand
  std::unordered_map<std::uint64_t, Queue::Place> index_;
};

}  // namespace larder::cache::policy
