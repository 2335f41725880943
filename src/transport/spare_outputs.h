// transport/spare_outputs.h: empty outputs with memory, for whichever connections of a loop write next.
//
// An idle connection holds no buffer, and in one turn many connections have a reply. Each takes a spare
// output for it and returns it when its reply has left, so that no reply of usual size asks malloc for
// anything.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/output.h"

namespace larder::transport {

/// A stack of small ones, the one used last on top, and one large one.
///
/// Units      bytes
/// Threads    its loop's
/// Invariant  all that are kept are empty; together at most 1.3 MiB
class SpareOutputs final {
 public:
  static constexpr std::size_t small_count_max = 64;
  static constexpr std::size_t small_capacity_max = std::size_t{16} << 10;

  SpareOutputs() { small_.reserve(small_count_max); }

  /// `output` is empty, and has memory afterwards if there is some.
  void lend(Output& output) {
    LARDER_ASSERT(output.empty());
    if (large_.capacity() > 0) {
      std::swap(output, large_);
    } else if (!small_.empty()) {
      std::swap(output, small_.back());
      small_.pop_back();
    }
  }

  /// `output` is empty, and holds no memory afterwards.
  void take_back(Output& output) {
    LARDER_ASSERT(output.empty());
    Output returned = std::exchange(output, Output());
    const std::size_t capacity = returned.capacity();
    if (capacity > small_capacity_max) {
      if (capacity > large_.capacity()) std::swap(returned, large_);
    } else if (capacity > 0 && small_.size() < small_count_max) {
      small_.push_back(std::move(returned));
    }
  }

  [[nodiscard]] std::size_t count() const { return small_.size() + (large_.capacity() > 0 ? 1 : 0); }

 private:
  std::vector<Output> small_;
  Output large_;
};

}  // namespace larder::transport
