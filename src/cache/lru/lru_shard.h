// cache/lru/lru_shard.h: the classic LRU cache: a hash table to find items, a list to order them.
//
//   table                                    list, newest first
//   +---+     +------+     +------+
//   | 0 | --> | king | --> | jack |          king <-> ace <-> queen <-> jack
//   | 1 |     +------+     +------+           ^                          ^
//   | 2 | --> | ace  |                        a hit moves its item here  the next to be evicted
//   | 3 |     +------+
//   | 4 | --> | queen|   one node is in both: found through the table, it is moved in the list without search
//   +---+     +------+
//
//   get       look up in the table, move to the front of the list                        O(1)
//   set       free the old node, evict from the back until the new one fits, insert      O(1) and evictions
//   expiry    on access; and by sweep(), which finds due nodes through a timing wheel
//
// Read list.h, node.h, table.h, then lru_shard.cc; deadline_wheel.h can wait.
#pragma once

#include <array>
#include <cstddef>

#include "cache/backend.h"
#include "cache/counting_allocator.h"
#include "cache/lru/deadline_wheel.h"
#include "cache/lru/list.h"
#include "cache/lru/node.h"
#include "cache/lru/table.h"
#include "cache/shard.h"

namespace larder::cache {

/// Exact LRU for one thread; fulfils `Shard`. Not final: tests derive from it to plant mistakes.
///
/// Units      bytes as malloc took them
/// Ownership  owns its nodes
/// Threads    every call under the shard's lock
/// Errors     the constructor throws std::bad_alloc
/// Invariant  a node is in the table, on the list, and counted in its database; on the wheel if it has a
///            deadline; books() == walk()
class LruShard {
 public:
  explicit LruShard(const ShardLimits& limits);
  ~LruShard();
  LruShard(const LruShard&) = delete;
  LruShard& operator=(const LruShard&) = delete;

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

  [[nodiscard]] std::size_t item_count(Database database) const { return item_counts_[database]; }
  [[nodiscard]] std::size_t deadline_count(Database database) const { return deadline_counts_[database]; }
  [[nodiscard]] CacheStats stats() const;
  [[nodiscard]] Books books() const;
  [[nodiscard]] Books walk() const;

 private:
  Node* find_unexpired(const ItemKey& key, TimePoint now);
  StoreOutcome store(const ItemKey& key, Node* replaced, Bytes value, TimePoint deadline, TimePoint now);
  StoreOutcome refuse(StoreOutcome outcome);
  void evict_oldest(TimePoint now);
  void link(Node& node);
  void release(Node& node);
  void start_deadline(Node& node);
  void stop_deadline(Node& node);
  void tend_table();
  std::size_t shrink(TimePoint now, std::size_t visit_count_max);

  MemoryBudget budget_;
  Table table_;
  List<Node, RecencyTag> recency_;  // front: the item that was used last; back: the next to leave
  DeadlineWheel wheel_;
  std::array<std::size_t, database_count> item_counts_{};
  std::array<std::size_t, database_count> deadline_counts_{};
  std::size_t fixed_size_;
  unsigned shard_bit_count_;
  std::size_t item_count_max_;
  std::size_t empty_size_;  // what is used when no item is there
  CompareToken last_token_ = 0;
  CacheStats counters_;  // the five that only grow; the rest is filled in by stats()
};

}  // namespace larder::cache
