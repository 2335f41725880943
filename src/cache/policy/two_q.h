// cache/policy/two_q.h: 2Q (the paper's full version).
//
// A first use says little: most objects are used once, or several times within a moment and never again. So a
// new object enters a short FIFO queue, in which hits change nothing. Evicted from there it leaves its id
// behind; only if it is asked for again while its id is remembered does it enter the main queue, an LRU.
//
//   miss, unknown --> [ A1in: FIFO, 25 % ] --evicted--> ( A1out: ids of 50 % )
//                                                            |
//   miss, remembered <--------------------------------------+
//          |
//          +--> [ Am: LRU, what A1in leaves ] --evicted--> forgotten
//
// Source: Johnson, Shasha, "2Q: A Low Overhead High Performance Buffer Management Replacement Algorithm",
// VLDB 1994.
// Differs from the paper: entries have sizes, so one insert may evict several, and A1out is bounded by the
// sizes of what its ids stood for. Where Am is empty, A1in gives way even below its share.
#pragma once

#include <unordered_map>

#include "cache/policy/policy.h"
#include "cache/policy/sized_queue.h"

namespace larder::cache::policy {

/// Admits to its LRU only what was asked for again some time after its first use.
///
/// Units      as PolicyOptions::capacity
/// Ownership  owns its queues and index
/// Threads    one at a time; takes no lock
/// Errors     none: the capacity was checked by make_policy()
/// Invariant  an id is on exactly one queue, and the index knows its place there
class TwoQ final : public Policy {
 public:
  static constexpr double in_share = 0.25;   // of the capacity: Kin
  static constexpr double out_share = 0.50;  // of the capacity: Kout

  explicit TwoQ(const PolicyOptions& options)
      : capacity_(options.capacity),
        in_size_max_(share_of(options.capacity, in_share)),
        out_size_max_(share_of(options.capacity, out_share)) {}

  bool request(const Request& request) override;
  [[nodiscard]] bool contains(std::uint64_t id) const override;
  [[nodiscard]] std::uint64_t resident_size() const override { return in_.size() + main_.size(); }
  [[nodiscard]] std::size_t resident_count() const override { return in_.count() + main_.count(); }
  void walk(Visitor show) const override;

 private:
  enum class Where : std::uint8_t { in, out, main };
  struct Entry {
    std::uint64_t id;
    std::uint64_t size;
    Where where;
  };
  using Queue = SizedQueue<Entry>;

  void evict();
  void remember(Queue::Place place);
  void forget(Queue& queue, Queue::Place place);

  std::uint64_t capacity_;
  std::uint64_t in_size_max_;
  std::uint64_t out_size_max_;
  Queue in_;    // A1in
  Queue out_;   // A1out: not resident
  Queue main_;  // Am
  std::unordered_map<std::uint64_t, Queue::Place> index_;
};

}  // namespace larder::cache::policy
