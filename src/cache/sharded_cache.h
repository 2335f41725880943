// cache/sharded_cache.h: a cache for many threads out of shards for one thread each.
//
//   hash of the key   | shard | table ............................. |
//                       top bits: so that shard after shard, each in its own order, is one order for scans
//
//   slots_   [ lock, shard 0 ] [ lock, shard 1 ] ... [ lock, shard n-1 ]      each on its own cache lines
//   physical_databases_        what the 16 numbers that callers use stand for
//
// One call is one hash, one lock, one lookup. A key's shard depends on its bytes alone, not on its database,
// so that a body that runs under its lock may move it between databases. Each shard has its share of the
// bytes and of the count, and the shares add up to no more than the whole: no shard needs to ask another, and
// the price is that a value can be no larger than one shard.
//
// Exchanging two databases exchanges two entries of a small map. Every call reads the map under some shard's
// lock, and an exchange holds all of them: nobody ever sees half of one.
//
// Some shard types live on something that all shards of a cache have in common (one pool of bytes), and let
// threads read without the lock. They say so by having more members, and only then is it used:
//
//   S::Shared               is made first, and handed to every shard; tidies up when nothing is due, and has
//   the memory limit
//
//   begin_read, try_get     get() and peek() try these a few times before they take the lock
//
//   draft                   (of Shared) makes drafts of large values
//
//   line_hint, record_hint  where a look-up will read; get_many() and fetch() have it fetched before
//   (lookahead.h)
//
//   begin_body, end_body    with_keys(), with_everything() and swap_databases() keep such readers out, from
//   first lock to last
//
// sweep() goes on where the last call, of whatever thread, stopped, and lets go of the lock every few hundred
// places. What to pass: a place costs up to a microsecond, so a thousand keep the caller away from its
// requests for about one millisecond; then let it serve them, and call again while the answer is true.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/hash.h"
#include "cache/backend.h"
#include "cache/factory.h"
#include "cache/lookahead.h"
#include "cache/routed_calls.h"
#include "cache/shard.h"
#include "cache/watch_table.h"

namespace larder::cache {

/// A shard type whose shards have something in common.
template <class S>
concept SharingShard = requires { typename S::Shared; };

/// A shard type that can be read without its lock.
template <class S>
concept LockFreeReads = requires(S& shard) { shard.begin_read(); };

struct NothingShared {
  NothingShared(const CacheOptions& /*options*/, std::size_t /*fixed_size*/) {}
};
template <class S>
struct SharedOf {
  using Type = NothingShared;
};
template <SharingShard S>
struct SharedOf<S> {
  using Type = typename S::Shared;
};

/// The most shards that any cache has: 16 times as many as 256 workers.
inline constexpr std::size_t shard_count_limit = 4096;

/// Thread-safe cache over `S`.
///
/// Units      bytes, wall time
/// Ownership  owns its shards
/// Threads    any; one lock a shard, never two at once but in with_keys(), with_everything() and
///            swap_databases(), which take them in ascending order
/// Errors     the constructor and watch() throw std::bad_alloc; other calls answer with outcomes
/// Invariant  the sums over all shards stay within the options' limits
template <Shard S>
class ShardedCache final : public RoutedCalls<ShardedCache<S>, Cache> {
 public:
  using typename KeyedCalls::Visitor;
  using typename Keyspace::Body;
  using typename Keyspace::ManyVisitor;
  using typename Keyspace::ScanVisitor;

  /// `options` were found possible: see factory.h.
  explicit ShardedCache(const CacheOptions& options);

  bool get(Database database, Bytes key, TimePoint now, Visitor visit) override {
    return look_up(database, key, hasher_(key), true, now, visit);
  }
  bool peek(Database database, Bytes key, TimePoint now, Visitor visit) override {
    return look_up(database, key, hasher_(key), false, now, visit);
  }
  void get_many(Database database, std::span<const Bytes> keys, TimePoint now, ManyVisitor visit) override;
  [[nodiscard]] KeyHint hint(Database database, Bytes key) const override {
    KeyHint made;
    if constexpr (LockFreeReads<S>) {
      made = hint_of(hasher_(key), physical(database));
    }
    return made;
  }
  void fetch_index(std::span<const KeyHint> hints) const override {
    if constexpr (LockFreeReads<S>) fetch_lines(hints);
  }
  void fetch_records(std::span<const KeyHint> hints) const override {
    if constexpr (LockFreeReads<S>) {
      const auto record_of = [this](const KeyHint& hint) { return record_hint(hint); };
      for (; !hints.empty(); hints = hints.subspan(std::min(lookahead_group_size, hints.size())))
        fetch_found(hints.first(std::min(lookahead_group_size, hints.size())), record_of);
    }
  }
  void with_keys(std::span<const Bytes> keys, Body body) override;
  void with_everything(Body body) override;
  Cursor scan(Database database, Cursor cursor, std::size_t count, TimePoint now,
              ScanVisitor visit) override {
    return scan_shards<Guard>(database, cursor, count, now, visit);
  }
  void clear(Database database) override { clear_shards<Guard>(database); }
  void clear_all() override { clear_all_shards<Guard>(); }
  void swap_databases(Database a, Database b, TimePoint now) override;
  ChangeCount watch(Database database, Bytes key) override {
    return watches_.watch(hasher_(key), database, key);
  }
  [[nodiscard]] ChangeCount watched(Database database, Bytes key) override {
    return watches_.changes(hasher_(key), database);
  }
  void unwatch(Database database, Bytes key) override { watches_.unwatch(hasher_(key), database); }
  [[nodiscard]] std::size_t item_count(Database database) const override {
    return count_items<Guard>(database);
  }
  [[nodiscard]] std::size_t deadline_count(Database database) const override {
    return count_deadlines<Guard>(database);
  }
  bool sweep(TimePoint now, std::size_t visit_count_max) override;
  [[nodiscard]] std::unique_ptr<Draft> draft(std::size_t value_size, std::size_t key_size_max) override {
    if constexpr (SharingShard<S>) return shared_->draft(value_size, key_size_max);
    return nullptr;
  }
  [[nodiscard]] CacheStats stats() const override { return add_stats<Guard>(); }
  [[nodiscard]] std::size_t memory_limit() const override {
    return memory_limit_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] MemoryLimitRange memory_limit_range() const override;
  bool set_memory_limit(std::size_t size) override;

