// cache/segment/cleaner.h: gets back the bytes of dead records, before eviction would have to take live ones.
//
//   [ live | dead | live | dead | dead ]  the segment with the most dead bytes ...
//      |             |
//      v             v
//   [ live | live | .................. ]  ... is copied into one beside it in its queue, and is free
//
// Values that grew, were deleted or expired leave dead bytes behind. As soon as they are more than a
// sixteenth of the log, each write also pays for some copying, more the more there is to do, so that they
// stay under a tenth. What is copied keeps its uses. Its place in the queue's order it keeps only about: a
// segment that is copied to is filled with what is left of several, and stands where the first of them stood.
//
// Segments that are written to or evicted from are left alone.
//
// Source: Rosenblum and Ousterhout, "The design and implementation of a log-structured file system", SOSP
// 1991 (greedy choice; their cost-benefit choice needs ages that a FIFO queue gets rid of anyway).
#pragma once

#include <cstddef>

#include "cache/segment/items.h"

namespace larder::cache::segment {

/// Tidies a shard's segments.
///
/// Units      bytes
/// Threads    under the shard's lock, inside a write section
/// Errors     without a free segment to copy to, it does nothing: eviction makes room in its own way
/// Invariant  copies no record twice: what lies before items.cleaning()'s offset is dead
class Cleaner final {
 public:
  explicit Cleaner(Items& items) : items_(items) {}

  /// Does what a write of `write_size` bytes owes.
  void step(std::size_t write_size);

  [[nodiscard]] bool is_due() const;

 private:
  [[nodiscard]] std::size_t log_size() const;
  bool choose();
  [[nodiscard]] bool is_candidate(SegmentId id) const;

  Items& items_;
};

}  // namespace larder::cache::segment
