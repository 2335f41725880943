// cache/policy/lirs.h: LIRS, low inter-reference recency set.
//
// LRU asks how long ago an object was used. LIRS asks how many others were used between its last two uses:
// its inter-reference recency. Objects for which that is low (LIR) own nearly all of the cache and never
// leave it directly. The others (HIR) share what is left, a short queue Q.
//
//   stack S, newest on top          queue Q               ghosts
//   [c HIR]                         newest [c] [x] oldest --> [g]   ids of HIR objects evicted from Q
//   [a LIR]                                                         that still stand in S
//   [g ghost]
//   [b LIR]  <- the bottom is LIR
//
// S holds every object used since the LIR object at its bottom was. A HIR object that is used while it stands
// in S therefore has a lower inter-reference recency than that LIR object, and they change roles: it becomes
// LIR, and the bottom one goes to Q. Whatever then lies at the bottom and is not LIR is dropped from S
// ("pruning"). A loop over more than fits, LRU's worst case, is cached in part: the LIR objects stay and hit
// each time round.
//
// Source: Jiang, Zhang, "LIRS: An Efficient Low Inter-reference Recency Set Replacement Policy to Improve
// Buffer Cache Performance", SIGMETRICS 2002.
// Differs from the paper: entries have sizes, so one insert may evict several; S is kept to twice the
// capacity by dropping the ghosts that were evicted first. (libCacheSim also makes the bottom LIR object HIR
// when an object is hit that stands in Q alone; the paper does not. On the traces of baselines_test.cc that
// is worth less than 0.0001.)
#pragma once

#include <unordered_map>

#include "cache/policy/policy.h"
#include "cache/policy/sized_queue.h"

namespace larder::cache::policy {

/// Gives the cache to what comes back after few others.
///
/// Units      as PolicyOptions::capacity
/// Ownership  owns its stack, queues and index
/// Threads    one at a time; takes no lock
/// Errors     none: the capacity was checked by make_policy()
/// Invariant  a LIR object is in S alone; a resident HIR object in Q and perhaps in S; a ghost in S and in
///            ghosts_. Between calls LIR objects take lir_size_max_ at most
class Lirs final : public Policy {
 public:
  static constexpr double hir_share = 0.01;         // of the capacity, for resident HIR objects; 1 at least
  static constexpr std::uint64_t stack_factor = 2;  // S is kept to this many capacities

  explicit Lirs(const PolicyOptions& options);

  bool request(const Request& request) override;
  [[nodiscard]] bool contains(std::uint64_t id) const override;
  [[nodiscard]] std::uint64_t resident_size() const override { return lir_size_ + queue_.size(); }
  [[nodiscard]] std::size_t resident_count() const override { return lir_count_ + queue_.count(); }
  void walk(Visitor show) const override;

 private:
  enum class State : std::uint8_t { lir, hir, ghost };
  using Queue = SizedQueue<Request>;
  struct Entry {
    std::uint64_t size;
    State state;
    bool stacked;              // in S
    Queue::Place stack_place;  // if stacked
    Queue::Place queue_place;  // in queue_ if hir, in ghosts_ if ghost
  };

  void hit(const Request& request, Entry& entry);
  void admit(const Request& request, bool was_ghost);
  void evict();
  void make_lir(Entry& entry);
  void demote_bottom();
  void prune();
  void limit_stack();
  void forget_ghost(std::uint64_t id, const Entry& entry);

  std::uint64_t capacity_;
  std::uint64_t lir_size_max_;
  std::uint64_t lir_size_ = 0;
  std::size_t lir_count_ = 0;
  Queue stack_;   // S; its newest is the top
  Queue queue_;   // Q
  Queue ghosts_;  // not resident
  std::unordered_map<std::uint64_t, Entry> index_;
};

}  // namespace larder::cache::policy
