// cache/policy/arc.h: ARC, adaptive replacement cache.
//
// Two LRU queues: T1 of what was asked for once lately, T2 of what was asked for at least twice. Each has a
// ghost, the ids that it evicted last: B1, B2. A miss that is found in B1 says that T1 was too short, one in
// B2 that T2 was; each moves the target size of T1, and so the policy tunes itself between recency and
// frequency.
//
//        B1 (ids)  <--oldest-- [ T1: once ]     [ T2: twice or more ] --oldest-->  B2 (ids)
//           |                       |  a hit        ^        ^                        |
//           | found: target up      +---------------+        |     found: target down |
//           +------------------------------------------------+------------------------+
//
//   T1 + T2 <= capacity    T1 + B1 <= capacity    T1 + T2 + B1 + B2 <= 2 x capacity
//
// Source: Megiddo, Modha, "ARC: A Self-Tuning, Low Overhead Replacement Cache", FAST 2003.
// Differs from the paper: entries have sizes, so one insert may evict several and the target moves in units
// of size; the ghosts are cut to their bounds after an insert instead of one entry before it, which comes to
// the same with one size.
#pragma once

#include <unordered_map>

#include "cache/policy/policy.h"
#include "cache/policy/sized_queue.h"

namespace larder::cache::policy {

/// Balances recency and frequency by what its two ghosts would have hit.
///
/// Units      as PolicyOptions::capacity
/// Ownership  owns its queues and index
/// Threads    one at a time; takes no lock
/// Errors     none: the capacity was checked by make_policy()
/// Invariant  an id is on exactly one of the four queues, and the index knows its place there; between calls
///            the three sums above hold, and 0 <= target <= capacity
class Arc final : public Policy {
 public:
  explicit Arc(const PolicyOptions& options) : capacity_(options.capacity) {}

  bool request(const Request& request) override;
  [[nodiscard]] bool contains(std::uint64_t id) const override;
  [[nodiscard]] std::uint64_t resident_size() const override { return once_.size() + often_.size(); }
  [[nodiscard]] std::size_t resident_count() const override { return once_.count() + often_.count(); }
  void walk(Visitor show) const override;

 private:
  enum class Where : std::uint8_t { once, often, once_ghost, often_ghost };
  struct Entry {
    std::uint64_t id;
    std::uint64_t size;
    Where where;
  };
  using Queue = SizedQueue<Entry>;

  void adapt(const Entry& ghost);
  void evict(bool for_often_ghost);
  void cut_ghosts();
  void forget(Queue& queue, Queue::Place place);

  std::uint64_t capacity_;
  double target_ = 0;  // of T1's size: the paper's p
  Queue once_;         // T1
  Queue often_;        // T2
  Queue once_ghost_;   // B1: not resident
  Queue often_ghost_;  // B2: not resident
  std::unordered_map<std::uint64_t, Queue::Place> index_;
};

}  // namespace larder::cache::policy
