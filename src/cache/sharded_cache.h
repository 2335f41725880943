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
#include <limits>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
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
/// Errors     the constructor throws std::bad_alloc; calls answer with outcomes
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
  void swap_databases(Database a, Database b) override;
  WatchMark watch(Database database, Bytes key) override {
    return {.change_count = watches_.watch(hasher_(key), database),
            .swap_count = swap_counts_[database].load()};
  }
  [[nodiscard]] WatchMark watched(Database database, Bytes key) override {
    return {.change_count = watches_.changes(hasher_(key), database),
            .swap_count = swap_counts_[database].load()};
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
  void exchange(Database a, Database b);

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
  std::array<std::atomic<std::uint32_t>, database_count> swap_counts_{};
};

/// What with_keys() and with_everything() hand to their body.
template <Shard S>
class ShardedCache<S>::Locked final : public RoutedCalls<Locked, Keyspace> {
 public:
  Locked(ShardedCache& cache, const ShardSet& locked) : cache_(cache), locked_(locked) {}

  void get_many(Database database, std::span<const Bytes> keys, TimePoint now, ManyVisitor visit) override {
    cache_.look_up_many(database, keys, [&](std::size_t index, std::uint64_t hash) {
      const bool found = at_hash(database, keys[index], hash, [&](S& shard, const ItemKey& item) {
        return shard.get(item, now, [&](const ItemView& view) { visit(index, &view); });
      });
      if (!found) visit(index, nullptr);
    });
  }
  void with_keys(std::span<const Bytes> /*keys*/, Body body) override { body(*this); }
  void with_everything(Body body) override {
    assert_all();
    body(*this);
  }
  Cursor scan(Database database, Cursor cursor, std::size_t count, TimePoint now,
              ScanVisitor visit) override {
    assert_all();
    return cache_.template scan_shards<HeldAlready>(database, cursor, count, now, visit);
  }
  void clear(Database database) override {
    assert_all();
    cache_.template clear_shards<HeldAlready>(database);
  }
  void clear_all() override {
    assert_all();
    cache_.template clear_all_shards<HeldAlready>();
  }
  void swap_databases(Database a, Database b) override {
    assert_all();
    cache_.exchange(a, b);
  }
  WatchMark watch(Database database, Bytes key) override { return cache_.watch(database, key); }
  [[nodiscard]] WatchMark watched(Database database, Bytes key) override {
    return cache_.watched(database, key);
  }
  void unwatch(Database database, Bytes key) override { cache_.unwatch(database, key); }
  [[nodiscard]] std::size_t item_count(Database database) const override {
    assert_all();
    return cache_.template count_items<HeldAlready>(database);
  }
  [[nodiscard]] std::size_t deadline_count(Database database) const override {
    assert_all();
    return cache_.template count_deadlines<HeldAlready>(database);
  }
  [[nodiscard]] CacheStats stats() const override {
    assert_all();
    return cache_.template add_stats<HeldAlready>();
  }

 private:
  friend class RoutedCalls<Locked, Keyspace>;

  void wrote(Database database, const ItemKey& item) { cache_.wrote(database, item); }

  void assert_all() const {
    for (std::size_t i = 0; i < cache_.slots_.size(); ++i) LARDER_ASSERT(locked_[i]);
  }

  template <class Call>
  auto at(Database database, Bytes key, Call call) {
    return at_hash(database, key, cache_.hasher_(key), call);
  }

  template <class Call>
  auto at_hash(Database database, Bytes key, std::uint64_t hash, Call call) {
    const std::size_t index = cache_.shard_index(hash);
    LARDER_ASSERT(locked_[index]);
    return call(cache_.slots_[index]->shard,
                ItemKey{.bytes = key, .hash = hash, .database = cache_.physical(database)});
  }

