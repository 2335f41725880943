#include "cache/segment/items.h"

#include <algorithm>

#include "base/assert.h"
#include "cache/segment/atomic_bytes.h"

namespace larder::cache::segment {
namespace {

// A shard's first index: 2 KiB, or half a thousandth of its share. Small enough not to count, and large
// enough that the tag has bits to spare when it has grown for the smallest items.
unsigned first_level_for(const PoolShape& shape) {
  constexpr std::size_t share_per_group = std::size_t{4} << 20;
  constexpr std::size_t level_max = 12;
  const std::size_t share = shape.memory_size_max / shape.shard_count;
  const auto level = static_cast<std::size_t>(std::bit_width(share / share_per_group));
  return static_cast<unsigned>(std::clamp<std::size_t>(level, 1, level_max + 1) - 1);
}

// Writes in place that fall on the same counter change each other's tokens: harmless, but a compare-and-set
// that fails for nothing costs its caller a round trip.
std::size_t version_count_for(const PoolShape& shape) {
  const std::size_t share = shape.memory_size_max / shape.shard_count;
  return std::bit_floor(std::clamp<std::size_t>(share >> 14, 8, 512));
}

std::size_t footprint_of(const Large& large) {
  return LargeValues::footprint(static_cast<std::size_t>(large.key_size + large.value_size));
}

std::int64_t due_of(TimePoint deadline) {
  return deadline == no_deadline ? never_due : deadline.time_since_epoch().count();
}

}  // namespace

Items::Items(Pool& pool, LargeValues& large_values, const Hasher& hasher, unsigned shard_bit_count)
    : pool_(pool),
      large_values_(large_values),
      hasher_(hasher),
      shard_bit_count_(shard_bit_count),
      index_memory_(pool),
      index_(index_memory_, first_level_for(pool.shape())),
      version_count_(version_count_for(pool.shape())),
      versions_(std::make_unique<std::atomic<std::uint64_t>[]>(version_count_)) {}

Items::~Items() { clear(); }

// ---- Reading

Stored Items::stored_at(Location location) const {
  const std::byte* const bytes = pool_.bytes_at(location);
  const std::optional<Record> record = decode(bytes, pool_.readable_size(location));
  LARDER_ASSERT(record.has_value());
  return {.location = location, .bytes = bytes, .record = *record};
}

std::optional<Found> Items::find(const ItemKey& key) const {
  Stored stored;
  const std::optional<Index::Place> place =
      index_.find(index_hash(key.hash, key.database), [&](Location location) {
        stored = stored_at(location);
        return stored.record.database == key.database && stored.key() == key.bytes;
      });
  if (!place) return std::nullopt;
  return Found{.stored = stored, .place = *place, .hash = key.hash};
}

std::uint64_t Items::hash_of(const Stored& stored) const {
  return stored.record.is_large ? stored.record.large.hash : hasher_(stored.key());
}

std::optional<Found> Items::find_record(const Stored& stored, std::uint64_t hash) const {
  const std::optional<Index::Place> place =
      index_.find(index_hash(hash, stored.record.database),
                  [&](Location location) { return location == stored.location; });
  if (!place) return std::nullopt;
  return Found{.stored = stored, .place = *place, .hash = hash};
}

std::optional<Stored> Items::record_at(SegmentId id, std::uint32_t offset) const {
  if (offset >= info(id).used_size) return std::nullopt;
  return stored_at(pool_.start_of(id) + offset);
}

// Two numbers of which no pair comes twice: where the record lies (a segment that is used again has another
// incarnation), and how often records of about this hash were written in place. Mixed by a multiplication of
// 64 by 64 bits, so that one number can stand for both.
CompareToken Items::token_of(Location location, std::uint64_t hash, Database database) const {
  constexpr std::uint64_t position_mask = 0x9E3779B97F4A7C15U;
  constexpr std::uint64_t version_mask = 0xD1B54A32D192ED03U;
  __extension__ using Wide = unsigned __int128;
  const std::uint64_t version = version_of(hash, database).load(std::memory_order_acquire);
  const Wide product = Wide{pool_.position_of(location) ^ position_mask} * (version ^ version_mask);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// ---- Writing

bool Items::has_room(QueueId queue, std::size_t size) const {
  const SegmentId open = this->queue(queue).open;
  return open != 0 && room_in(open) >= size;
}

bool Items::open_segment(QueueId queue, bool moves) {
  const SegmentId id = pool_.take_segment(moves);
  if (id == 0) return false;
  link(id, queue, queue_ref(queue).newest);
  if (queue_ref(queue).open != 0) pool_.note_filled(queue_ref(queue).open);
  queue_ref(queue).open = id;
  return true;
}

Location Items::write(SegmentId id, const RecordShape& shape, const Large& large, Bytes key, Bytes value) {
  SegmentInfo& segment = pool_.info(id);
  const Location location = pool_.start_of(id) + segment.used_size;
  const std::size_t size = shape.size();
  LARDER_ASSERT(size <= room_in(id));
  std::array<char, head_size_max> head{};
  const std::size_t head_size = encode_head(shape, large, head);
  std::byte* const target = pool_.bytes_at(location);
  copy_in(target, {head.data(), head_size});
  if (!shape.is_large) {
    copy_in(target + head_size, key);
    copy_in(target + head_size + key.size(), value);
  }
  segment.used_size += static_cast<std::uint32_t>(size);
  segment.live_size += static_cast<std::uint32_t>(size);
  ++segment.live_count;
  segment.due_ms = std::min(segment.due_ms, due_of(shape.deadline));
  SegmentQueue& queue = queue_ref(static_cast<QueueId>(segment.queue));
  queue.live_size += size;
  ++queue.live_count;
  if (shape.is_large) queue.extent_size += LargeValues::footprint(shape.key_size + shape.value_size);
  return location;
}

void Items::append(QueueId queue, const RecordShape& shape, const ItemKey& key, Bytes value,
                   const Large& large, unsigned use_count, unsigned history) {
  const Location location = write(this->queue(queue).open, shape, large, key.bytes, value);
  ++counts_[key.database];
  if (shape.has_deadline()) ++deadline_counts_[key.database];
  insert_slot(index_hash(key.hash, key.database), make_slot(0, location, use_count, history));
}

void Items::insert_slot(std::uint64_t hash, Slot slot) {
  while (const std::optional<Slot> victim = index_.insert(hash, slot)) {
    const std::optional<Found> found = find_record(stored_at(location_of(*victim)));
    LARDER_ASSERT(found.has_value());
    ++lost_count_;
    drop(*found);
  }
}

bool Items::rewrite(const Found& found, const RecordShape& shape, const ItemKey& key, Bytes value) {
  const Record& old = found.stored.record;
  if (shape.is_large || old.is_large) return false;
  const Location location = found.stored.location;
  SegmentInfo& segment = pool_.info(pool_.segment_of(location));
  const auto offset = static_cast<std::uint32_t>(location - pool_.start_of(pool_.segment_of(location)));

  // Gaps behind it are room that an earlier, longer value left.
  constexpr int gap_count_max = 4;
  const std::size_t size = shape.size();
  std::size_t capacity = old.size;
  for (int i = 0; i < gap_count_max && capacity < size && offset + capacity < segment.used_size; ++i) {
    const Stored next = stored_at(location + capacity);
    if (next.record.is_item) break;
    capacity += next.record.size;
  }
  if (size > capacity) return false;

  std::array<char, head_size_max> head{};
  const std::size_t head_size = encode_head(shape, Large(), head);
  std::byte* const target = pool_.bytes_at(location);
  copy_in(target, {head.data(), head_size});
  copy_in(target + head_size, key.bytes);
  copy_in(target + head_size + key.bytes.size(), value);
  if (capacity > size) {
    std::array<char, header_size> gap{};
    copy_in(target + size, {gap.data(), encode_gap(capacity - size, gap)});
  }
  if (sweeping_.id == pool_.segment_of(location) && sweeping_.offset > offset) {
    // A place between the two no longer is where anything begins.
    sweeping_.offset = std::max(sweeping_.offset, static_cast<std::uint32_t>(offset + capacity));
  }

  SegmentQueue& queue = queue_ref(static_cast<QueueId>(segment.queue));
  segment.live_size = static_cast<std::uint32_t>(segment.live_size + size - old.size);
  queue.live_size = queue.live_size + size - old.size;
  if (!segment.is_being_evicted) dead_size_ = dead_size_ + old.size - size;
  if (old.deadline != no_deadline) --deadline_counts_[key.database];
  if (shape.has_deadline()) ++deadline_counts_[key.database];
  segment.due_ms = std::min(segment.due_ms, due_of(shape.deadline));
  version_of(key.hash, key.database).fetch_add(1, std::memory_order_release);
  return true;
}

bool Items::set_deadline(const Found& found, TimePoint deadline) {
  const Record& record = found.stored.record;
  if (record.deadline == deadline) return true;
  const bool is_wide = record.is_wide || record.is_large;
  if (!record.has_deadline || (!is_wide && !fits_narrow(deadline))) return false;
  std::array<char, 8> field{};
  const std::size_t size = encode_deadline(deadline, is_wide, field);
  copy_in(pool_.bytes_at(found.stored.location) + record.deadline_offset, {field.data(), size});
  SegmentInfo& segment = pool_.info(pool_.segment_of(found.stored.location));
  segment.due_ms = std::min(segment.due_ms, due_of(deadline));
  if (record.deadline != no_deadline) --deadline_counts_[record.database];
  if (deadline != no_deadline) ++deadline_counts_[record.database];
  return true;
}

void Items::copy(const Found& found, SegmentId target, unsigned use_count, unsigned history,
                 TimePoint deadline) {
  const Record& record = found.stored.record;
  const RecordShape shape{.key_size = record.key_size,
                          .value_size = record.value_size,
                          .deadline = deadline,
                          .database = record.database,
                          .is_large = record.is_large};
  const Bytes key = record.is_large ? Bytes() : found.stored.key();
  const Bytes value = record.is_large ? Bytes() : found.stored.value();
  const Location location = write(target, shape, record.large, key, value);
  found.place.store(make_slot(tag_of(found.place.load()), location, use_count, history));
  if (record.deadline != no_deadline) --deadline_counts_[record.database];
  if (shape.has_deadline()) ++deadline_counts_[record.database];
  bury(found.stored.location, record);
}

void Items::move(const Found& found, QueueId queue, unsigned use_count, unsigned history,
                 TimePoint deadline) {
  copy(found, this->queue(queue).open, use_count, history, deadline);
}

void Items::move_into(const Found& found, SegmentId target) {
  const Slot slot = found.place.load();
  copy(found, target, use_count_of(slot), history_of(slot), found.stored.record.deadline);
}

void Items::drop(const Found& found) {
  index_.remove(index_hash(found.hash, found.stored.record.database), found.place);
  forget_record(found.stored);
  if (count() == 0) index_.reset();
}

// The slot is gone already.
void Items::forget_record(const Stored& stored) {
  --counts_[stored.record.database];
  if (stored.record.deadline != no_deadline) --deadline_counts_[stored.record.database];
  if (stored.record.is_large) free_extent(stored.record.large);
  bury(stored.location, stored.record);
}

void Items::free_extent(const Large& large) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): a stub keeps it as a number
  large_values_.give_back(reinterpret_cast<std::byte*>(large.address));
}

