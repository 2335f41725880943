// cache/policy/frequency_sketch.h: how often an id was seen, in a fixed amount of memory.
//
// A counting Bloom filter. An id has ten counters out of many; adding it raises all ten, and the smallest of
// them is the estimate: others share its counters, so it may be too high, never too low.
//
//   id -> hash -> counters  [ . . 3 . . 9 . . . 4 . ]      estimate 3
//                                 ^     ^       ^
//
// Halving all counters now and then makes old uses count for less.
//
// Source: Einziger, Friedman, Manes, "TinyLFU: A Highly Efficient Cache Admission Policy", ACM Transactions
// on Storage 13(4), 2017; the hashing: Kirsch, Mitzenmacher, "Less Hashing, Same Performance: Building a
// Better Bloom Filter", ESA 2006.
// Differs from the paper: adding raises all counters, not only the smallest, and counters have 32 bits, not
// 4. Sizes, hash (XXH64) and seeds are libCacheSim's, so that both make the same mistakes: see w_tinylfu.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace larder::cache::policy {

/// Estimates counts of ids.
///
/// Units      counts of add(), halved by halve()
/// Ownership  owns its counters, 58 bytes for each expected id
/// Threads    as its owner
/// Errors     none
/// Invariant  estimate(id) >= the calls of add(id) since the last halving
class FrequencySketch final {
 public:
  static constexpr std::size_t hash_count = 10;  // for an error rate of 0.001 ...
  static constexpr double counters_per_id =
      14.377587518;  // ... of -ln(0.001) / ln(2)^2, rounded up as a whole

  /// `id_count` different ids can be told apart well; with more, estimates rise above the truth.
  explicit FrequencySketch(std::size_t id_count);

  void add(std::uint64_t id);
  [[nodiscard]] std::uint32_t estimate(std::uint64_t id) const;
  void halve();

 private:
  [[nodiscard]] std::array<std::size_t, hash_count> places(std::uint64_t id) const;

  std::vector<std::uint32_t> counters_;
};

}  // namespace larder::cache::policy
