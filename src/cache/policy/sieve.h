// cache/policy/sieve.h: SIEVE.
//
// A queue in arrival order and one hand. A hit sets a bit and moves nothing. To evict, the hand walks from
// oldest to newest, clearing bits, and takes the first entry whose bit is clear already.
//
//   newest [e7 0] [e6 1] [e4 0] [e2 1] oldest
//                          ^ hand, walks left
//
// CLOCK would make what it spares the newest. SIEVE leaves it where it stands, so behind the hand lie the
// objects that have proved themselves, and what is new has to get past the hand once before it is among them.
//
// Source: Zhang, Yang, Yue, Vigfusson, Rashmi, "SIEVE is Simpler than LRU: an Efficient Turn-Key Eviction
// Algorithm for Web Caches", NSDI 2024.
// Differs from the paper: entries have sizes, so one insert may evict several.
#pragma once

#include <unordered_map>

#include "cache/policy/policy.h"
#include "cache/policy/sized_queue.h"

namespace larder::cache::policy {

/// Evicts, in order of arrival, what was not asked for since the hand last came by.
///
/// Units      as PolicyOptions::capacity
/// Ownership  owns its queue and index
/// Threads    one at a time; takes no lock
/// Errors     none: the capacity was checked by make_policy()
/// Invariant  the index holds exactly the ids of the queue; the hand is on an entry of it or at its end
class Sieve final : public Policy {
 public:
  explicit Sieve(const PolicyOptions& options) : capacity_(options.capacity), hand_(queue_.behind_newest()) {}

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
  Queue queue_;
  Queue::Place hand_;  // at the end: the next walk starts at the oldest
  std::unordered_map<std::uint64_t, Queue::Place> index_;
};

}  // namespace larder::cache::policy