void Items::bury(Location location, const Record& record) {
  const SegmentId id = pool_.segment_of(location);
  SegmentInfo& segment = pool_.info(id);
  SegmentQueue& queue = queue_ref(static_cast<QueueId>(segment.queue));
  segment.live_size -= static_cast<std::uint32_t>(record.size);
  --segment.live_count;
  queue.live_size -= record.size;
  --queue.live_count;
  if (record.is_large) queue.extent_size -= footprint_of(record.large);
  if (!segment.is_being_evicted) dead_size_ += record.size;
  if (segment.live_count == 0) free_segment(id);
}

void Items::clear() {
  for (std::size_t queue = 0; queue < queue_count; ++queue) {
    while (queues_.at(queue).oldest != 0) {
      const SegmentId id = queues_.at(queue).oldest;
      std::uint32_t offset = 0;
      while (queues_.at(queue).extent_size > 0) {
        const std::optional<Stored> stored = record_at(id, offset);
        if (!stored) break;
        offset += static_cast<std::uint32_t>(stored->record.size);
        if (!stored->record.is_large || !find_record(*stored)) continue;
        queues_.at(queue).extent_size -= footprint_of(stored->record.large);
        free_extent(stored->record.large);
      }
      queues_.at(queue).live_size -= info(id).live_size;
      queues_.at(queue).live_count -= info(id).live_count;
      if (!info(id).is_being_evicted) dead_size_ += info(id).live_size;
      free_segment(id);
    }
  }
  counts_ = {};
  deadline_counts_ = {};
  index_.reset();
}

