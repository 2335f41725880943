// cache/sharded_cache_together.h: what of a ShardedCache reaches several shards, or all of them: bodies under
// their locks, scans, sweeps, limits and sums. The other part of sharded_cache.h.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <mutex>
#include <span>
#include <utility>

#include "cache/sharded_cache.h"

namespace larder::cache {

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
  void swap_databases(Database a, Database b, TimePoint now) override {
    assert_all();
    cache_.exchange(a, b, now);
  }
  ChangeCount watch(Database database, Bytes key) override { return cache_.watch(database, key); }
  [[nodiscard]] ChangeCount watched(Database database, Bytes key) override {
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
void ShardedCache<S>::swap_databases(Database a, Database b, TimePoint now) {
  LARDER_ASSERT(a < database_count);
  LARDER_ASSERT(b < database_count);
  ShardSet all;
  all.set();
  const Locks locks(*this, all);
  exchange(a, b, now);
}

template <Shard S>
void ShardedCache<S>::exchange(Database a, Database b, TimePoint now) {
  if (a == b) return;
  const auto is_in = [&](Database database, Bytes key, std::uint64_t hash) {
    const ItemKey item{.bytes = key, .hash = hash, .database = physical(database)};
    return slots_[shard_index(hash)]->shard.peek(item, now, [](const ItemView&) {});
  };
  watches_.note_exchange(
      a, b, [&](Bytes key, std::uint64_t hash) { return is_in(a, key, hash) || is_in(b, key, hash); });
  const Database was = physical(a);
  physical_databases_[a].store(physical(b), std::memory_order_release);
  physical_databases_[b].store(was, std::memory_order_release);
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
    total.memory_limit_in_force += stats.memory_limit_in_force;
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
