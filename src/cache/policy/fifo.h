// cache/policy/fifo.h: FIFO, first in, first out.
//
// A queue in order of arrival. A hit changes nothing; the object that came first leaves first.
//
//   newest [e5] [e4] [e3] [e2] oldest -> out
//
// The least that an eviction policy can do, and so the yardstick: what another policy earns, it earns over
// this one. A cache that is FIFO writes no list on a hit, which is why newer policies (SIEVE, S3-FIFO) are
// FIFO queues with a bit or two added.
//
// Source: Belady, "A Study of Replacement Algorithms for a Virtual-Storage Computer", IBM Systems Journal
// 5(2), 1966, which measures it beside random choice and the optimum.
// Differs from the paper: entries have sizes, so one insert may evict several.
#pragma once

#include <unordered_set>

#include "cache/policy/policy.h"
#include "cache/policy/sized_queue.h"

namespace larder::cache::policy {

/// Evicts in order of arrival.
///
/// Units      as PolicyOptions::capacity
/// Ownership  owns its queue and index
/// Threads    one at a time; takes no lock
/// Errors     none: the capacity was checked by make_policy()
/// Invariant  the index holds exactly the ids of the queue
class Fifo final : public Policy {
 public:
  explicit Fifo(const PolicyOptions& options) : capacity_(options.capacity) {}

  bool request(const Request& request) override;
  [[nodiscard]] bool contains(std::uint64_t id) const override { return index_.contains(id); }
  [[nodiscard]] std::uint64_t resident_size() const override { return queue_.size(); }
  [[nodiscard]] std::size_t resident_count() const override { return queue_.count(); }
  void walk(Visitor show) const override;

 private:
  std::uint64_t capacity_;
  SizedQueue<Request> queue_;
  std::unordered_set<std::uint64_t> index_;
};

}  // namespace larder::cache::policy
