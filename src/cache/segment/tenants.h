// cache/segment/tenants.h: whose items leave when the common budget is used up.
//
// All shards live on one pool. When it runs short, room is made where the segment that is next to be evicted
// was filled the longest ago, so that all shards together are about one queue: a shard that is written to a
// lot takes over what an idle one does not use. Whoever makes room goes on where the last one stopped, until
// that segment is free: if each emptied another one, all would run out of room before the first is empty.
//
// The asker holds the lock of its own shard and waits for no other: it tries, and goes on to the next.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "cache/segment/queue_policy.h"

namespace larder::cache::segment {

/// A shard as the others see it.
///
/// Threads    give_way() under mutex(); the rest from any thread
class Tenant {
 public:
  static constexpr std::uint64_t nothing = std::numeric_limits<std::uint64_t>::max();

  virtual ~Tenant() = default;

  struct Progress {
    std::size_t record_count = 0;  // that were looked at; 0: there is nothing to evict
    std::size_t left_count = 0;    // items of them that are gone
    bool has_freed_segment = false;
  };
  /// Evicts: looks at up to `record_count_max` records.
  virtual Progress give_way(std::size_t record_count_max, TimePoint now, Need need) = 0;

  [[nodiscard]] std::uint64_t next_stamp() const { return next_stamp_.load(std::memory_order_relaxed); }
  void publish(std::uint64_t stamp) { next_stamp_.store(stamp, std::memory_order_relaxed); }

  void guarded_by(std::mutex& mutex) { mutex_ = &mutex; }
  [[nodiscard]] std::mutex* mutex() const { return mutex_; }

  /// The thread that holds the lock for a body of with_keys(): to it, the shard is open already.
  void set_holder(bool is_held) {
    holder_.store(is_held ? this_thread() : nullptr, std::memory_order_relaxed);
  }
  [[nodiscard]] bool is_held_by_this_thread() const {
    return holder_.load(std::memory_order_relaxed) == this_thread();
  }

 private:
  static const void* this_thread() {
    static thread_local const char name = 0;
    return &name;
  }

  std::atomic<std::uint64_t> next_stamp_{nothing};
  std::atomic<const void*> holder_{nullptr};
  std::mutex* mutex_ = nullptr;
};

/// How long a caller who needs room goes by the policy: for 1,024 records, and for four more with every item
/// that left. After that items leave without another chance: where all were used, nobody else would.
///
/// That nothing was found to evict ends it only when it comes time and again: another thread may have made
/// the room that this one found nobody to make.
class Patience final {
 public:
  void note(const Tenant::Progress& progress) {
    looked_count_ += progress.record_count;
    left_count_ += progress.left_count;
    vain_count_ = progress.record_count == 0 ? vain_count_ + 1 : 0;
  }
  [[nodiscard]] bool is_over() const { return vain_count_ >= vain_count_max; }
  [[nodiscard]] Need need() const {
    return looked_count_ > 1024 + 4 * left_count_ ? Need::at_any_cost : Need::now;
  }

 private:
  static constexpr int vain_count_max = 16;

  std::size_t looked_count_ = 0;
  std::size_t left_count_ = 0;
  int vain_count_ = 0;  // in a row
};

/// All shards of one cache.
///
/// Ownership  owns none of them
/// Threads    join() before any other thread is there; make_way() under the asker's lock
/// Errors     make_way() has looked at nothing when nobody has anything to evict, or all who have were busy
class Tenants final {
 public:
  void join(Tenant& tenant) { all_.push_back(&tenant); }

  /// One portion of eviction, somewhere.
  Tenant::Progress make_way(Tenant& asker, std::size_t record_count_max, TimePoint now,
                            Need need = Need::now);

  /// The same for one who holds no lock of any shard.
  Tenant::Progress make_way(std::size_t record_count_max, TimePoint now, Need need);

  /// The same, but nothing if the one whose turn it is is busy.
  void help(Tenant& asker, std::size_t record_count_max, TimePoint now);

 private:
  [[nodiscard]] Tenant& choose(Tenant& asker);
  /// None: it is busy.
  [[nodiscard]] std::optional<Tenant::Progress> try_one(Tenant& asker, Tenant& victim,
                                                        std::size_t record_count_max, TimePoint now,
                                                        Need need);

  std::vector<Tenant*> all_;
  std::atomic<Tenant*> current_{nullptr};  // who gives way now; null: to be chosen
  std::atomic<std::size_t> next_look_{0};
};

}  // namespace larder::cache::segment
