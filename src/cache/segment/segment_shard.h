// cache/segment/segment_shard.h: the default back end: a log of segments, an index, S3-FIFO, and reads that
// take no lock.
//
//   SegmentShard            the calls, and what each write owes in eviction and cleaning
//     Items                 index.h + pool.h's segments + record.h: append, rewrite, move, drop
//     Evictor, Ghost        who leaves
//     Cleaner, Sweeper      dead bytes, expired items
//     Sequence              tells readers without a lock when to look again
//   SegmentShared           what all shards of a cache have in common (segment_shared.h)
//
// An item costs 4 bytes in the log, 10.7 in the index, and 6 more if it has a deadline.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/hash.h"
#include "cache/backend.h"
#include "cache/factory.h"
#include "cache/segment/atomic_bytes.h"
#include "cache/segment/cleaner.h"
#include "cache/segment/evictor.h"
#include "cache/segment/ghost.h"
#include "cache/segment/items.h"
#include "cache/segment/segment_shared.h"
#include "cache/segment/sequence.h"
#include "cache/segment/sweeper.h"
#include "cache/segment/tenants.h"
#include "cache/shard.h"

namespace larder::cache::segment {

/// One shard; fulfils `Shard`, and beyond it offers reads without the lock. Not final: tests derive from it
/// to plant mistakes.
///
/// Units      bytes, wall time
/// Ownership  owns its items
/// Threads    as `Shard`, under the shard's lock; try_get() and the hints from any thread
/// Errors     the constructor throws std::bad_alloc
/// Invariant  books() == walk(); between calls the pool's budget is kept
class SegmentShard : private Tenant {
 public:
  using Shared = SegmentShared;

  SegmentShard(const ShardLimits& limits, SegmentShared& shared, std::size_t shard_index);

  bool get(const ItemKey& key, TimePoint now, KeyedCalls::Visitor visit);
  bool peek(const ItemKey& key, TimePoint now, KeyedCalls::Visitor visit);
  StoreOutcome set(const ItemKey& key, Bytes value, Expiry expiry, Condition condition, TimePoint now);
  bool remove(const ItemKey& key, Condition condition, TimePoint now);
  bool touch(const ItemKey& key, Expiry expiry, TimePoint now);
  StoreOutcome update(const ItemKey& key, TimePoint now, KeyedCalls::Updater decide);

  ScanProgress scan(Database database, Cursor from, ScanLimits limits, TimePoint now,
                    Cache::ScanVisitor show) const;
  void clear(Database database);
  void clear_all();
  std::size_t sweep(TimePoint now, std::size_t visit_count_max);

  [[nodiscard]] std::size_t item_count(Database database) const { return items_.count(database); }
  [[nodiscard]] std::size_t deadline_count(Database database) const {
    return items_.deadline_count(database);
  }
  [[nodiscard]] CacheStats stats() const;
  [[nodiscard]] Books books() const;
  [[nodiscard]] Books walk() const;

  // ---- Without the lock

  enum class Attempt : std::uint8_t {
    hit,
    miss,
    torn,        // a writer was at work: try again
    needs_lock,  // expired, large, or too long to copy
  };
  [[nodiscard]] std::optional<Sequence::Ticket> begin_read() const { return sequence_.begin_read(); }
  /// Copies the item and shows the copy. `is_use`: counts as a use of the item, and as a hit or a miss.
  Attempt try_get(const ItemKey& key, Sequence::Ticket ticket, bool is_use, TimePoint now,
                  KeyedCalls::Visitor visit);
  /// What try_get will read: the index line, and, once that has arrived, the record behind it (or null). To
  /// be fetched some time before; the record's first 192 bytes are worth it. Both are guesses.
  [[nodiscard]] const void* line_hint(std::uint64_t hash, Database database) const {
    return items_.index().first_line(items_.index_hash(hash, database));
  }
  [[nodiscard]] const std::byte* record_hint(std::uint64_t hash, Database database, const void* line) const;

  // ---- For whoever holds the lock over several calls

  void guarded_by(std::mutex& mutex) { Tenant::guarded_by(mutex); }
  /// Readers without the lock wait until end_body().
  void begin_body();
  void end_body();

 private:
  [[nodiscard]] std::optional<Found> find_unexpired(const ItemKey& key, TimePoint now);
  // What a reader without the lock has got hold of. A value up to this size is copied; beyond, copying takes
  // longer than the lock.
  static constexpr std::size_t copied_size_max = 8192;
  struct Copy {
    Bytes value;
    TimePoint deadline;
    bool is_whole = false;
    alignas(word_size) std::array<std::byte, copy_size(copied_size_max)> buffer;
  };
  class LateToken;
  bool read_copy(const ItemKey& key, Location location, Copy& copy) const;
  bool read_any_copy(const ItemKey& key, Location location, std::size_t readable, Copy& copy) const;

  void count_use(Index::Place place, Slot slot) const;
  [[nodiscard]] ItemView view_of(const Found& found) const;
  StoreOutcome store(const ItemKey& key, const std::optional<Found>& replaced, Bytes value,
                     TimePoint deadline, TimePoint now);
  StoreOutcome refuse(StoreOutcome outcome);
  void make_item_room(TimePoint now);
  bool make_log_room(QueueId queue, std::size_t size, TimePoint now);
  std::byte* take_large(Bytes key, Bytes value, TimePoint now);
  void drop(const Found& found);
  void take_out(const Found& found, TimePoint now);
  void tend(std::size_t write_size, TimePoint now, std::size_t extent_size = 0);
  void publish_stamp();
  Progress give_way(std::size_t record_count_max, TimePoint now, Need need) override;

  class GhostPages final : public GhostMemory {
   public:
    GhostPages(Pool& pool, std::size_t shard_index) : pool_(pool), shard_index_(shard_index) {}
    [[nodiscard]] std::byte* data() const override { return pool_.ghost_area(shard_index_); }
    [[nodiscard]] std::size_t size_max() const override { return pool_.shape().ghost_area_size; }
    [[nodiscard]] bool reserve(std::size_t size) override { return pool_.reserve(size); }
    void give_back(std::size_t size) override {
      pool_.forget_ghost(shard_index_, size);
      pool_.release(size);
    }

   private:
    Pool& pool_;
    std::size_t shard_index_;
  };

  Sequence sequence_;
  SegmentShared& shared_;
  Items items_;
  GhostPages ghost_memory_;
  Ghost ghost_;
  Evictor evictor_;
  Cleaner cleaner_;
  Sweeper sweeper_;
  unsigned shard_bit_count_;
  std::size_t item_count_max_;
  std::size_t large_rest_size_;  // what a large value leaves to the rest
  CacheStats counters_;          // those that only grow and are not counted elsewhere
};

}  // namespace larder::cache::segment
