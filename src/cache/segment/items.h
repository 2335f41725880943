// cache/segment/items.h: log and index as one thing: items that lie in segments and are found by key.
//
//   index   [ .. slot ........ slot .. ]        a slot points at a record
//                 |              |
//   small   [ oldest segment ] [ ... ] [ open ]     <- new items are appended here
//   main    [ oldest segment ] [ ... ] [ open ]     <- items that proved themselves
//
// This file knows how to append, rewrite, move and drop an item and keeps the sums right while it does. Which
// item leaves is evictor.h, which segments are tidied is cleaner.h, what has expired is sweeper.h.
//
// A record is live while a slot points at it; everything else in a segment is dead. A segment without a live
// record goes back to the pool at once.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/hash.h"
#include "cache/backend.h"
#include "cache/segment/index.h"
#include "cache/segment/large_values.h"
#include "cache/segment/pool.h"
#include "cache/segment/queue_policy.h"
#include "cache/segment/record.h"
#include "cache/shard.h"

namespace larder::cache::segment {

inline constexpr std::int64_t never_due = std::numeric_limits<std::int64_t>::max();

/// How much later than its earliest deadline a segment may be looked at again: a segment in which one item
/// after the other expires is not walked for each of them.
inline constexpr std::int64_t due_slack_ms = 500;

/// A record under the lock. Valid until the next write.
struct Stored {
  Location location = 0;
  const std::byte* bytes = nullptr;
  Record record;

  [[nodiscard]] Bytes key() const {
    return record.is_large ? Bytes(large_value() + record.value_size, record.key_size)
                           : Bytes(own_bytes(), record.key_size);
  }
  [[nodiscard]] Bytes value() const {
    return {record.is_large ? large_value() : own_bytes() + record.key_size, record.value_size};
  }

 private:
  [[nodiscard]] const char* own_bytes() const {
    return reinterpret_cast<const char*>(bytes) + record.key_offset;
  }
  [[nodiscard]] const char* large_value() const {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): a stub keeps the address as a number
    return reinterpret_cast<const char*>(record.large.address);
  }
};

/// An item: its record, and the slot that points at it.
struct Found {
  Stored stored;
  Index::Place place;
  std::uint64_t hash = 0;
};

/// Where a walk over a segment stands; empty when the segment is gone.
struct SegmentCursor {
  SegmentId id = 0;
  std::uint32_t offset = 0;
};

/// A queue of segments and what lies in it.
struct SegmentQueue {
  SegmentId oldest = 0;
  SegmentId newest = 0;
  SegmentId open = 0;  // that new records are appended to
  std::size_t segment_count = 0;
  std::size_t live_size = 0;  // in the log
  std::size_t live_count = 0;
  std::size_t extent_size = 0;  // memory of its large values

  /// What the queue holds of the budget, for whom it matters who holds how much.
  [[nodiscard]] std::size_t held_size() const { return live_size + extent_size; }
};

/// The items of one shard.
///
/// Units      bytes
/// Ownership  owns its segments, extents and pages until it gives them back
/// Threads    writes under the shard's lock and inside a write section; copy_record() and token_of() from any
///            thread
/// Errors     what needs memory answers "no"
/// Invariant  walk() == the sums; live bytes are exactly those of records that the index points at
class Items final {
 public:
  Items(Pool& pool, LargeValues& large_values, const Hasher& hasher, unsigned shard_bit_count);
  ~Items();
  Items(const Items&) = delete;
  Items& operator=(const Items&) = delete;

  // ---- Reading

