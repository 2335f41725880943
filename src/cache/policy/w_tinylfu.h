// cache/policy/w_tinylfu.h: W-TinyLFU, window and frequency.
//
// A new object enters a small LRU window. What leaves the window is a candidate for the main cache and meets
// the object that main would evict: the one that was seen more often stays, the other leaves. How often an
// object was seen, resident or not, is remembered by a sketch (frequency_sketch.h), which ages. Main is a
// segmented LRU: a hit moves an object from probation to protected, and what is pushed out of protected gets
// one more chance.
//
//   miss --> [ window: LRU, 1 % ] --candidate--> seen more often than the victim? --no--> out
//                                                     | yes: the victim leaves instead
//                                                     v
//              main, 99 %:   [ probation, 20 % ] --hit--> [ protected, 80 % ]
//                               | victim   ^----pushed out---------+
//
// Source: Einziger, Friedman, Manes, "TinyLFU: A Highly Efficient Cache Admission Policy", ACM Transactions
// on Storage 13(4), 2017; the segmented LRU: Karedla, Love, Wherry, "Caching Strategies to Improve Disk
// System Performance", IEEE Computer 27(3), 1994.
// Differs from the paper: entries have sizes, so one insert may evict several, and a candidate has to win
// against each. And, as libCacheSim aa0fc40 does, whose figures it is held against:
//   - the window does not adapt
//   - a hit in the window is not counted, but leaving the window is
//   - counts are halved after 32 hits in main for each object that fits there, not after 10 requests
//   - when a candidate was admitted the next one is tried, until one is refused
//   - rounding the shares down has an effect: see protect() in w_tinylfu.cc
// With exact counts of every request, up to 15 and halved after 10 requests for each object, and with one
// candidate at a time, it would do better on most traces (OLTP 1 %: .5836 instead of .6305, sprite 5 %: .3521
// instead of .3925) and worse on loop 20 % (.8268 instead of .8085).
#pragma once

#include <unordered_map>

#include "cache/policy/frequency_sketch.h"
#include "cache/policy/policy.h"
#include "cache/policy/sized_queue.h"

namespace larder::cache::policy {

/// Admits to its main cache what was seen more often than what it would have to evict.
///
/// Units      as PolicyOptions::capacity
/// Ownership  owns its queues, sketch and index
/// Threads    one at a time; takes no lock
/// Errors     none: the capacity was checked by make_policy()
/// Invariant  an id is on exactly one queue, and the index knows its place there; protected_ keeps to its
///            share of main, and probation and protected together to main's share of the capacity
class WTinyLfu final : public Policy {
 public:
  static constexpr double window_share = 0.01;         // of the capacity; 1 at least
  static constexpr double probation_share = 0.2;       // of main
  static constexpr double protected_share = 0.8;       // of main
  static constexpr double hits_between_halvings = 32;  // in main, for each object that fits there
  /// The sketch is made for as many ids as main has units, but no more than this (15 MB): in bytes,
  /// capacities are far larger than the number of objects.
  static constexpr std::uint64_t sketch_id_count_max = std::uint64_t{1} << 18;

  explicit WTinyLfu(const PolicyOptions& options);

  bool request(const Request& request) override;
  [[nodiscard]] bool contains(std::uint64_t id) const override { return index_.contains(id); }
  [[nodiscard]] std::uint64_t resident_size() const override { return window_.size() + main_size(); }
  [[nodiscard]] std::size_t resident_count() const override { return index_.size(); }
  void walk(Visitor show) const override;

 private:
  enum class Where : std::uint8_t { window, probation, protected_segment };
  struct Entry {
    std::uint64_t id;
    std::uint64_t size;
    Where where;
  };
  using Queue = SizedQueue<Entry>;

  [[nodiscard]] std::uint64_t main_size() const { return probation_.size() + protected_.size(); }
  void hit(Queue::Place place);
  void protect(Queue::Place place);
  void age();
  void evict();
  [[nodiscard]] bool wins_room_in_main(const Entry& candidate);
  void move_to_main(Queue::Place place);
  void evict_from_main();
  [[nodiscard]] Queue& main_victims() { return probation_.empty() ? protected_ : probation_; }
  void forget(Queue& queue, Queue::Place place);

  std::uint64_t capacity_;
  std::uint64_t main_size_max_;
  std::uint64_t probation_size_max_;
  std::uint64_t protected_size_max_;
  std::uint64_t hits_since_halving_ = 0;
  double request_count_ = 0;
  double request_size_sum_ = 0;
  FrequencySketch sketch_;
  Queue window_;
  Queue probation_;
  Queue protected_;
  std::unordered_map<std::uint64_t, Queue::Place> index_;
};

}  // namespace larder::cache::policy
