// cache/policy/lru.h: LRU, least recently used.
//
// A queue in order of use. A hit moves the object to the newest end; the object that was not asked for
// longest leaves first.
//
//   newest [e4] [e7] [e1] [e3] oldest -> out
//            ^         |
//            +---------+  a hit on e1
//
// LRU has the inclusion property: what a cache holds, a larger one holds too. Its weakness is the loop: over
// one object more than fit, it evicts each just before it is asked for again and never hits.
//
// Source: Mattson, Gecsei, Slutz, Traiger, "Evaluation Techniques for Storage Hierarchies", IBM Systems
// Journal 9(2), 1970.
// Differs from the paper: entries have sizes, so one insert may evict several, and inclusion no longer holds.
#pragma once

#include <unordered_map>

#include "cache/policy/policy.h"
#include "cache/policy/sized_queue.h"

namespace larder::cache::policy {

/// Evicts in order of last use.
///
/// Units      as PolicyOptions::capacity
/// Ownership  owns its queue and index
/// Threads    one at a time; takes no lock
/// Errors     none: the capacity was checked by make_policy()
/// Invariant  the index holds exactly the ids of the queue
class Lru final : public Policy {
 public:
  explicit Lru(const PolicyOptions& options) : capacity_(options.capacity) {}

  bool request(const Request& request) override;
  [[nodiscard]] bool contains(std::uint64_t id) const override { return index_.contains(id); }
  [[nodiscard]] std::uint64_t resident_size() const override { return queue_.size(); }
  [[nodiscard]] std::size_t resident_count() const override { return queue_.count(); }
  void walk(Visitor show) const override;

 private:
  using Queue = SizedQueue<Request>;

  std::uint64_t capacity_;
  Queue queue_;
  std::unordered_map<std::uint64_t, Queue::Place> index_;
};

}  // namespace larder::cache::policy
