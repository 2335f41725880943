// cache/segment/sweeper.h: finds what has expired without a note for each item.
//
//   segment   due at
//   17        12:00:03   <- due: walked, expired items dropped, the earliest deadline left is noted
//   18        never
//   19        12:05:00
//
// An item's deadline is in its record and nowhere else. A segment knows when its earliest passes, and only
// segments that are due are walked, from record to record, without a look at the index unless one has
// expired. Of those a few are collected before the first is dropped, so that the index lines they need are
// fetched together. A segment is walked again half a second later at the earliest, however densely its
// deadlines lie.
//
// Cost: a walk of a segment of 64 KiB with 400 items takes a few microseconds. With deadlines spread over
// everything, all of the log is walked up to twice a second: 0.1 s of one core for 4 GiB.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "cache/segment/items.h"

namespace larder::cache::segment {

/// Drops expired items of a shard.
///
/// Threads    under the shard's lock, inside a write section
/// Errors     none
/// Invariant  an expired item is in a segment that is due, or will be within due_slack_ms
class Sweeper final {
 public:
  explicit Sweeper(Items& items) : items_(items) {}

  /// Looks at no more than `record_count_max` records, and answers at how many; 0: nothing is due.
  std::size_t step(TimePoint now, std::size_t record_count_max);

  [[nodiscard]] std::uint64_t expired_count() const { return expired_count_; }

 private:
  struct Expired {
    Stored stored;
    std::uint64_t hash = 0;
  };
  struct Batch {
    std::array<Expired, 16> items;
    std::size_t size = 0;
  };

  bool choose(std::int64_t now_ms);
  std::size_t read_ahead(TimePoint now, std::size_t record_count_max, Batch& batch);
  void drop_expired(const Batch& batch);
  void finish();

  Items& items_;
  // Of the segment that is being walked: its earliest deadline that has not passed, and when that began.
  std::int64_t earliest_left_ms_ = never_due;
  std::int64_t started_ms_ = 0;
  std::uint64_t expired_count_ = 0;
};

}  // namespace larder::cache::segment