  /// For tests: do the books of every shard equal a walk over its items?
  [[nodiscard]] bool books_hold() const;

 private:
  friend class RoutedCalls<ShardedCache, Cache>;

  // 128: pairs of cache lines are fetched together on today's x86.
  struct alignas(128) Slot {
    template <class... Arguments>
    explicit Slot(const Arguments&... arguments) : shard(arguments...) {}
    mutable std::mutex mutex;
    S shard;
  };

  class Locked;
  // What takes a shard's lock, and what stands in its place where the lock is held already.
  using Guard = std::lock_guard<std::mutex>;
  struct HeldAlready {
    explicit HeldAlready(std::mutex& /*mutex*/) {}
  };
  using ShardSet = std::bitset<shard_count_limit>;

  // Holds the locks of some shards; takes them in ascending order.
  class Locks final {
   public:
    Locks(const ShardedCache& cache, const ShardSet& shards) : cache_(cache), shards_(shards) {
      for (std::size_t i = 0; i < cache_.slots_.size(); ++i) {
        if (!shards_[i]) continue;
        cache_.slots_[i]->mutex.lock();
        if constexpr (LockFreeReads<S>) cache_.slots_[i]->shard.begin_body();
      }
    }
    ~Locks() {
      for (std::size_t i = 0; i < cache_.slots_.size(); ++i) {
        if (!shards_[i]) continue;
        if constexpr (LockFreeReads<S>) cache_.slots_[i]->shard.end_body();
        cache_.slots_[i]->mutex.unlock();
      }
    }
    Locks(const Locks&) = delete;
    Locks& operator=(const Locks&) = delete;

   private:
    const ShardedCache& cache_;
    const ShardSet& shards_;
  };

  [[nodiscard]] std::size_t shard_index(std::uint64_t hash) const {
    return static_cast<std::size_t>((hash >> 1) >> (63 - shard_bit_count_));  // no shift by 64 with one shard
  }
  [[nodiscard]] S& shard_of(std::uint64_t hash) const { return slots_[shard_index(hash)]->shard; }
  // Under the lock of any shard, or between a shard's begin_read() and the look that ends it.
  [[nodiscard]] Database physical(Database database) const {
    LARDER_ASSERT(database < database_count);
    return physical_databases_[database].load(std::memory_order_acquire);
  }

  // Where a look-up will read: the line, and by what stands in it the record.
  [[nodiscard]] KeyHint hint_of(std::uint64_t hash, Database own) const {
    return {.hash = hash, .database = own, .line = shard_of(hash).line_hint(hash, own)};
  }
  [[nodiscard]] const std::byte* record_hint(const KeyHint& hint) const {
    return shard_of(hint.hash).record_hint(hint.hash, hint.database, hint.line);
  }

  // Calls `look_up(index, hash)` for each key in order, with what it reads on its way where that is possible.
  template <class LookUp>
  void look_up_many(Database database, std::span<const Bytes> keys, LookUp look_up) const {
    if constexpr (LockFreeReads<S>) {
      const Database own = physical(database);
      look_ahead(
          keys.size(), [&](std::size_t index) { return hint_of(hasher_(keys[index]), own); },
          [this](const KeyHint& hint) { return record_hint(hint); }, look_up);
    } else {
      for (std::size_t i = 0; i < keys.size(); ++i) look_up(i, hasher_(keys[i]));
    }
  }

