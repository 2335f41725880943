// cache/watch_table.h: was anything written to this key since?
//
// What a key looks like now does not tell: it may have been created and removed again. So whoever wants to
// know has its changes counted from then on.
//
//   hash of the key -> filter [ how many watch keys of this bucket ]    one look for a write that nobody
//   watches
//                   -> table  { key: watchers, changes }                under a lock, for the others
//
// Keys are told apart by their hash of 64 bits and their database. The key itself is kept for exchanges of
// databases, which write to all keys that are in one of the two, and name none; of two keys with the same
// hash it is the first one's.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "cache/backend.h"

namespace larder::cache {

/// Counts writes to keys that are watched.
///
/// Threads    any; watch(), changes() and note() of one key under that key's lock, note_exchange() under all
/// Errors     watch() may throw std::bad_alloc
/// Invariant  holds no more than is watched; the filter is made with the first watch()
class WatchTable final {
 public:
  WatchTable() = default;
  ~WatchTable() { delete filter_.load(std::memory_order_relaxed); }
  WatchTable(const WatchTable&) = delete;
  WatchTable& operator=(const WatchTable&) = delete;

  /// From now on changes are counted, until unwatch(). Answers with their number so far.
  ChangeCount watch(std::uint64_t hash, Database database, Bytes key) {
    const std::lock_guard lock(mutex_);
    if (filter_.load(std::memory_order_relaxed) == nullptr) {
      filter_.store(std::make_unique<Filter>().release(), std::memory_order_release);
    }
    const auto [place, is_new] = watched_.try_emplace(id_of(hash, database), hash, database, key);
    Watched& watched = place->second;
    ++watched.watcher_count;
    bucket_of(hash).fetch_add(1, std::memory_order_relaxed);
    return watched.change_count;
  }

  /// Of one that is watched.
  void unwatch(std::uint64_t hash, Database database) {
    const std::lock_guard lock(mutex_);
    const auto found = watched_.find(id_of(hash, database));
    if (found == watched_.end()) return;
    bucket_of(hash).fetch_sub(1, std::memory_order_relaxed);
    if (--found->second.watcher_count == 0) watched_.erase(found);
  }

  /// Of one that is watched: the number of changes so far.
  [[nodiscard]] ChangeCount changes(std::uint64_t hash, Database database) const {
    const std::lock_guard lock(mutex_);
    const auto found = watched_.find(id_of(hash, database));
    return found == watched_.end() ? 0 : found->second.change_count;
  }

  /// The key was written to.
  void note(std::uint64_t hash, Database database) {
    if (filter_.load(std::memory_order_acquire) == nullptr) return;
    if (bucket_of(hash).load(std::memory_order_relaxed) == 0) return;
    const std::lock_guard lock(mutex_);
    const auto found = watched_.find(id_of(hash, database));
    if (found != watched_.end()) ++found->second.change_count;
  }

  /// Databases a and b change places: a write to each key watched in one of them for which
  /// `is_in_either(key, hash)`.
  template <class IsInEither>
  void note_exchange(Database a, Database b, IsInEither is_in_either) {
    const std::lock_guard lock(mutex_);
    for (auto& [id, watched] : watched_) {
      if (watched.database != a && watched.database != b) continue;
      if (is_in_either(Bytes(watched.key), watched.hash)) ++watched.change_count;
    }
  }

 private:
  struct Watched {
    Watched(std::uint64_t its_hash, Database its_database, Bytes its_key)
        : hash(its_hash), database(its_database), key(its_key) {}

    std::uint64_t hash;
    Database database;
    std::string key;
    std::uint32_t watcher_count = 0;
    ChangeCount change_count = 0;
  };
  static constexpr std::size_t bucket_count = 4096;
  using Filter = std::array<std::atomic<std::uint32_t>, bucket_count>;

  static std::uint64_t id_of(std::uint64_t hash, Database database) {
    return hash + database * 0x9E3779B97F4A7C15U;
  }
  // By its lowest bits: the others choose the shard and the index's line.
  [[nodiscard]] std::atomic<std::uint32_t>& bucket_of(std::uint64_t hash) const {
    return (*filter_.load(std::memory_order_acquire))[hash % bucket_count];
  }

  mutable std::mutex mutex_;
  std::atomic<Filter*> filter_{nullptr};
  std::unordered_map<std::uint64_t, Watched> watched_;
};

}  // namespace larder::cache
