// tools/bench/histogram.h: how often something took how long.
//
// Log-linear buckets: up to 2,047 each value has a bucket of its own; above, each doubling of the range is
// cut into 1,024 buckets of one width. So a value is known to one part in a thousand wherever it lies, and
// recording one is a shift and an addition.
//
//   0 1 2 ... 2047 | 2048 2050 ... 4094 | 4096 4100 ... 8188 | 8192 8200 ...
//      width 1            width 2              width 4            width 8
//
// Source of the idea: Gil Tene's HdrHistogram. Debian 12 packages it for Java and Go, not for C.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace larder::tools {

/// Counts of values.
///
/// Units      values are nanoseconds here, though any unit would do
/// Threads    belongs to one; those of several threads are merged afterwards
/// Invariant  the buckets add up to count()
class Histogram final {
 public:
  /// 1,100 seconds in nanoseconds. What is larger counts as this, but max() and mean() know it.
  static constexpr std::uint64_t value_max = (std::uint64_t{1} << 40) - 1;

  Histogram();

  void record(std::uint64_t value);
  void merge(const Histogram& other);
  void clear();

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::uint64_t max() const { return max_; }

  /// 0 of nothing.
  [[nodiscard]] double mean() const;

  /// The value that a share of `share` (0 to 1) of all does not exceed, rounded up to the end of its bucket
  /// and never above max(); 0 of nothing.
  [[nodiscard]] std::uint64_t quantile(double share) const;

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace larder::tools
