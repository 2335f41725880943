// cache/segment/pool.h: the one budget of all shards, and the segments that they draw from it.
//
//   limit   |<---------------------------- memory_size_max ------------------------------>|
//           [ fixed ][ segments: log, index ][ ghosts ][ large values ][ parked ][  free  ]
//                    |<------------- used ------------------------------>|
//
// Whatever costs memory is reserved here first, so that the sum never passes the limit, whoever asks. A
// segment that is given back is parked: its pages stay, for the next who needs a segment; when something else
// needs the bytes, parked segments go back to the kernel until it fits.
//
// The limit can be moved. A higher one holds at once; a lower one is a target, and the limit comes down to it
// as fast as bytes are found that nobody uses: lower_limit() takes them as reserve() does, and for good.
//
// A segment is named by its number; segment n is the bytes [n * segment_size, (n + 1) * segment_size) of the
// log region. Number 0 is never handed out, so that 0 can mean "none".
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "cache/segment/byte_budget.h"
#include "cache/segment/region.h"

namespace larder::cache::segment {

using SegmentId = std::uint32_t;

/// A byte's place in the log, from the region's start; below 2^40. 0: none.
using Location = std::uint64_t;
inline constexpr unsigned location_bit_count = 40;

/// What a shard notes of a segment that it holds. Only under that shard's lock.
struct SegmentInfo {
  std::uint32_t used_size = 0;   // bytes that were appended
  std::uint32_t live_size = 0;   // of these, bytes of records that the index still points to
  std::uint32_t live_count = 0;  // those records
  SegmentId newer = 0;           // neighbours in the queue
  SegmentId older = 0;
  std::uint32_t scan_offset = 0;  // evicting: where to go on
  std::int64_t due_ms = 0;        // when a sweep should next look at it
  std::uint64_t stamp = 0;        // rises with every segment that is handed out
  std::uint8_t queue = 0;
  bool is_being_evicted = false;
};

/// How the memory is cut up. Sizes are bytes.
struct PoolShape {
  std::size_t memory_size_max = 0;   // at the start
  std::size_t memory_limit_max = 0;  // to which it may be raised
  std::size_t segment_size = 0;
  std::size_t segment_count = 0;          // that the log region has room for, number 0 not counted
  std::size_t index_chunk_count_max = 0;  // segments that one shard's index may take
  std::size_t ghost_area_size = 0;        // address space for one shard's ghost
  std::size_t shard_count = 1;

  /// How far a limit may be raised: what follows from the start's share of a shard (its index and ghost, the
  /// bits of a tag) lasts for four of them, and costs no more than it does for one.
  static constexpr std::size_t raise_factor = 4;

  /// `memory_limit_max` is no less than `memory_size_max`, and no more than raise_factor of it.
  [[nodiscard]] static PoolShape of(std::size_t memory_size_max, std::size_t shard_count,
                                    std::size_t memory_limit_max);
  [[nodiscard]] static PoolShape of(std::size_t memory_size_max, std::size_t shard_count) {
    return of(memory_size_max, shard_count, memory_size_max);
  }
};

/// Memory for all shards of one cache.
///
/// Units      bytes
/// Ownership  owns all memory that items lie in
/// Threads    any; one lock, held for a few instructions (and for the kernel's, when pages are given back)
/// Errors     the constructor throws std::system_error or std::bad_alloc; the others answer "no"
/// Invariant  used() + parked bytes <= limit()
class Pool final : public ByteBudget {
 public:
  /// `fixed_size`: what the cache takes outside of this pool, counted as used from the start.
  Pool(const PoolShape& shape, std::size_t fixed_size);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  [[nodiscard]] const PoolShape& shape() const { return shape_; }
  [[nodiscard]] std::size_t fixed_size() const { return fixed_size_; }
  [[nodiscard]] std::size_t used() const { return used_.load(std::memory_order_relaxed); }

  // ---- Bytes

  /// Takes `size` bytes of the budget, if it has them.
  [[nodiscard]] bool reserve(std::size_t size) override;
  void release(std::size_t size) override;

  [[nodiscard]] bool has_room_for(std::size_t size) const {
    const std::size_t limit = this->limit();
    const std::size_t used = this->used();  // another thread may have lowered the one, and raised the other
    return used <= limit && size <= limit - used;
  }
  /// So little is left below the target that writers should make room before they need it. `coming_size`:
  /// what will be released soon.
  [[nodiscard]] bool is_short(std::size_t coming_size) const {
    return used() > short_from_.load(std::memory_order_relaxed) + coming_size;
  }

  // ---- The limit

