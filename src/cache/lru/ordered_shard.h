// cache/lru/ordered_shard.h: the same cache out of a library's container.
//
// Boost.MultiIndex keeps one set of items under several orders at once; a node of it carries the links of
// all of them. With a sequence and a hash it is what Python calls an OrderedDict, which is what an LRU cache
// is usually taught with:
//
//   sequence   the order of use; a hit is relocate(begin)
//   key hash   finds an item
//   hash order shows items to scans: a hashed index has no order that survives its growth
//   deadline   shows a sweep what is due
//
// It is the oracle of the tests: shorter than `lru` and written by other people where it matters.
#pragma once

#include <array>
#include <boost/multi_index/hashed_index.hpp>
#include <boost/multi_index/member.hpp>
#include <boost/multi_index/ordered_index.hpp>
#include <boost/multi_index/sequenced_index.hpp>
#include <boost/multi_index_container.hpp>
#include <cstddef>
#include <cstdint>
#include <string>

#include "cache/backend.h"
#include "cache/counting_allocator.h"
#include "cache/rules.h"
#include "cache/shard.h"

namespace larder::cache {

/// Exact LRU for one thread; fulfils `Shard`. Not final: tests derive from it to plant mistakes.
///
/// Units      bytes as malloc took them
/// Ownership  owns its items
/// Threads    every call under the shard's lock
/// Errors     the constructor throws std::bad_alloc
/// Invariant  books() == walk()
class OrderedShard {
 public:
  explicit OrderedShard(const ShardLimits& limits);

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
  using String = std::basic_string<char, std::char_traits<char>, CountingAllocator<char>>;

  struct Item {
    String key;
    String value;
    std::uint64_t hash;
    CompareToken token;
    TimePoint deadline;
    Database database;

    [[nodiscard]] ItemView view() const {
      return {.value = value, .deadline = shown_deadline(deadline), .known_token = token};
    }
  };

  struct KeyOfItem {
    using result_type = ItemKey;
    ItemKey operator()(const Item& item) const { return {item.key, item.hash, item.database}; }
  };
  struct HashOfKey {
    std::size_t operator()(const ItemKey& key) const { return key.hash; }
  };
  struct SameKey {
    bool operator()(const ItemKey& a, const ItemKey& b) const {
      return a.hash == b.hash && a.database == b.database && a.bytes == b.bytes;
    }
  };

  struct ByUse {};
  struct ByKey {};
  struct ByHash {};
  struct ByDeadline {};
  using Items = boost::multi_index_container<
      Item,
      boost::multi_index::indexed_by<
          boost::multi_index::sequenced<boost::multi_index::tag<ByUse>>,
          boost::multi_index::hashed_unique<boost::multi_index::tag<ByKey>, KeyOfItem, HashOfKey, SameKey>,
          boost::multi_index::ordered_non_unique<
              boost::multi_index::tag<ByHash>, boost::multi_index::member<Item, std::uint64_t, &Item::hash>>,
          boost::multi_index::ordered_non_unique<
              boost::multi_index::tag<ByDeadline>,
              boost::multi_index::member<Item, TimePoint, &Item::deadline>>>,
      CountingAllocator<Item>>;
  using Place = Items::iterator;  // in the order of use

  Place find_unexpired(const ItemKey& key, TimePoint now);
  void use(Place place) { items_.relocate(items_.begin(), place); }
  StoreOutcome store(const ItemKey& key, Place replaced, Bytes value, TimePoint deadline, TimePoint now);
  StoreOutcome refuse(StoreOutcome outcome);
  void evict_oldest(TimePoint now);
  void erase(Place place);  // any end() held before is none afterwards
  void shrink_empty();

  MemoryBudget budget_;
  Items items_;
  std::array<std::size_t, database_count> item_counts_{};
  std::array<std::size_t, database_count> deadline_counts_{};
  std::size_t item_count_max_;
  std::size_t empty_size_;  // what is used when no item is there
  CompareToken last_token_ = 0;
  CacheStats counters_;  // the five that only grow; the rest is filled in by stats()
};

}  // namespace larder::cache