  [[nodiscard]] std::optional<Found> find(const ItemKey& key) const;
  /// The item whose record is at `stored`, if it is live.
  [[nodiscard]] std::optional<Found> find_record(const Stored& stored) const {
    return find_record(stored, hash_of(stored));
  }
  /// The same with its hash_of() known. The record's own bytes are not read.
  [[nodiscard]] std::optional<Found> find_record(const Stored& stored, std::uint64_t hash) const;
  void prefetch(const Stored& stored, std::uint64_t hash) const {
    __builtin_prefetch(index_.first_line(index_hash(hash, stored.record.database)));
  }
  /// What stands at a location that a slot or a walk has named.
  [[nodiscard]] Stored stored_at(Location location) const;
  /// What stands at `offset` of a segment; none at its end.
  [[nodiscard]] std::optional<Stored> record_at(SegmentId id, std::uint32_t offset) const;
  [[nodiscard]] CompareToken token_of(Location location, std::uint64_t hash, Database database) const;
  [[nodiscard]] std::uint64_t hash_of(const Stored& stored) const;
  [[nodiscard]] QueueId queue_of(Location location) const {
    return static_cast<QueueId>(pool_.info(pool_.segment_of(location)).queue);
  }
  [[nodiscard]] const Index& index() const { return index_; }
  /// What the index knows an item by: its key's hash without the bits that all keys of the shard have in
  /// common, and turned by its database, so that a key that is in all of them is not sixteen slots with one
  /// tag.
  [[nodiscard]] std::uint64_t index_hash(std::uint64_t hash, Database database) const {
    return (hash << shard_bit_count_) ^ database_turn(database);
  }
  [[nodiscard]] std::uint64_t database_turn(Database database) const {
    return std::uint64_t{database} * 0x9E3779B97F4A7C15U >> shard_bit_count_ << shard_bit_count_;
  }

  // ---- Writing

  /// A record of this size can be appended without another segment.
  [[nodiscard]] bool has_room(QueueId queue, std::size_t size) const;
  /// Another segment, if the pool has one; for a new item, or to move one to.
  [[nodiscard]] bool open_segment(QueueId queue, bool moves);

  /// Appends an item that is not there yet. has_room() was true.
  void append(QueueId queue, const RecordShape& shape, const ItemKey& key, Bytes value, const Large& large,
              unsigned use_count, unsigned history);

  /// Writes the item anew where it stands, if that has room for `shape` (neither of the two being large).
  [[nodiscard]] bool rewrite(const Found& found, const RecordShape& shape, const ItemKey& key, Bytes value);

  /// Changes the deadline where it stands, if there is a field for it.
  [[nodiscard]] bool set_deadline(const Found& found, TimePoint deadline);

  /// Appends the same item to the end of `queue` with another deadline and drops the old record. has_room().
  void move(const Found& found, QueueId queue, unsigned use_count, unsigned history, TimePoint deadline);

  /// The same into a segment of the cleaner's, which has room.
  void move_into(const Found& found, SegmentId target);

  /// Drops the item.
  void drop(const Found& found);

  /// Drops everything.
  void clear();
  /// Drops what is in one database.
  void clear(Database database);

  /// Gives the index a step of growth or shrinking if it is due. Answers whether it was.
  bool tend_index();

  // ---- Segments, for those who walk them

  [[nodiscard]] Pool& pool() { return pool_; }
  [[nodiscard]] const Pool& pool() const { return pool_; }
  [[nodiscard]] const SegmentQueue& queue(QueueId id) const { return queues_[static_cast<std::size_t>(id)]; }
  [[nodiscard]] const SegmentInfo& info(SegmentId id) const { return pool_.info(id); }
  /// From now on a segment's dead bytes are the evictor's: it is emptied from `scan_offset` on.
  void start_eviction(SegmentId id);
  void pass(SegmentId id, std::size_t size) {
    pool_.info(id).scan_offset += static_cast<std::uint32_t>(size);
  }
  /// Everything in it was passed: back to the pool.
  void retire(SegmentId id);
  /// A segment beside `neighbour` in its queue, for what is left of it. 0: none.
  [[nodiscard]] SegmentId open_beside(SegmentId neighbour);
  [[nodiscard]] std::size_t room_in(SegmentId id) const {
    return pool_.shape().segment_size - info(id).used_size;
  }
  void set_due(SegmentId id, std::int64_t due_ms) { pool_.info(id).due_ms = due_ms; }
  SegmentCursor& cleaning() { return cleaning_; }
  /// Where the cleaner copies to what it finds in that queue; 0: nowhere yet.
  [[nodiscard]] SegmentId cleaning_target(QueueId id) const {
    return cleaning_targets_[static_cast<std::size_t>(id)];
  }
  SegmentCursor& sweeping() { return sweeping_; }

