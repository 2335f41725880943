// cache/shard.h: what a shard is: a cache for one thread, which sharded_cache.h makes into one for many.
//
//   Cache (sharded_cache.h)    hashes the key, picks the shard, takes its lock, looks up the database
//     Shard (lru/...)          one table, one order of eviction, one budget; knows no lock and no other shard
//
// A shard type fulfils the concept `Shard` below and is then a back end: ShardedCache<MyShard>. What each
// call must do is told in backend.h, under the same name. A back end that needs more than "one lock around
// each call" (reads without a lock, one pool of bytes for all shards) offers more members: sharded_cache.h
// lists them.
#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "base/bytes.h"
#include "base/clock.h"
#include "cache/backend.h"

namespace larder::cache {

/// A key on its way to an item: hashed once, its database already the physical one.
struct ItemKey {
  Bytes bytes;
  std::uint64_t hash = 0;  // of the bytes alone: a key has one shard, whatever its database
  Database database = 0;
};

/// Below this a shard's own tables leave no room to speak of for items.
inline constexpr std::size_t shard_memory_size_min = std::size_t{64} << 10;

/// What one shard may hold.
struct ShardLimits {
  static constexpr std::size_t unbounded = std::numeric_limits<std::size_t>::max();

  std::size_t memory_size_max = 0;  // of everything, `fixed_size` included, at the start
  // The same from now on, which any thread may change; null: it stays. A shard that has something in common
  // with the others has its limit there.
  const std::atomic<std::size_t>* memory_limit = nullptr;
  std::size_t item_count_max = unbounded;  // 1 or more
  std::size_t fixed_size = 0;              // bytes that the shard's own object and its lock take
  unsigned shard_bit_count = 0;            // top bits of the hash that are the same in all of its keys
};

/// A cursor is the top 48 bits of a hash: the scan goes on with the first item at or above it.
inline constexpr unsigned cursor_bit_count = 48;
inline constexpr Cursor cursor_end = Cursor{1} << cursor_bit_count;
[[nodiscard]] constexpr Cursor cursor_of_hash(std::uint64_t hash) { return hash >> (64 - cursor_bit_count); }
[[nodiscard]] constexpr std::uint64_t hash_of_cursor(Cursor cursor) {
  return cursor << (64 - cursor_bit_count);
}

/// How far one step of a scan may go. It stops at the first of both, though never between two items of the
/// same cursor.
struct ScanLimits {
  std::size_t show_count_max = 1;
  std::size_t visit_count_max = 1;  // items and buckets looked at, shown or not
};

struct ScanProgress {
  std::optional<Cursor> next;  // none: nothing of this shard is left
  std::size_t show_count = 0;
  std::size_t visit_count = 0;
};

/// What a walk over every single item adds up to, for tests to compare with the books.
struct Books {
  std::size_t item_count = 0;
  std::size_t memory_used = 0;
  std::size_t deadline_count = 0;
  bool operator==(const Books&) const = default;
};

/// A cache for one thread.
///
/// Threads    none of its own: every call comes under the lock of its shard
/// Errors     the constructor may throw std::bad_alloc; nothing else throws
/// Invariant  between calls stats().memory_used <= stats().memory_limit_in_force and stats().items <=
/// item_count_max
template <class S>
concept Shard = requires(S& shard, const S& view, const ItemKey& key, Bytes value, TimePoint now,
                         Expiry expiry, Condition condition, KeyedCalls::Visitor visit,
                         KeyedCalls::Updater decide, Cache::ScanVisitor show, Database database, Cursor from,
                         ScanLimits limits, std::size_t visit_count_max) {
  { shard.get(key, now, visit) } -> std::same_as<bool>;
  { shard.peek(key, now, visit) } -> std::same_as<bool>;
  { shard.set(key, value, expiry, condition, now) } -> std::same_as<StoreOutcome>;
  { shard.remove(key, condition, now) } -> std::same_as<bool>;
  { shard.touch(key, expiry, now) } -> std::same_as<bool>;
  { shard.update(key, now, decide) } -> std::same_as<StoreOutcome>;
  // Items in ascending order of cursor_of_hash(), from `from` on.
  { shard.scan(database, from, limits, now, show) } -> std::same_as<ScanProgress>;
  { shard.clear(database) } -> std::same_as<void>;
  { shard.clear_all() } -> std::same_as<void>;
  // Expired items, and those that are too many for a lowered limit. How many places it looked at; 0: nothing
  // is due.
  { shard.sweep(now, visit_count_max) } -> std::same_as<std::size_t>;
  { view.item_count(database) } -> std::same_as<std::size_t>;
  { view.deadline_count(database) } -> std::same_as<std::size_t>;
  { view.stats() } -> std::same_as<CacheStats>;
  // What the books say, and what a walk over everything finds.
  { view.books() } -> std::same_as<Books>;
  { view.walk() } -> std::same_as<Books>;
};

}  // namespace larder::cache