void Items::clear(Database database) {
  if (counts_[database] == count()) return clear();
  for (const QueueId queue : {QueueId::small, QueueId::main}) {
    SegmentId next = 0;
    for (SegmentId id = this->queue(queue).oldest; id != 0 && counts_[database] > 0; id = next) {
      next = info(id).newer;
      std::uint32_t offset = 0;
      std::uint32_t live_count = info(id).live_count;
      while (live_count > 0) {
        const std::optional<Stored> stored = record_at(id, offset);
        LARDER_ASSERT(stored.has_value());
        offset += static_cast<std::uint32_t>(stored->record.size);
        if (!stored->record.is_item) continue;
        const std::optional<Found> found = find_record(*stored);
        if (!found) continue;
        --live_count;  // when it is 0, the segment may be gone
        if (stored->record.database == database) drop(*found);
      }
    }
  }
}

bool Items::tend_index() {
  constexpr int steps_per_write = 2;
  const auto lost = [this](Slot slot) {
    ++lost_count_;
    forget_record(stored_at(location_of(slot)));
  };
  for (int i = 0; i < steps_per_write; ++i) {
    const bool has_moved =
        index_.is_growth_due() ? index_.grow(lost) : index_.is_shrink_due() && index_.shrink(lost);
    if (!has_moved) return i > 0;
  }
  return true;
}