  // ---- Sums

  [[nodiscard]] std::size_t count() const { return index_.size(); }
  /// Memory of large values.
  [[nodiscard]] std::size_t extent_size() const { return queues_[0].extent_size + queues_[1].extent_size; }
  [[nodiscard]] std::size_t count(Database database) const { return counts_[database]; }
  [[nodiscard]] std::size_t deadline_count(Database database) const { return deadline_counts_[database]; }
  [[nodiscard]] std::size_t deadline_count() const {
    return std::accumulate(deadline_counts_.begin(), deadline_counts_.end(), std::size_t{0});
  }
  /// Of the log; the index has more.
  [[nodiscard]] std::size_t segment_count() const;
  /// Bytes of segments that hold nothing live, but for segments that are being evicted or written to.
  [[nodiscard]] std::size_t dead_size() const { return dead_size_; }
  [[nodiscard]] std::size_t memory_used() const {
    return (segment_count() + index_.chunk_count()) * pool_.segment_cost() + extent_size();
  }
  /// Segments that were given back so far.
  [[nodiscard]] std::uint64_t freed_count() const { return freed_count_; }
  /// Slots that found no room when the index grew or shrank; their records are dead.
  [[nodiscard]] std::uint64_t lost_count() const { return lost_count_; }

  /// The same sums, from every record and slot.
  [[nodiscard]] Books walk() const;

 private:
  class Memory final : public IndexMemory {
   public:
    explicit Memory(Pool& pool) : pool_(pool) {}

    [[nodiscard]] std::size_t chunk_size() const override { return pool_.shape().segment_size; }
    [[nodiscard]] std::size_t chunk_count_max() const override { return pool_.shape().index_chunk_count_max; }
    [[nodiscard]] std::byte* take() override {
      const SegmentId id = pool_.take_segment(false);
      if (id == 0) return nullptr;
      if (last_ != 0) pool_.note_filled(last_);
      last_ = id;
      return pool_.bytes_at(pool_.start_of(id));
    }
    void give_back(std::byte* chunk) override {
      const SegmentId id = pool_.segment_of(pool_.location_of(chunk));
      if (last_ == id) last_ = 0;
      pool_.give_back(id);
    }

   private:
    Pool& pool_;
    SegmentId last_ = 0;  // that the index began to fill
  };

  [[nodiscard]] SegmentQueue& queue_ref(QueueId id) { return queues_[static_cast<std::size_t>(id)]; }

  Location write(SegmentId id, const RecordShape& shape, const Large& large, Bytes key, Bytes value);
  void copy(const Found& found, SegmentId target, unsigned use_count, unsigned history, TimePoint deadline);
  void insert_slot(std::uint64_t hash, Slot slot);
  void bury(Location location, const Record& record);
  void forget_record(const Stored& stored);
  void link(SegmentId id, QueueId queue, SegmentId older);
  void unlink(SegmentId id);
  void free_segment(SegmentId id);
  void forget_cleaning(SegmentId id);
  void free_extent(const Large& large);
  [[nodiscard]] std::atomic<std::uint64_t>& version_of(std::uint64_t hash, Database database) const {
    return versions_[(hash + database) & (version_count_ - 1)];
  }

  Pool& pool_;
  LargeValues& large_values_;
  const Hasher& hasher_;
  unsigned shard_bit_count_;
  Memory index_memory_;
  Index index_;
  std::array<SegmentQueue, queue_count> queues_;
  std::array<std::size_t, database_count> counts_{};
  std::array<std::size_t, database_count> deadline_counts_{};
  std::size_t dead_size_ = 0;
  std::uint64_t freed_count_ = 0;
  std::uint64_t lost_count_ = 0;
  SegmentCursor cleaning_;
  std::array<SegmentId, queue_count> cleaning_targets_{};
  SegmentCursor sweeping_;
  std::size_t version_count_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> versions_;  // raised by writes in place
};

}  // namespace larder::cache::segment