  /// What holds now.
  [[nodiscard]] std::size_t limit() const { return limit_.load(std::memory_order_relaxed); }
  /// What was asked for: limit(), or less.
  [[nodiscard]] std::size_t target() const { return target_.load(std::memory_order_relaxed); }
  /// From the size of nothing up to shape().memory_limit_max.
  void set_target(std::size_t size);
  [[nodiscard]] bool is_above_target() const { return limit() > target(); }
  /// Lowers the limit toward the target: by what is free beyond a few spare segments, of which parked ones,
  /// about a megabyte at a time, go back to the kernel. False: there is nothing.
  bool lower_limit();
  struct Usage {
    std::size_t used = 0;
    std::size_t limit = 0;
  };
  /// Both at one moment.
  [[nodiscard]] Usage usage() const;

  // ---- Segments

  /// What a segment costs: itself and its notes.
  [[nodiscard]] std::size_t segment_cost() const { return shape_.segment_size + sizeof(SegmentInfo); }
  /// 0: the budget is used up. The last segment is only for those who `move` items, so that making room never
  /// comes to a stop for want of room.
  [[nodiscard]] SegmentId take_segment(bool moves);
  void give_back(SegmentId id);

  [[nodiscard]] SegmentInfo& info(SegmentId id) { return infos_[id]; }
  [[nodiscard]] const SegmentInfo& info(SegmentId id) const { return infos_[id]; }
  [[nodiscard]] SegmentId segment_of(Location location) const {
    return static_cast<SegmentId>(location >> segment_bit_count_);
  }
  [[nodiscard]] Location start_of(SegmentId id) const { return Location{id} << segment_bit_count_; }
  [[nodiscard]] std::byte* bytes_at(Location location) const { return log_.data() + location; }
  [[nodiscard]] Location location_of(const std::byte* bytes) const {
    return static_cast<Location>(bytes - log_.data());
  }
  /// Bytes that may be read from `location` on, up to its segment's end. Any location, also one that a reader
  /// without a lock made up: 0 if it lies outside of the log.
  [[nodiscard]] std::size_t readable_size(Location location) const {
    if (location >= log_.size()) return 0;
    return shape_.segment_size - (location & (shape_.segment_size - 1));
  }
  /// Never the same twice, however often the segment was used again: its incarnation, and the offset.
  [[nodiscard]] std::uint64_t position_of(Location location) const {
    const std::uint64_t incarnation = incarnations_[segment_of(location)].load(std::memory_order_acquire);
    return incarnation << 20 | (location & (shape_.segment_size - 1));
  }

  /// Every byte of the segment has been written since it was handed out.
  void note_filled(SegmentId id) { filled_[id].store(true, std::memory_order_relaxed); }

  /// Has the kernel gather a stretch of filled segments into a huge page. A lookup at random then finds index
  /// and record in reach of the TLB: 1.7 instead of 2.3 dependent reads among 10 million items. Not when the
  /// memory is first touched, as madvise() offers: then one unlucky writer waits until two megabytes are
  /// cleared, 0.2 ms at best and 6 ms on a machine whose host has not backed them yet. And not before all of
  /// it is in use: gathering touches what is not. False: found nothing to do.
  bool gather_huge_page();

  // ---- Ghosts: address space of one shard; who touches pages of it reserves their bytes

  [[nodiscard]] std::byte* ghost_area(std::size_t shard) const {
    return ghosts_.data() + shard * shape_.ghost_area_size;
  }
  void forget_ghost(std::size_t shard, std::size_t size) const {
    ghosts_.forget(shard * shape_.ghost_area_size, size);
  }

  // ---- For tests

  [[nodiscard]] std::size_t parked_size() const;
  [[nodiscard]] std::size_t resident_log_size() const { return resident_size(log_); }

 private:
  bool reserve_locked(std::size_t size);
  void unpark_beyond(std::size_t size);
  bool note_capacity(std::size_t count);
  [[nodiscard]] bool is_filled(std::size_t stretch) const;
  void forget_bare_again(std::size_t stretch);

  PoolShape shape_;
  unsigned segment_bit_count_;
  std::size_t fixed_size_;
  Region log_;
  Region ghosts_;
  Region info_region_;
  Region incarnation_region_;
  Region filled_region_;
  std::span<SegmentInfo> infos_;
  std::span<std::atomic<std::uint64_t>> incarnations_;
  std::span<std::atomic<bool>> filled_;

  mutable std::mutex mutex_;
  std::atomic<std::size_t> used_;
  std::atomic<std::size_t> limit_;
  std::atomic<std::size_t> target_;
  std::atomic<std::size_t> short_from_{0};
  std::vector<SegmentId> parked_;  // with their pages
  std::vector<SegmentId> bare_;    // without
  SegmentId fresh_id_ = 1;         // the first that was never handed out
  std::uint64_t stamp_ = 0;
  std::vector<bool> is_gathered_;  // for each stretch of huge_page_size
  std::size_t next_stretch_ = 0;   // to look at
  std::atomic<bool> is_gathering_{false};
};

}  // namespace larder::cache::segment
