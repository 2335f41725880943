#include "cache/segment/segment_shard.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "cache/rules.h"

namespace larder::cache::segment {
namespace {

// What a write owes while room is short: to look at this many times its own size.
constexpr std::size_t eviction_effort = 3;
constexpr std::size_t owed_count_max = 64;

// Each shard's first index, and a segment for stubs.
std::size_t large_rest_size_for(const Pool& pool, std::size_t chunk_count) {
  return pool.fixed_size() + pool.shape().shard_count * (chunk_count + 2) * pool.segment_cost() +
         2 * page_size;
}

}  // namespace

SegmentShard::SegmentShard(const ShardLimits& limits, SegmentShared& shared, std::size_t shard_index)
    : shared_(shared),
      items_(shared.pool, shared.large_values, shared.hasher, limits.shard_bit_count),
      ghost_memory_(shared.pool, shard_index),
      ghost_(ghost_memory_),
      evictor_(items_, ghost_, *shared.policy),
      cleaner_(items_),
      sweeper_(items_),
      shard_bit_count_(limits.shard_bit_count),
      item_count_max_(limits.item_count_max),
      large_rest_size_(large_rest_size_for(shared.pool, items_.index().chunk_count())) {
  shared_.tenants.join(*this);
}

// ---- Reading under the lock

std::optional<Found> SegmentShard::find_unexpired(const ItemKey& key, TimePoint now) {
  std::optional<Found> found = items_.find(key);
  if (!found || !has_expired(found->stored.record.deadline, now)) return found;
  ++counters_.expired;
  const WriteSection section(sequence_);
  take_out(*found, now);
  return std::nullopt;
}

ItemView SegmentShard::view_of(const Found& found) const {
  return {.value = found.stored.value(),
          .deadline = shown_deadline(found.stored.record.deadline),
          .known_token = items_.token_of(found.stored.location, found.hash, found.stored.record.database),
          .lender = found.stored.record.is_large ? &shared_.large_values : nullptr};
}

bool SegmentShard::get(const ItemKey& key, TimePoint now, KeyedCalls::Visitor visit) {
  const std::optional<Found> found = find_unexpired(key, now);
  shared_.counters.count(found.has_value());
  if (!found) return false;
  count_use(found->place, found->place.load());
  visit(view_of(*found));
  return true;
}

bool SegmentShard::peek(const ItemKey& key, TimePoint now, KeyedCalls::Visitor visit) {
  const std::optional<Found> found = find_unexpired(key, now);
  if (!found) return false;
  visit(view_of(*found));
  return true;
}

void SegmentShard::begin_body() {
  sequence_.begin_write();
  set_holder(true);
}

void SegmentShard::end_body() {
  set_holder(false);
  sequence_.end_write();
}

// ---- Writing

StoreOutcome SegmentShard::set(const ItemKey& key, Bytes value, Expiry expiry, Condition condition,
                               TimePoint now) {
  const std::optional<Found> current = find_unexpired(key, now);
  if (!holds(condition, current ? std::optional(view_of(*current).token()) : std::nullopt)) {
    return StoreOutcome::condition_failed;
  }
  const TimePoint deadline = deadline_after(expiry, current ? current->stored.record.deadline : no_deadline);
  return store(key, current, value, deadline, now);
}

bool SegmentShard::remove(const ItemKey& key, Condition condition, TimePoint now) {
  const std::optional<Found> found = find_unexpired(key, now);
  if (!found || !holds(condition, view_of(*found).token())) return false;
  const WriteSection section(sequence_);
  take_out(*found, now);
  return true;
}

bool SegmentShard::touch(const ItemKey& key, Expiry expiry, TimePoint now) {
  LARDER_ASSERT(expiry.kind != Expiry::Kind::keep);
  std::optional<Found> found = find_unexpired(key, now);
  if (!found) return false;
  const TimePoint deadline = deadline_after(expiry, found->stored.record.deadline);
  const WriteSection section(sequence_);
  if (has_expired(deadline, now)) {
    take_out(*found, now);
    return true;
  }
  count_use(found->place, found->place.load());
  if (items_.set_deadline(*found, deadline)) return true;

  // There is no field for it: the record is written anew. Making room for that may have evicted it.
  const QueueId queue = items_.queue_of(found->stored.location);
  const std::size_t size = found->stored.record.size + head_size_max;
  const bool has_room = make_log_room(queue, size, now);
  found = items_.find(key);
  if (!found) return false;
  if (!has_room) {
    drop(*found);
    return false;
  }
  const Slot slot = found->place.load();
  items_.move(*found, queue, use_count_of(slot), history_of(slot), deadline);
  tend(size, now);
  return true;
}

StoreOutcome SegmentShard::update(const ItemKey& key, TimePoint now, KeyedCalls::Updater decide) {
  const std::optional<Found> current = find_unexpired(key, now);
  Change change;
  if (current) {
    count_use(current->place, current->place.load());
    const ItemView view = view_of(*current);
    change = decide(&view);
  } else {
    change = decide(nullptr);
  }
  switch (change.kind) {
    case Change::Kind::keep:
      break;
    case Change::Kind::remove:
      if (current) {
        const WriteSection section(sequence_);
        take_out(*current, now);
      }
      break;
    case Change::Kind::store:
      return store(key, current, change.value,
                   deadline_after(change.expiry, current ? current->stored.record.deadline : no_deadline),
                   now);
  }
  return StoreOutcome::stored;
}

StoreOutcome SegmentShard::store(const ItemKey& key, const std::optional<Found>& replaced, Bytes value,
                                 TimePoint deadline, TimePoint now) {
  const WriteSection section(sequence_);
  if (has_expired(deadline, now)) {
    if (replaced) take_out(*replaced, now);
    return StoreOutcome::stored;
  }
  RecordShape shape{.key_size = key.bytes.size(),
                    .value_size = value.size(),
                    .deadline = deadline,
                    .database = key.database};
  const std::size_t body_size = shape.key_size + shape.value_size;
  shape.is_large = shared_.is_large(body_size);

  unsigned use_count = 0;
  unsigned history = 0;
  QueueId queue = QueueId::main;
  if (replaced) {
    count_use(replaced->place, replaced->place.load());
    const Slot slot = replaced->place.load();
    use_count = use_count_of(slot);
    history = history_of(slot);
    queue = items_.queue_of(replaced->stored.location);
    if (!shape.is_large && items_.rewrite(*replaced, shape, key, value)) {
      ++counters_.sets;
      tend(shape.size(), now);
      return StoreOutcome::stored;
    }
    // A refused store must leave no old value behind, and the old bytes are room for the new ones.
    drop(*replaced);
  }
  if (shape.is_large && body_size + large_rest_size_ > shared_.pool.target()) {
    tend(0, now);
    return refuse(StoreOutcome::too_large);
  }
  if (!replaced) queue = evictor_.entrance_for(key.hash);

  Large large;
  std::byte* extent = nullptr;
  if (shape.is_large) {
    extent = take_large(key.bytes, value, now);
    if (extent == nullptr) return refuse(StoreOutcome::no_memory);
    large = {.hash = key.hash,
             .address = reinterpret_cast<std::uintptr_t>(extent),
             .key_size = shape.key_size,
             .value_size = shape.value_size};
  }
  make_item_room(now);
  if (!make_log_room(queue, shape.size(), now)) {
    if (extent != nullptr) shared_.large_values.give_back(extent);
    return refuse(StoreOutcome::no_memory);
  }
  items_.append(queue, shape, key, value, large, use_count, history);
  ++counters_.sets;
  tend(shape.size(), now, shape.is_large ? LargeValues::footprint(body_size) : 0);
  return StoreOutcome::stored;
}

StoreOutcome SegmentShard::refuse(StoreOutcome outcome) {
  ++counters_.refused;
  publish_stamp();
  return outcome;
}

void SegmentShard::drop(const Found& found) {
  items_.drop(found);
  // What it remembers is no use to an empty shard, and its memory may be to others.
  if (items_.count() == 0) evictor_.restart();
}

// Nothing takes its place: if this did not pay for cleaning up, a shard that is only removed from would keep
// its memory.
void SegmentShard::take_out(const Found& found, TimePoint now) {
  const std::size_t size = found.stored.record.size;
  drop(found);
  cleaner_.step(size);
  tend(0, now);
}

void SegmentShard::make_item_room(TimePoint now) {
  Patience patience;
  while (items_.count() >= item_count_max_) {
    const std::size_t count = evictor_.step(1, now, patience.need());
    if (count == 0) return;
    patience.note({.record_count = count});
  }
}

bool SegmentShard::make_log_room(QueueId queue, std::size_t size, TimePoint now) {
  Patience patience;
  while (!items_.has_room(queue, size) && !items_.open_segment(queue, false)) {
    if (shared_.large_values.reclaim()) continue;
    const auto progress = shared_.tenants.make_way(*this, records_per_portion, now, patience.need());
    if (progress.record_count == 0) {
      return items_.has_room(queue, size) || items_.open_segment(queue, true);
    }
    patience.note(progress);
  }
  return true;
}

// Key and value in pages of their own. The budget is made room in; what the kernel refuses is not to be had
// by evicting, and then there is room each time. What can be adopted needs less of it than a copy, and is
// tried first.
std::byte* SegmentShard::take_large(Bytes key, Bytes value, TimePoint now) {
  LargeValues& values = shared_.large_values;
  std::byte* place = nullptr;
  Patience patience;
  while ((place = values.adopt(value, key.size())) == nullptr) {
    place = values.take(value.size(), key.size());
    if (place != nullptr) break;
    if (patience.is_over()) return nullptr;
    if (values.reclaim()) continue;
    const bool has_room = shared_.pool.has_room_for(LargeValues::footprint(key.size() + value.size()));
    patience.note(has_room ? Progress{}
                           : shared_.tenants.make_way(*this, records_per_portion, now, patience.need()));
  }
  char* const bytes = reinterpret_cast<char*>(place);
  if (bytes != value.data()) std::memcpy(bytes, value.data(), value.size());
  std::memcpy(bytes + value.size(), key.data(), key.size());
  return place;
}

// Room is made before it is needed, by every write a little, so that none has to empty a segment on its own.
// Not by an item that is alone in its shard: it would be the one to leave.
void SegmentShard::tend(std::size_t write_size, TimePoint now, std::size_t extent_size) {
  items_.tend_index();
  cleaner_.step(write_size);
  if (write_size > 0 && shared_.pool.is_short(shared_.large_values.dying_size()) && items_.count() > 1) {
    const SegmentQueue& main = items_.queue(QueueId::main);
    const SegmentQueue& small = items_.queue(QueueId::small);
    const std::size_t mean_size = (main.held_size() + small.held_size()) / items_.count() + 1;
    const std::size_t owed =
        std::min(eviction_effort * (write_size + extent_size) / mean_size + 1, owed_count_max);
    shared_.tenants.help(*this, owed, now);
  }
  publish_stamp();
}

void SegmentShard::publish_stamp() { publish(evictor_.next_stamp().value_or(nothing)); }

Tenant::Progress SegmentShard::give_way(std::size_t record_count_max, TimePoint now, Need need) {
  const WriteSection section(sequence_);
  const std::uint64_t freed_count = items_.freed_count();
  const std::uint64_t left_count = evictor_.left_count();
  const std::size_t count = evictor_.step(record_count_max, now, need);
  if (items_.count() == 0 || ghost_.is_oversized(items_.count())) evictor_.restart();
  publish_stamp();
  return {.record_count = count,
          .left_count = static_cast<std::size_t>(evictor_.left_count() - left_count),
          .has_freed_segment = items_.freed_count() > freed_count};
}

// ---- Everything

ScanProgress SegmentShard::scan(Database database, Cursor from, ScanLimits limits, TimePoint now,
                                Cache::ScanVisitor show) const {
  ScanProgress progress{.next = std::nullopt, .show_count = 0, .visit_count = 1};
  if (items_.count(database) == 0) return progress;
  const std::uint64_t first_hash = hash_of_cursor(from);
  const std::uint64_t own_bits = shard_bit_count_ == 0 ? 0 : ~(~std::uint64_t{0} >> shard_bit_count_);
  // In the order of what the index knows items by: a cursor is a place in that order.
  const std::uint64_t first = items_.index_hash(first_hash, 0);
  std::uint64_t hash = first;
  for (;;) {
    items_.index().each_in_range(hash, [&](Slot slot) {
      ++progress.visit_count;
      const Stored stored = items_.stored_at(location_of(slot));
      if (stored.record.database != database || has_expired(stored.record.deadline, now)) return;
      const Found found{.stored = stored, .place = {}, .hash = items_.hash_of(stored)};
      if (items_.index_hash(found.hash, database) < first) return;
      ++progress.show_count;
      show(stored.key(), view_of(found));
    });
    ++progress.visit_count;
    const std::uint64_t last = items_.index().range_end(hash);
    if (last == ~std::uint64_t{0}) return progress;
    hash = last + 1;
    if (progress.show_count >= limits.show_count_max || progress.visit_count >= limits.visit_count_max) {
      progress.next = cursor_of_hash((first_hash & own_bits) | hash >> shard_bit_count_);
      return progress;
    }
  }
}

void SegmentShard::clear(Database database) {
  const WriteSection section(sequence_);
  items_.clear(database);
  if (items_.count() == 0) evictor_.restart();
  publish_stamp();
}

void SegmentShard::clear_all() {
  const WriteSection section(sequence_);
  items_.clear();
  evictor_.restart();
  publish_stamp();
}

std::size_t SegmentShard::sweep(TimePoint now, std::size_t visit_count_max) {
  const WriteSection section(sequence_);
  const std::size_t dead_size = items_.dead_size();
  constexpr std::size_t visits_per_index_step = 32;  // two groups of lines, each read and written
  std::size_t count = sweeper_.step(now, visit_count_max);
  if (count == 0 && items_.tend_index()) count = std::min(visits_per_index_step, visit_count_max);
  if (items_.count() == 0) evictor_.restart();
  // As in take_out(): perhaps nothing will be written that would pay for it.
  if (items_.dead_size() > dead_size) cleaner_.step(items_.dead_size() - dead_size);
  publish_stamp();
  return count;
}

CacheStats SegmentShard::stats() const {
  CacheStats stats = counters_;
  stats.items = items_.count();
  stats.memory_used = books().memory_used;
  stats.evictions = evictor_.evicted_count() + items_.lost_count();
  stats.expired += evictor_.expired_count() + sweeper_.expired_count();
  return stats;
}

Books SegmentShard::books() const {
  return {.item_count = items_.count(),
          .memory_used = items_.memory_used() + ghost_.memory_used(),
          .deadline_count = items_.deadline_count()};
}

Books SegmentShard::walk() const {
  Books found = items_.walk();
  found.memory_used += ghost_.memory_used();
  return found;
}

}  // namespace larder::cache::segment
