#include "cache/segment/pool.h"

#include <algorithm>
#include <bit>
#include <new>
#include <optional>

#include "base/assert.h"

namespace larder::cache::segment {
namespace {

constexpr std::size_t segment_size_min = std::size_t{4} << 10;
constexpr std::size_t segment_size_max = std::size_t{1} << 20;

// Whole segments are what is evicted, so their number decides how close the order is to that of single items:
// +0.03 % misses at 512 a shard, +0.3 % at 128, +1.3 % at 32 (design.md).
constexpr std::size_t segments_per_shard = 256;

// Of one region; more than any machine's memory, and together far less than the addresses a process has.
constexpr std::size_t log_size_limit = std::size_t{1} << location_bit_count;

// A shard's index may take as many bytes as four equal shares of everything. Keys are spread evenly, so more
// would mean that all other shards are empty.
constexpr std::size_t index_shares = 4;

// From here on huge pages are worth having: less is in reach of the processor's TLB anyway.
constexpr std::size_t gather_size_min = std::size_t{64} << 20;

}  // namespace

// Segments, and with them the order of eviction, are cut for the start's limit: how many there are follows
// the limit.
PoolShape PoolShape::of(std::size_t memory_size_max, std::size_t shard_count, std::size_t memory_limit_max) {
  LARDER_ASSERT(memory_limit_max >= memory_size_max);
  LARDER_ASSERT(memory_limit_max / raise_factor <= memory_size_max);
  PoolShape shape{
      .memory_size_max = memory_size_max, .memory_limit_max = memory_limit_max, .shard_count = shard_count};
  const std::size_t bounded = std::min(memory_limit_max, log_size_limit);
  shape.segment_size = std::clamp(std::bit_floor(memory_size_max / shard_count / segments_per_shard),
                                  segment_size_min, segment_size_max);
  shape.segment_count = bounded / shape.segment_size - 1;
  const std::size_t share = std::min(memory_size_max, log_size_limit) / shard_count;
  const std::size_t index_size_max = std::min(bounded, index_shares * share);
  shape.index_chunk_count_max = index_size_max / shape.segment_size;
  shape.ghost_area_size = round_up_to_pages(index_size_max / 4);
  return shape;
}

Pool::Pool(const PoolShape& shape, std::size_t fixed_size)
    : shape_(shape),
      segment_bit_count_(static_cast<unsigned>(std::countr_zero(shape.segment_size))),
      fixed_size_(fixed_size),
      log_((shape.segment_count + 1) * shape.segment_size),
      ghosts_(shape.ghost_area_size * shape.shard_count),
      info_region_((shape.segment_count + 1) * sizeof(SegmentInfo)),
      incarnation_region_((shape.segment_count + 1) * sizeof(std::uint64_t)),
      filled_region_(shape.segment_count + 1),
      infos_(reinterpret_cast<SegmentInfo*>(info_region_.data()), shape.segment_count + 1),
      incarnations_(reinterpret_cast<std::atomic<std::uint64_t>*>(incarnation_region_.data()),
                    shape.segment_count + 1),
      filled_(reinterpret_cast<std::atomic<bool>*>(filled_region_.data()), shape.segment_count + 1),
      used_(fixed_size),
      limit_(shape.memory_size_max),
      target_(shape.memory_size_max) {
  LARDER_ASSERT(std::has_single_bit(shape.segment_size));
  LARDER_ASSERT(fixed_size <= shape.memory_size_max);
  set_target(shape.memory_size_max);
  is_gathering_ = shape.memory_limit_max >= gather_size_min && huge_pages_are_allowed();
  if (is_gathering_) is_gathered_.resize(log_.size() / huge_page_size);
}

// A spare segment for each shard: keys are spread so evenly that all shards come to the end of theirs at
// about the same time. It is 0.4 % of the memory.
void Pool::set_target(std::size_t size) {
  LARDER_ASSERT(size <= shape_.memory_limit_max);
  const std::lock_guard lock(mutex_);
  target_.store(size, std::memory_order_relaxed);
  if (size > limit()) limit_.store(size, std::memory_order_relaxed);
  const std::size_t spare_size = std::min((2 + shape_.shard_count) * shape_.segment_size, size / 8);
  short_from_.store(size - spare_size, std::memory_order_relaxed);
}

// Short of the target it leaves writers their spare segments, or each would have to empty one on its own.
// Free bytes without a page are taken at once, however many; parked ones take the kernel 0.1 ms a megabyte.
bool Pool::lower_limit() {
  constexpr std::size_t piece_size = std::size_t{1} << 20;
  const std::lock_guard lock(mutex_);
  const std::size_t above_size = limit() - target();
  const std::size_t free_size = limit() - used();
  const std::size_t spare_size = target() - short_from_.load(std::memory_order_relaxed);
  const std::size_t parked_size = parked_.size() * segment_cost();
  const std::size_t size =
      std::min(free_size >= above_size ? above_size : free_size - std::min(free_size, spare_size),
               free_size - parked_size + std::min(parked_size, piece_size));
  if (size == 0) return false;
  limit_.store(limit() - size, std::memory_order_relaxed);
  unpark_beyond(free_size - size);
  return true;
}

Pool::Usage Pool::usage() const {
  const std::lock_guard lock(mutex_);
  return {.used = used(), .limit = limit()};
}

// Parked segments go back to the kernel until they are no more bytes than this.
void Pool::unpark_beyond(std::size_t size) {
  while (!parked_.empty() && parked_.size() * segment_cost() > size) {
    const SegmentId id = parked_.back();
    parked_.pop_back();
    bare_.push_back(id);
    filled_[id].store(false, std::memory_order_relaxed);
    if (is_gathering_) is_gathered_[std::min(start_of(id) / huge_page_size, is_gathered_.size() - 1)] = false;
    log_.forget(start_of(id), shape_.segment_size);
  }
}

bool Pool::reserve_locked(std::size_t size) {
  const std::size_t used = used_.load(std::memory_order_relaxed);
  const std::size_t limit = this->limit();
  if (size > limit - used) return false;
  unpark_beyond(limit - used - size);
  used_.store(used + size, std::memory_order_relaxed);
  return true;
}

bool Pool::reserve(std::size_t size) {
  const std::lock_guard lock(mutex_);
  return reserve_locked(size);
}

void Pool::release(std::size_t size) {
  const std::lock_guard lock(mutex_);
  const std::size_t used = used_.load(std::memory_order_relaxed);
  LARDER_ASSERT(size <= used);
  used_.store(used - size, std::memory_order_relaxed);
}

// So that giving back, and letting parked ones go, never allocates.
bool Pool::note_capacity(std::size_t count) {
  if (parked_.capacity() > count && bare_.capacity() > count) return true;
  try {
    parked_.reserve(2 * count + 8);
    bare_.reserve(2 * count + 8);
  } catch (const std::bad_alloc&) {
    return false;
  }
  return true;
}

SegmentId Pool::take_segment(bool moves) {
  const std::lock_guard lock(mutex_);
  if (!moves && !has_room_for(2 * segment_cost())) return 0;
  SegmentId id = 0;
  if (!parked_.empty()) {
    // Its pages are there already: it comes off the list before the others are asked to make room.
    id = parked_.back();
    parked_.pop_back();
    if (!reserve_locked(segment_cost())) {
      parked_.push_back(id);
      return 0;
    }
  } else {
    const bool has_fresh = fresh_id_ <= shape_.segment_count && note_capacity(fresh_id_);
    if ((bare_.empty() && !has_fresh) || !reserve_locked(segment_cost())) return 0;
    if (!bare_.empty()) {
      id = bare_.back();
      bare_.pop_back();
    } else {
      id = fresh_id_++;
    }
  }
  infos_[id] = SegmentInfo{.stamp = ++stamp_};
  incarnations_[id].store(stamp_, std::memory_order_release);
  return id;
}

void Pool::give_back(SegmentId id) {
  const std::lock_guard lock(mutex_);
  used_.store(used_.load(std::memory_order_relaxed) - segment_cost(), std::memory_order_relaxed);
  parked_.push_back(id);
}

bool Pool::gather_huge_page() {
  constexpr int look_count_max = 64;
  if (!is_gathering_ || limit() < gather_size_min) return false;
  std::optional<std::size_t> found;
  {
    const std::lock_guard lock(mutex_);
    const std::size_t stretch_count = std::min(start_of(fresh_id_) / huge_page_size, is_gathered_.size());
    for (int look = 0; look < look_count_max && stretch_count > 0 && !found; ++look) {
      next_stretch_ = next_stretch_ + 1 < stretch_count ? next_stretch_ + 1 : 0;
      if (!is_gathered_[next_stretch_] && is_filled(next_stretch_)) found = next_stretch_;
    }
    if (!found) return false;
    is_gathered_[*found] = true;
  }
  // Without the lock: it takes a fraction of a millisecond, and changes no byte.
  if (!log_.gather(*found * huge_page_size, huge_page_size)) is_gathering_ = false;
  forget_bare_again(*found);
  return is_gathering_;
}

// Of a segment whose pages went back to the kernel while they were gathered, there are pages of zeros now.
void Pool::forget_bare_again(std::size_t stretch) {
  const std::lock_guard lock(mutex_);
  if (is_filled(stretch)) return;
  for (const SegmentId id : bare_) {
    if (start_of(id) / huge_page_size == stretch) log_.forget(start_of(id), shape_.segment_size);
  }
}

bool Pool::is_filled(std::size_t stretch) const {
  const Location first = Location{stretch} * huge_page_size;
  for (SegmentId id = segment_of(first); start_of(id) < first + huge_page_size; ++id) {
    if (!filled_[id].load(std::memory_order_relaxed)) return false;
  }
  return true;
}

std::size_t Pool::parked_size() const {
  const std::lock_guard lock(mutex_);
  return parked_.size() * segment_cost();
}

}  // namespace larder::cache::segment