  bool look_up(Database database, Bytes key, std::uint64_t hash, bool is_use, TimePoint now, Visitor visit) {
    if constexpr (LockFreeReads<S>) {
      constexpr int attempt_count = 4;
      S& shard = shard_of(hash);
      for (int attempt = 0; attempt < attempt_count; ++attempt) {
        const auto ticket = shard.begin_read();
        if (!ticket) continue;
        const ItemKey item{.bytes = key, .hash = hash, .database = physical(database)};
        const auto outcome = shard.try_get(item, *ticket, is_use, now, visit);
        if (outcome == S::Attempt::hit || outcome == S::Attempt::miss) return outcome == S::Attempt::hit;
        if (outcome == S::Attempt::needs_lock) break;
      }
    }
    return at_hash(database, key, hash, [&](S& shard, const ItemKey& item) {
      return is_use ? shard.get(item, now, visit) : shard.peek(item, now, visit);
    });
  }

  void wrote(Database database, const ItemKey& item) { watches_.note(item.hash, database); }

  template <class Call>
  auto at(Database database, Bytes key, Call call) {
    return at_hash(database, key, hasher_(key), call);
  }

  template <class Call>
  auto at_hash(Database database, Bytes key, std::uint64_t hash, Call call) {
    Slot& slot = *slots_[shard_index(hash)];
    const std::lock_guard lock(slot.mutex);
    return call(slot.shard, ItemKey{.bytes = key, .hash = hash, .database = physical(database)});
  }

  // Runs `call(shard)` for each shard in turn, under its lock.
  template <class Lock, class Call>
  void each_shard(Call call) const {
    for (const auto& slot : slots_) {
      const Lock lock(slot->mutex);
      call(slot->shard);
    }
  }

  template <class Lock>
  Cursor scan_shards(Database database, Cursor cursor, std::size_t count, TimePoint now,
                     ScanVisitor visit) const;
  template <class Lock>
  void clear_shards(Database database) {
    const Database own = physical(database);  // an exchange meanwhile comes after all of it
    each_shard<Lock>([&](S& shard) { shard.clear(own); });
  }
  template <class Lock>
  void clear_all_shards() {
    each_shard<Lock>([](S& shard) { shard.clear_all(); });
  }
  template <class Lock>
  [[nodiscard]] std::size_t count_items(Database database) const {
    std::size_t count = 0;
    const Database own = physical(database);
    each_shard<Lock>([&](const S& shard) { count += shard.item_count(own); });
    return count;
  }
  template <class Lock>
  [[nodiscard]] std::size_t count_deadlines(Database database) const {
    std::size_t count = 0;
    const Database own = physical(database);
    each_shard<Lock>([&](const S& shard) { count += shard.deadline_count(own); });
    return count;
  }
  template <class Lock>
  [[nodiscard]] CacheStats add_stats() const;
  void exchange(Database a, Database b, TimePoint now);

  Hasher hasher_;
  unsigned shard_bit_count_;
  std::mutex limiting_;  // set_memory_limit()
  std::atomic<std::size_t> memory_limit_;
  std::atomic<std::size_t> shard_memory_limit_;
  std::unique_ptr<typename SharedOf<S>::Type> shared_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::array<std::atomic<Database>, database_count> physical_databases_{};
  std::atomic<std::size_t> sweep_index_{0};
  WatchTable watches_;
};

template <Shard S>
ShardedCache<S>::ShardedCache(const CacheOptions& options)
    : hasher_(options.secret),
      shard_bit_count_(static_cast<unsigned>(std::countr_zero(options.shard_count))),
      memory_limit_(options.memory_size_max),
      shard_memory_limit_(options.memory_size_max / options.shard_count) {
  const std::size_t count = options.shard_count;
  LARDER_ASSERT(std::has_single_bit(count));
  LARDER_ASSERT(count <= shard_count_limit);
  for (std::size_t i = 0; i < database_count; ++i) physical_databases_[i] = static_cast<Database>(i);
  constexpr std::size_t slot_size = sizeof(Slot) + alignof(Slot) + sizeof(std::unique_ptr<Slot>);
  using Shared = typename SharedOf<S>::Type;
  shared_ = std::make_unique<Shared>(options, sizeof *this + sizeof(Shared) + count * slot_size);
  slots_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    ShardLimits limits;
    limits.memory_size_max = options.memory_size_max / count;
    limits.memory_limit = &shard_memory_limit_;
    // The remainder goes to the first shards, one item each.
    if (options.item_count_max > 0) {
      limits.item_count_max = options.item_count_max / count + (i < options.item_count_max % count ? 1 : 0);
    }
    limits.fixed_size = slot_size;
    limits.shard_bit_count = shard_bit_count_;
    if constexpr (SharingShard<S>) {
      slots_.push_back(std::make_unique<Slot>(limits, std::ref(*shared_), i));
      slots_.back()->shard.guarded_by(slots_.back()->mutex);
    } else {
      slots_.push_back(std::make_unique<Slot>(limits));
    }
  }
}

template <Shard S>
void ShardedCache<S>::get_many(Database database, std::span<const Bytes> keys, TimePoint now,
                               ManyVisitor visit) {
  look_up_many(database, keys, [&](std::size_t index, std::uint64_t hash) {
    const bool found =
        look_up(database, keys[index], hash, true, now, [&](const ItemView& item) { visit(index, &item); });
    if (!found) visit(index, nullptr);
  });
}

}  // namespace larder::cache

#include "cache/sharded_cache_together.h"
