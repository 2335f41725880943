// cache/segment/evictor.h: makes room at the queues' heads, a few records at a time.
//
//   oldest segment of a queue
//   [ passed: nothing live left | next record ... ]
//                               ^ scan_offset
//
// Each step looks at the record behind the last one: dead ones are passed over, expired ones dropped, and
// what is live leaves or is appended to a queue's end, as the policy says. When the last live record of a
// segment has left, the segment is free. So no call empties a segment at once, and a write pays for a few
// records.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "cache/segment/ghost.h"
#include "cache/segment/items.h"
#include "cache/segment/queue_policy.h"

namespace larder::cache::segment {

/// Decides and carries out who leaves a shard.
///
/// Threads    under the shard's lock, inside a write section
/// Errors     an item that should move on leaves instead when there is no segment to move it to
/// Invariant  between calls, a record before its segment's scan_offset is dead
class Evictor final {
 public:
  Evictor(Items& items, Ghost& ghost, const QueuePolicy& policy)
      : items_(items), ghost_(ghost), policy_(policy) {}

  /// Looks at up to `record_count_max` records. Answers how many it was; 0: nothing is left to evict.
  /// Need::at_any_cost is for a caller who else could go round all of a shard whose items were all used: each
  /// moves on, and none makes room.
  std::size_t step(std::size_t record_count_max, TimePoint now, Need need = Need::now);

  /// When the segment that is next was handed out; none: there is none. The lower, the longer ago.
  [[nodiscard]] std::optional<std::uint64_t> next_stamp() const;

  /// Where an item goes that is not there yet.
  [[nodiscard]] QueueId entrance_for(std::uint64_t hash) {
    return entrance(policy_, [&] { return ghost_.take(hash); });
  }

  /// The shard is empty: what was learned of its items is no use any more.
  void restart() { ghost_.reset(); }

  [[nodiscard]] std::uint64_t evicted_count() const { return evicted_count_; }
  [[nodiscard]] std::uint64_t expired_count() const { return expired_count_; }
  [[nodiscard]] std::uint64_t left_count() const { return evicted_count_ + expired_count_; }

 private:
  struct Read {
    Stored stored;
    std::uint64_t hash = 0;
  };

  [[nodiscard]] QueueId next_queue() const;
  std::size_t read_ahead(SegmentId id, std::size_t count_max);
  void judge_item(const Found& found, QueueId queue, Need need);
  bool make_room(QueueId queue, std::size_t size);

  Items& items_;
  Ghost& ghost_;
  const QueuePolicy& policy_;
  std::array<Read, 8> batch_;
  std::optional<QueueId> turn_;  // whose head is emptied until an item has left
  std::uint64_t evicted_count_ = 0;
  std::uint64_t expired_count_ = 0;
};

}  // namespace larder::cache::segment
