// cache/policy/s3_fifo.h: S3-FIFO, three static FIFO queues.
//
// Most objects are never asked for again, so a small queue lets them through quickly; what was asked for
// while it was in there moves on to the main queue, where a hit buys another round. Hits only count; nothing
// moves until it has come to a queue's head.
//
//   miss, unknown ----> [ small, 10 % ] --count < 2--> ( ghost: ids of 90 % )
//                              | count >= 2                  |
//                              v                             |
//   miss, in the ghost --> [ main, 90 % ] --count 0--> out   |
//          ^                 ^        | count > 0: one less   |
//          |                 +--------+                       |
//          +--------------------------------------------------+
//
// Source: Yang, Zhang, Qiu, Yue, Rashmi, "FIFO Queues are All You Need for Cache Eviction", SOSP 2023.
// Differs from the paper: entries have sizes, so one insert may evict several, and the ghost is bounded by
// the sizes of what its ids stood for. As in the paper, new objects enter the small queue even while the
// cache fills and it is beyond its share. To let them into main then, as some versions of libCacheSim do, is
// another policy: a loop leaves a part of itself in main and hits there (loop 20 %: .8203 instead of 1,
// multi3 20 %: .4451 instead of .5126), while others lose a little (scarab 20 %: .3014 instead of .2991).
#pragma once

#include <unordered_map>

#include "cache/policy/policy.h"
#include "cache/policy/sized_queue.h"

namespace larder::cache::policy {

/// What is decided at the heads of the queues. The defaults are the paper's; other sets are other policies,
/// and one that tunes itself tries them.
struct S3FifoParameters {
  /// A tie is an object at the small queue's head with exactly one hit fewer than it needs to move on.
  enum class Tie : std::uint8_t {
    leave,  // evicted, as with any other count that is too low
    stay,   // goes round the small queue once more; its count stays, and the second time is the last
  };
  /// Where an object goes that misses while its id is in the ghost.
  enum class GhostHit : std::uint8_t { main, small };

  double small_share = 0.10;          // of the capacity
  double ghost_share = 0.90;          // of the capacity
  std::uint32_t hits_to_move_on = 2;  // since the object was admitted
  std::uint32_t hit_count_max = 3;    // two bits
  Tie tie = Tie::leave;
  GhostHit ghost_hit = GhostHit::main;
};

/// Evicts from two FIFO queues with the help of a ghost.
///
/// Units      as PolicyOptions::capacity
/// Ownership  owns its queues and index
/// Threads    one at a time; takes no lock
/// Errors     none: the capacity was checked by make_policy(); hits_to_move_on <= hit_count_max is asserted
/// Invariant  an id is on exactly one queue, and the index knows its place there; no count passes
///            hit_count_max
class S3Fifo final : public Policy {
 public:
  explicit S3Fifo(const PolicyOptions& options) : S3Fifo(options, S3FifoParameters{}) {}
  S3Fifo(const PolicyOptions& options, const S3FifoParameters& parameters);

  bool request(const Request& request) override;
  [[nodiscard]] bool contains(std::uint64_t id) const override;
  [[nodiscard]] std::uint64_t resident_size() const override { return small_.size() + main_.size(); }
  [[nodiscard]] std::size_t resident_count() const override { return small_.count() + main_.count(); }
  void walk(Visitor show) const override;

 private:
  enum class Where : std::uint8_t { small, main, ghost };
  struct Entry {
    std::uint64_t id;
    std::uint64_t size;
    std::uint32_t hit_count;
    Where where;
    bool went_round;  // the small queue, because of a tie
  };
  using Queue = SizedQueue<Entry>;

  void evict();
  void evict_small();
  void evict_main();
  void forget(Queue& queue, Queue::Place place);

  std::uint64_t capacity_;
  S3FifoParameters parameters_;
  std::uint64_t small_size_max_;
  std::uint64_t main_size_max_;
  std::uint64_t ghost_size_max_;
  Queue small_;
  Queue main_;
  Queue ghost_;  // not resident
  std::unordered_map<std::uint64_t, Queue::Place> index_;
};

}  // namespace larder::cache::policy
