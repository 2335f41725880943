#include "cache/lru/lru_shard.h"

#include <algorithm>
#include <optional>

#include "base/assert.h"
#include "cache/rules.h"

namespace larder::cache {

LruShard::LruShard(const ShardLimits& limits)
    : budget_(limits.memory_size_max, limits.fixed_size, limits.memory_limit),
      table_(budget_, limits.shard_bit_count),
      fixed_size_(limits.fixed_size),
      shard_bit_count_(limits.shard_bit_count),
      item_count_max_(limits.item_count_max),
      empty_size_(budget_.used()) {
  LARDER_ASSERT(!budget_.exceeded());
  LARDER_ASSERT(item_count_max_ > 0);
}

LruShard::~LruShard() { clear_all(); }

bool LruShard::get(const ItemKey& key, TimePoint now, KeyedCalls::Visitor visit) {
  Node* const node = find_unexpired(key, now);
  if (node == nullptr) {
    ++counters_.misses;
    return false;
  }
  ++counters_.hits;
  recency_.move_to_front(*node);
  visit(node->view());
  return true;
}

bool LruShard::peek(const ItemKey& key, TimePoint now, KeyedCalls::Visitor visit) {
  const Node* const node = find_unexpired(key, now);
  if (node == nullptr) return false;
  visit(node->view());
  return true;
}

StoreOutcome LruShard::set(const ItemKey& key, Bytes value, Expiry expiry, Condition condition,
                           TimePoint now) {
  Node* const current = find_unexpired(key, now);
  if (!holds(condition, current == nullptr ? std::nullopt : std::optional(current->token()))) {
    return StoreOutcome::condition_failed;
  }
  const TimePoint deadline = deadline_after(expiry, current == nullptr ? no_deadline : current->deadline());
  return store(key, current, value, deadline, now);
}

bool LruShard::remove(const ItemKey& key, Condition condition, TimePoint now) {
  Node* const node = find_unexpired(key, now);
  if (node == nullptr || !holds(condition, node->token())) return false;
  release(*node);
  tend_table();
  return true;
}

bool LruShard::touch(const ItemKey& key, Expiry expiry, TimePoint now) {
  LARDER_ASSERT(expiry.kind != Expiry::Kind::keep);
  Node* const node = find_unexpired(key, now);
  if (node == nullptr) return false;
  const TimePoint deadline = deadline_after(expiry, node->deadline());
  if (has_expired(deadline, now)) {
    release(*node);
    tend_table();
    return true;
  }
  stop_deadline(*node);
  node->set_deadline(deadline);
  start_deadline(*node);
  recency_.move_to_front(*node);
  return true;
}

StoreOutcome LruShard::update(const ItemKey& key, TimePoint now, KeyedCalls::Updater decide) {
  Node* const current = find_unexpired(key, now);
  Change change;
  if (current == nullptr) {
    change = decide(nullptr);
  } else {
    recency_.move_to_front(*current);
    const ItemView view = current->view();
    change = decide(&view);
  }
  switch (change.kind) {
    case Change::Kind::keep:
      break;
    case Change::Kind::remove:
      if (current != nullptr) release(*current);
      tend_table();
      break;
    case Change::Kind::store:
      return store(key, current, change.value,
                   deadline_after(change.expiry, current == nullptr ? no_deadline : current->deadline()),
                   now);
  }
  return StoreOutcome::stored;
}

// The old node goes first. A refused store must leave no old value behind anyway, its bytes are room for the
// new one, and an overwrite then evicts nobody as long as the new value is no larger than the old.
StoreOutcome LruShard::store(const ItemKey& key, Node* replaced, Bytes value, TimePoint deadline,
                             TimePoint now) {
  budget_.heed_asked();
  if (replaced != nullptr) release(*replaced);
  if (has_expired(deadline, now)) {
    tend_table();
    return StoreOutcome::stored;
  }
  const std::size_t size = Node::size(key.bytes, value);
  if (key.bytes.size() > Node::key_size_max ||
      MemoryBudget::block_size(size) > budget_.target() - empty_size_) {
    return refuse(StoreOutcome::too_large);
  }
  while (table_.size() > 0 && (table_.size() >= item_count_max_ || !budget_.has_room_for(size))) {
    evict_oldest(now);
  }
  Node* const node = Node::make(budget_, key, value, deadline, ++last_token_);
  if (node == nullptr) return refuse(StoreOutcome::no_memory);
  link(*node);
  tend_table();

  // malloc may have taken more than it was expected to.
  while (budget_.exceeded() && table_.size() > 1) evict_oldest(now);
  if (budget_.exceeded()) {
    release(*node);
    return refuse(StoreOutcome::too_large);
  }
  // A full shard never has room for a larger table. When its chains have become long all the same (its items
  // are smaller than they used to be), it saves up: a few more items leave with each store, until the array
  // fits. Evicting for it at once would stall one unlucky call for tens of milliseconds.
  constexpr int extra_eviction_count_max = 4;
  for (int i = 0; i < extra_eviction_count_max && table_.size() > 1 && table_.is_growth_overdue() &&
                  !budget_.has_room_for(table_.resize_size());
       ++i) {
    evict_oldest(now);
  }
  ++counters_.sets;
  return StoreOutcome::stored;
}

StoreOutcome LruShard::refuse(StoreOutcome outcome) {
  ++counters_.refused;
  return outcome;
}

Node* LruShard::find_unexpired(const ItemKey& key, TimePoint now) {
  Node* const node = table_.find(key);
  if (node == nullptr || !has_expired(node->deadline(), now)) return node;
  ++counters_.expired;
  release(*node);
  return nullptr;
}

void LruShard::evict_oldest(TimePoint now) {
  Node& oldest = *recency_.back();
  ++(has_expired(oldest.deadline(), now) ? counters_.expired : counters_.evictions);
  release(oldest);
}

void LruShard::link(Node& node) {
  table_.insert(node);
  recency_.push_front(node);
  start_deadline(node);
  ++item_counts_[node.database()];
}

void LruShard::release(Node& node) {
  table_.remove(node);
  List<Node, RecencyTag>::remove(node);
  stop_deadline(node);
  --item_counts_[node.database()];
  Node::destroy(budget_, node);
  // A table that grew for a million items would keep out a large value that fits an empty shard.
  if (table_.size() == 0) table_.reset();
}

void LruShard::start_deadline(Node& node) {
  if (!node.has_deadline()) return;
  wheel_.insert(node);
  ++deadline_counts_[node.database()];
}

void LruShard::stop_deadline(Node& node) {
  if (!node.has_deadline()) return;
  wheel_.remove(node);
  --deadline_counts_[node.database()];
}

void LruShard::tend_table() {
  table_.step();
  if (table_.is_resize_due() && budget_.has_room_for(table_.resize_size())) table_.start_resize();
}

// Bucket by bucket, each whole: a bucket covers one range of hashes, so where it ends is where the next call
// may start, whatever size the table has by then.
ScanProgress LruShard::scan(Database database, Cursor from, ScanLimits limits, TimePoint now,
                            Cache::ScanVisitor show) const {
  ScanProgress progress{.next = std::nullopt, .show_count = 0, .visit_count = 1};
  if (item_counts_[database] == 0) return progress;

  const std::uint64_t first_hash = hash_of_cursor(from);
  const std::uint64_t last_hash = first_hash | (~std::uint64_t{0} >> shard_bit_count_);
  Table::Range range = table_.range_at(first_hash);
  for (;;) {
    for (const Node* node = range.first; node != nullptr; node = node->chain_next) {
      ++progress.visit_count;
      if (node->hash() < first_hash || node->database() != database) continue;
      if (has_expired(node->deadline(), now)) continue;
      ++progress.show_count;
      show(node->key(), node->view());
    }
    ++progress.visit_count;
    if (range.last_hash == last_hash) return progress;
    const std::uint64_t next_hash = range.last_hash + 1;
    if (progress.show_count >= limits.show_count_max || progress.visit_count >= limits.visit_count_max) {
      progress.next = cursor_of_hash(next_hash);
      return progress;
    }
    range = table_.range_at(next_hash);
  }
}

void LruShard::clear(Database database) {
  Node* node = recency_.front();
  while (node != nullptr && item_counts_[database] > 0) {
    Node* const next = recency_.after(*node);
    if (node->database() == database) release(*node);
    node = next;
  }
}

void LruShard::clear_all() {
  while (Node* const node = recency_.back()) release(*node);
}

std::size_t LruShard::sweep(TimePoint now, std::size_t visit_count_max) {
  budget_.heed_asked();
  const std::size_t visit_count = wheel_.advance(now, visit_count_max, [this](Node& node) {
    ++counters_.expired;
    release(node);
    tend_table();
  });
  return visit_count + shrink(now, visit_count_max - std::min(visit_count, visit_count_max));
}

// A table with room for many more items than there will be becomes smaller on the way, or its array would be
// all that is left; while the next one is to come, the limit leaves room for it.
std::size_t LruShard::shrink(TimePoint now, std::size_t visit_count_max) {
  std::size_t count = 0;
  for (; count < visit_count_max && budget_.is_above_target(); ++count) {
    if (table_.is_resizing() || (table_.is_shrink_due() && budget_.has_room_for(table_.resize_size()))) {
      tend_table();
      // malloc may have taken more than it was expected to.
      while (budget_.exceeded() && table_.size() > 0) evict_oldest(now);
    } else if (table_.size() > 0) {
      evict_oldest(now);
    } else {
      break;
    }
    budget_.follow_target(table_.is_shrink_due() ? MemoryBudget::block_size(table_.resize_size()) : 0);
  }
  return count;
}

CacheStats LruShard::stats() const {
  CacheStats stats = counters_;
  stats.items = table_.size();
  stats.memory_used = budget_.used();
  stats.memory_limit_in_force = budget_.limit_in_force();
  return stats;
}

Books LruShard::books() const {
  return {.item_count = table_.size(), .memory_used = budget_.used(), .deadline_count = wheel_.size()};
}

Books LruShard::walk() const {
  Books found{.item_count = 0, .memory_used = fixed_size_ + table_.memory_used(), .deadline_count = 0};
  std::array<std::size_t, database_count> item_counts{};
  std::array<std::size_t, database_count> deadline_counts{};
  for (Node* node = recency_.front(); node != nullptr; node = recency_.after(*node)) {
    ++found.item_count;
    ++item_counts[node->database()];
    found.memory_used += MemoryBudget::real_size(node);
    if (node->has_deadline()) {
      ++found.deadline_count;
      ++deadline_counts[node->database()];
    }
    LARDER_ASSERT(table_.find({node->key(), node->hash(), node->database()}) == node);
  }
  LARDER_ASSERT(item_counts == item_counts_);
  LARDER_ASSERT(deadline_counts == deadline_counts_);
  return found;
}

}  // namespace larder::cache