// ---- Segments

void Items::link(SegmentId id, QueueId queue_id, SegmentId older) {
  SegmentQueue& queue = queue_ref(queue_id);
  SegmentInfo& segment = pool_.info(id);
  segment.queue = static_cast<std::uint8_t>(queue_id);
  segment.due_ms = never_due;
  segment.older = older;
  segment.newer = older == 0 ? queue.oldest : pool_.info(older).newer;
  (segment.older == 0 ? queue.oldest : pool_.info(segment.older).newer) = id;
  (segment.newer == 0 ? queue.newest : pool_.info(segment.newer).older) = id;
  ++queue.segment_count;
}

void Items::unlink(SegmentId id) {
  const SegmentInfo& segment = info(id);
  SegmentQueue& queue = queue_ref(static_cast<QueueId>(segment.queue));
  (segment.older == 0 ? queue.oldest : pool_.info(segment.older).newer) = segment.newer;
  (segment.newer == 0 ? queue.newest : pool_.info(segment.newer).older) = segment.older;
  if (queue.open == id) queue.open = 0;
  --queue.segment_count;
}

void Items::forget_cleaning(SegmentId id) {
  if (cleaning_.id == id) cleaning_ = {};
  std::ranges::replace(cleaning_targets_, id, SegmentId{0});
}