  ShardedCache& cache_;
  const ShardSet& locked_;
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

template <Shard S>
void ShardedCache<S>::with_keys(std::span<const Bytes> keys, Body body) {
  ShardSet shards;
  for (const Bytes key : keys) shards.set(shard_index(hasher_(key)));
  const Locks locks(*this, shards);
  Locked locked(*this, shards);
  body(locked);
}

template <Shard S>
void ShardedCache<S>::with_everything(Body body) {
  ShardSet all;
  all.set();
  const Locks locks(*this, all);
  Locked locked(*this, all);
  body(locked);
}

template <Shard S>
template <class Lock>
Cursor ShardedCache<S>::scan_shards(Database database, Cursor cursor, std::size_t count, TimePoint now,
                                    ScanVisitor visit) const {
  if (cursor >= cursor_end) return 0;  // peers send any number; this one is past every item
  // A database may hold few of the items that are passed on the way: the work is bounded, too, and a page may
  // be empty. The lock is let go between steps.
  constexpr std::size_t visits_per_item = 16;
  constexpr std::size_t visits_min = 128;
  constexpr ScanLimits step{.show_count_max = 128, .visit_count_max = 1024};
  std::size_t show_count_left = std::max<std::size_t>(count, 1);
  std::size_t visit_count_left =
      visits_min + std::min(show_count_left, static_cast<std::size_t>(cursor_end)) * visits_per_item;
  std::size_t index = shard_index(hash_of_cursor(cursor));
  while (show_count_left > 0 && visit_count_left > 0) {
    const ScanLimits limits{.show_count_max = std::min(show_count_left, step.show_count_max),
                            .visit_count_max = std::min(visit_count_left, step.visit_count_max)};
    ScanProgress progress;
    {
      const Slot& slot = *slots_[index];
      const Lock lock(slot.mutex);
      progress = std::as_const(slot.shard).scan(physical(database), cursor, limits, now, visit);
    }
    show_count_left -= std::min(show_count_left, progress.show_count);
    visit_count_left -= std::min(visit_count_left, progress.visit_count);
    if (progress.next.has_value()) {
      cursor = *progress.next;
    } else {
      if (++index == slots_.size()) return 0;
      cursor = static_cast<Cursor>(index) << (cursor_bit_count - shard_bit_count_);
    }
  }
  return cursor;
}

template <Shard S>
void ShardedCache<S>::swap_databases(Database a, Database b) {
  LARDER_ASSERT(a < database_count);
  LARDER_ASSERT(b < database_count);
  ShardSet all;
  all.set();
  const Locks locks(*this, all);
  exchange(a, b);
}

template <Shard S>
void ShardedCache<S>::exchange(Database a, Database b) {
  if (a == b) return;
  const Database was = physical(a);
  physical_databases_[a].store(physical(b), std::memory_order_release);
  physical_databases_[b].store(was, std::memory_order_release);
  for (const Database database : {a, b}) swap_counts_[database].fetch_add(1);
}

// Round robin, a few hundred places at a time, until a whole round finds nothing due: a shard where
// everything expires at once does not keep the others waiting, and nobody waits long for its lock.
template <Shard S>
bool ShardedCache<S>::sweep(TimePoint now, std::size_t visit_count_max) {
  constexpr std::size_t visits_per_lock = 256;
  std::size_t idle_count = 0;
  while (visit_count_max > 0 && idle_count < slots_.size()) {
    Slot& slot = *slots_[sweep_index_.fetch_add(1, std::memory_order_relaxed) & (slots_.size() - 1)];
    std::size_t visit_count = 0;
    {
      const std::lock_guard lock(slot.mutex);
      visit_count = slot.shard.sweep(now, std::min(visit_count_max, visits_per_lock));
    }
    idle_count = visit_count == 0 ? idle_count + 1 : 0;
    visit_count_max -= std::min(visit_count_max, visit_count);
  }
  const bool is_done = idle_count == slots_.size();
  if constexpr (SharingShard<S>) {
    if (is_done) return shared_->tidy(std::max<std::size_t>(visit_count_max, 1), now);
  }
  return !is_done;
}

template <Shard S>
MemoryLimitRange ShardedCache<S>::memory_limit_range() const {
  if constexpr (SharingShard<S>) return shared_->memory_limit_range();
  // Memory that malloc has to find.
  return {.least = shard_memory_size_min * slots_.size(), .most = std::numeric_limits<std::size_t>::max()};
}

template <Shard S>
bool ShardedCache<S>::set_memory_limit(std::size_t size) {
  const MemoryLimitRange range = memory_limit_range();
  if (size < range.least || size > range.most) return false;
  const std::lock_guard lock(limiting_);
  if constexpr (SharingShard<S>) shared_->set_memory_limit(size);
  memory_limit_.store(size, std::memory_order_relaxed);
  shard_memory_limit_.store(size / slots_.size(), std::memory_order_relaxed);  // for those that share nothing
  return true;
}

template <Shard S>
template <class Lock>
CacheStats ShardedCache<S>::add_stats() const {
  CacheStats total;
  each_shard<Lock>([&](const S& shard) {
    const CacheStats stats = shard.stats();
    total.items += stats.items;
    total.memory_used += stats.memory_used;
    total.memory_limit_in_force += stats.memory_limit;
    total.hits += stats.hits;
    total.misses += stats.misses;
    total.sets += stats.sets;
    total.evictions += stats.evictions;
    total.expired += stats.expired;
    total.refused += stats.refused;
  });
  if constexpr (SharingShard<S>) {
    // One figure of one moment: while the shards are asked, one may hand a segment to another.
    const auto usage = shared_->usage();
    total.memory_used = usage.used;
    total.memory_limit_in_force = usage.limit;
    total.hits += shared_->counters.hits();
    total.misses += shared_->counters.misses();
  }
  total.memory_limit = memory_limit();
  return total;
}

template <Shard S>
bool ShardedCache<S>::books_hold() const {
  bool hold = true;
  std::size_t memory_used = 0;
  each_shard<Guard>([&](const S& shard) {
    hold = hold && shard.books() == shard.walk();
    memory_used += shard.books().memory_used;
  });
  if constexpr (SharingShard<S>) {
    hold = hold && shared_->usage().used == shared_->fixed_size() + memory_used + shared_->ownerless_size();
  }
  return hold;
}

}  // namespace larder::cache
