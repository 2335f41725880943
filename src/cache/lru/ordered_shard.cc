#include "cache/lru/ordered_shard.h"

#include <algorithm>
#include <new>
#include <optional>

#include "base/assert.h"

namespace larder::cache {
namespace {

// Links of four indices, behind the item in MultiIndex' node: 2 + 2 + 3 + 3 pointers.
constexpr std::size_t links_size = 10 * sizeof(void*);

}  // namespace

OrderedShard::OrderedShard(const ShardLimits& limits)
    : budget_(limits.memory_size_max, limits.fixed_size, limits.memory_limit),
      items_(Items::ctor_args_list(), CountingAllocator<Item>(budget_)),
      item_count_max_(limits.item_count_max),
      empty_size_(budget_.used()) {
  LARDER_ASSERT(!budget_.exceeded());
  LARDER_ASSERT(item_count_max_ > 0);
}

bool OrderedShard::get(const ItemKey& key, TimePoint now, KeyedCalls::Visitor visit) {
  const Place place = find_unexpired(key, now);
  if (place == items_.end()) {
    ++counters_.misses;
    return false;
  }
  ++counters_.hits;
  use(place);
  visit(place->view());
  return true;
}

bool OrderedShard::peek(const ItemKey& key, TimePoint now, KeyedCalls::Visitor visit) {
  const Place place = find_unexpired(key, now);
  if (place == items_.end()) return false;
  visit(place->view());
  return true;
}

StoreOutcome OrderedShard::set(const ItemKey& key, Bytes value, Expiry expiry, Condition condition,
                               TimePoint now) {
  const Place current = find_unexpired(key, now);
  const bool present = current != items_.end();
  if (!holds(condition, present ? std::optional(current->token) : std::nullopt)) {
    return StoreOutcome::condition_failed;
  }
  return store(key, current, value, deadline_after(expiry, present ? current->deadline : no_deadline), now);
}

bool OrderedShard::remove(const ItemKey& key, Condition condition, TimePoint now) {
  const Place place = find_unexpired(key, now);
  if (place == items_.end() || !holds(condition, place->token)) return false;
  erase(place);
  return true;
}

bool OrderedShard::touch(const ItemKey& key, Expiry expiry, TimePoint now) {
  LARDER_ASSERT(expiry.kind != Expiry::Kind::keep);
  const Place place = find_unexpired(key, now);
  if (place == items_.end()) return false;
  const TimePoint deadline = deadline_after(expiry, place->deadline);
  if (has_expired(deadline, now)) {
    erase(place);
    return true;
  }
  if (place->deadline != no_deadline) --deadline_counts_[key.database];
  if (deadline != no_deadline) ++deadline_counts_[key.database];
  items_.modify(place, [deadline](Item& item) { item.deadline = deadline; });
  use(place);
  return true;
}

StoreOutcome OrderedShard::update(const ItemKey& key, TimePoint now, KeyedCalls::Updater decide) {
  const Place current = find_unexpired(key, now);
  const bool present = current != items_.end();
  Change change;
  if (present) {
    use(current);
    const ItemView view = current->view();
    change = decide(&view);
  } else {
    change = decide(nullptr);
  }
  switch (change.kind) {
    case Change::Kind::keep:
      break;
    case Change::Kind::remove:
      if (present) erase(current);
      break;
    case Change::Kind::store:
      return store(key, current, change.value,
                   deadline_after(change.expiry, present ? current->deadline : no_deadline), now);
  }
  return StoreOutcome::stored;
}

StoreOutcome OrderedShard::store(const ItemKey& key, Place replaced, Bytes value, TimePoint deadline,
                                 TimePoint now) {
  budget_.heed_asked();
  if (replaced != items_.end()) erase(replaced);
  if (has_expired(deadline, now)) return StoreOutcome::stored;

  std::size_t size = sizeof(Item) + links_size + key.bytes.size() + value.size();
  if (size > budget_.target() - empty_size_) return refuse(StoreOutcome::too_large);
  // One more item may double the array of buckets: beside the old array a rehash needs the new one, and two
  // words an item while it runs.
  const auto& table = items_.get<ByKey>();
  if (static_cast<float>(table.size() + 1) >
      table.max_load_factor() * static_cast<float>(table.bucket_count())) {
    size += 4 * sizeof(void*) * table.bucket_count();
  }
  while (!items_.empty() && (items_.size() >= item_count_max_ || !budget_.has_room_for(size))) {
    evict_oldest(now);
  }
  try {
    const CountingAllocator<char> allocator(budget_);
    items_.push_front(Item{.key = String(key.bytes, allocator),
                           .value = String(value, allocator),
                           .hash = key.hash,
                           .token = ++last_token_,
                           .deadline = deadline,
                           .database = key.database});
  } catch (const std::bad_alloc&) {
    return refuse(StoreOutcome::no_memory);
  }
  ++item_counts_[key.database];
  if (deadline != no_deadline) ++deadline_counts_[key.database];

  // The estimate knew nothing of how malloc rounds three blocks.
  while (budget_.exceeded() && items_.size() > 1) evict_oldest(now);
  if (budget_.exceeded()) {
    erase(items_.begin());
    return refuse(StoreOutcome::too_large);
  }
  ++counters_.sets;
  return StoreOutcome::stored;
}

StoreOutcome OrderedShard::refuse(StoreOutcome outcome) {
  ++counters_.refused;
  return outcome;
}

OrderedShard::Place OrderedShard::find_unexpired(const ItemKey& key, TimePoint now) {
  const auto found = items_.get<ByKey>().find(key);
  const Place place = items_.project<ByUse>(found);
  if (place == items_.end() || !has_expired(place->deadline, now)) return place;
  ++counters_.expired;
  erase(place);
  return items_.end();
}

void OrderedShard::evict_oldest(TimePoint now) {
  const Place oldest = --items_.end();
  ++(has_expired(oldest->deadline, now) ? counters_.expired : counters_.evictions);
  erase(oldest);
}

void OrderedShard::erase(Place place) {
  --item_counts_[place->database];
  if (place->deadline != no_deadline) --deadline_counts_[place->database];
  items_.erase(place);
  if (items_.empty() && budget_.used() > empty_size_) shrink_empty();
}

// A hashed index never gives an array of buckets back, not even in rehash(0). Without items a new container
// is the same container.
void OrderedShard::shrink_empty() {
  try {
    Items fresh{Items::ctor_args_list(), CountingAllocator<Item>(budget_)};
    items_.swap(fresh);
  } catch (const std::bad_alloc&) {  // the larger array serves as well
    return;
  }
}

ScanProgress OrderedShard::scan(Database database, Cursor from, ScanLimits limits, TimePoint now,
                                Cache::ScanVisitor show) const {
  ScanProgress progress{.next = std::nullopt, .show_count = 0, .visit_count = 1};
  if (item_counts_[database] == 0) return progress;
  const auto& by_hash = items_.get<ByHash>();
  Cursor previous = from;
  for (auto item = by_hash.lower_bound(hash_of_cursor(from)); item != by_hash.end(); ++item) {
    const Cursor cursor = cursor_of_hash(item->hash);
    const bool enough =
        progress.show_count >= limits.show_count_max || progress.visit_count >= limits.visit_count_max;
    if (enough && cursor != previous) {
      progress.next = cursor;
      return progress;
    }
    previous = cursor;
    ++progress.visit_count;
    if (item->database != database || has_expired(item->deadline, now)) continue;
    ++progress.show_count;
    show(item->key, item->view());
  }
  return progress;
}

void OrderedShard::clear(Database database) {
  Place place = items_.begin();
  while (item_counts_[database] > 0) {
    const Place next = std::next(place);
    if (place->database == database) erase(place);
    place = next;
  }
}

void OrderedShard::clear_all() {
  while (!items_.empty()) erase(items_.begin());
}

std::size_t OrderedShard::sweep(TimePoint now, std::size_t visit_count_max) {
  budget_.heed_asked();
  const auto& by_deadline = items_.get<ByDeadline>();
  std::size_t visit_count = 0;
  while (visit_count < visit_count_max && !items_.empty() &&
         tick_of(by_deadline.begin()->deadline) < tick_of(now)) {
    ++counters_.expired;
    erase(items_.project<ByUse>(by_deadline.begin()));
    ++visit_count;
  }
  for (; visit_count < visit_count_max && budget_.is_above_target() && !items_.empty(); ++visit_count) {
    evict_oldest(now);
    budget_.follow_target(0);
  }
  return visit_count;
}

CacheStats OrderedShard::stats() const {
  CacheStats stats = counters_;
  stats.items = items_.size();
  stats.memory_used = budget_.used();
  stats.memory_limit_in_force = budget_.limit_in_force();
  return stats;
}

Books OrderedShard::books() const {
  const auto& by_deadline = items_.get<ByDeadline>();
  const auto without = by_deadline.equal_range(no_deadline);
  const auto without_count = static_cast<std::size_t>(std::distance(without.first, without.second));
  return {.item_count = items_.size(),
          .memory_used = budget_.used(),
          .deadline_count = items_.size() - without_count};
}

// The memory of MultiIndex' nodes cannot be walked from outside, so of the bytes only a lower bound is
// checked: an item takes no less than itself and its links.
Books OrderedShard::walk() const {
  Books found{.item_count = 0, .memory_used = budget_.used(), .deadline_count = 0};
  std::array<std::size_t, database_count> item_counts{};
  std::array<std::size_t, database_count> deadline_counts{};
  std::size_t size_min = empty_size_;
  for (const Item& item : items_) {
    ++found.item_count;
    ++item_counts[item.database];
    size_min += sizeof(Item) + links_size;
    if (item.deadline != no_deadline) {
      ++found.deadline_count;
      ++deadline_counts[item.database];
    }
  }
  LARDER_ASSERT(item_counts == item_counts_);
  LARDER_ASSERT(deadline_counts == deadline_counts_);
  LARDER_ASSERT(size_min <= budget_.used());
  return found;
}

}  // namespace larder::cache