void Items::free_segment(SegmentId id) {
  if (!info(id).is_being_evicted) dead_size_ -= info(id).used_size;
  forget_cleaning(id);
  if (sweeping_.id == id) sweeping_ = {};
  unlink(id);
  ++freed_count_;
  pool_.give_back(id);
}

void Items::start_eviction(SegmentId id) {
  SegmentInfo& segment = pool_.info(id);
  if (segment.is_being_evicted) return;
  segment.is_being_evicted = true;
  dead_size_ -= segment.used_size - segment.live_size;
  forget_cleaning(id);
}

void Items::retire(SegmentId id) {
  LARDER_ASSERT(info(id).live_count == 0);
  free_segment(id);
}

SegmentId Items::open_beside(SegmentId neighbour) {
  const SegmentId id = pool_.take_segment(true);
  if (id == 0) return 0;
  link(id, static_cast<QueueId>(info(neighbour).queue), neighbour);
  pool_.info(id).stamp = info(neighbour).stamp;  // what is copied is as old as it was
  SegmentId& target = cleaning_targets_.at(info(id).queue);
  if (target != 0) pool_.note_filled(target);
  target = id;
  return id;
}

std::size_t Items::segment_count() const { return queues_[0].segment_count + queues_[1].segment_count; }

Books Items::walk() const {
  Books found{.item_count = 0,
              .memory_used = (segment_count() + index_.chunk_count()) * pool_.segment_cost(),
              .deadline_count = 0};
  std::array<std::size_t, database_count> counts{};
  std::array<std::size_t, database_count> deadline_counts{};
  std::size_t dead_size = 0;
  for (const SegmentQueue& queue : queues_) {
    std::size_t live_size = 0;
    std::size_t live_count = 0;
    std::size_t extent_size = 0;
    std::size_t segment_count = 0;
    for (SegmentId id = queue.oldest; id != 0; id = info(id).newer) {
      ++segment_count;
      std::size_t segment_live_size = 0;
      std::size_t segment_live_count = 0;
      std::uint32_t offset = 0;
      while (const std::optional<Stored> stored = record_at(id, offset)) {
        offset += static_cast<std::uint32_t>(stored->record.size);
        if (!stored->record.is_item || !find_record(*stored)) continue;
        segment_live_size += stored->record.size;
        ++segment_live_count;
        ++found.item_count;
        ++counts.at(stored->record.database);
        if (stored->record.deadline != no_deadline) {
          ++found.deadline_count;
          ++deadline_counts.at(stored->record.database);
          const std::int64_t due_ms = std::min(due_of(stored->record.deadline), never_due - due_slack_ms);
          LARDER_ASSERT(info(id).due_ms <= due_ms + due_slack_ms || sweeping_.id == id);
        }
        if (stored->record.is_large) {
          extent_size += LargeValues::footprint(stored->record.key_size + stored->record.value_size);
        }
      }
      LARDER_ASSERT(offset == info(id).used_size);
      LARDER_ASSERT(segment_live_size == info(id).live_size);
      LARDER_ASSERT(segment_live_count == info(id).live_count);
      live_size += segment_live_size;
      live_count += segment_live_count;
      if (!info(id).is_being_evicted) dead_size += info(id).used_size - segment_live_size;
    }
    LARDER_ASSERT(live_size == queue.live_size);
    LARDER_ASSERT(live_count == queue.live_count);
    LARDER_ASSERT(extent_size == queue.extent_size);
    found.memory_used += extent_size;
    LARDER_ASSERT(segment_count == queue.segment_count);
  }
  LARDER_ASSERT(dead_size == dead_size_);
  LARDER_ASSERT(counts == counts_);
  LARDER_ASSERT(deadline_counts == deadline_counts_);
  return found;
}

}  // namespace larder::cache::segment
