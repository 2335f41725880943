// cache/segment/segment_shared.h: what the shards of one cache have in common.
//
//   pool, large values     memory: one budget for all, and the limit that it has
//   tenants                whose items leave when it is used up
//   counters               hits and misses of readers that hold no lock
//   drafts                 large values on their way in, which have no shard before they have a key
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "base/hash.h"
#include "cache/backend.h"
#include "cache/factory.h"
#include "cache/segment/large_values.h"
#include "cache/segment/pool.h"
#include "cache/segment/queue_policy.h"
#include "cache/segment/record.h"
#include "cache/segment/tenants.h"

namespace larder::cache::segment {

/// Records that one who needs room has looked at before it asks again whether there is some.
inline constexpr std::size_t records_per_portion = 32;

/// Hits and misses, counted by readers that hold no lock: each thread has its own line.
class ReadCounters final {
 public:
  void count(bool hit);
  [[nodiscard]] std::uint64_t hits() const { return sum(&Line::hits); }
  [[nodiscard]] std::uint64_t misses() const { return sum(&Line::misses); }

 private:
  struct alignas(128) Line {
    std::atomic<std::uint64_t> hits{0};
    std::atomic<std::uint64_t> misses{0};
  };
  static constexpr std::size_t line_count = 32;

  static std::size_t line_of_this_thread();
  [[nodiscard]] std::uint64_t sum(std::atomic<std::uint64_t> Line::* counter) const;

  std::array<Line, line_count> lines_;
};

/// What the shards of one cache share.
///
/// Threads    any
/// Errors     the constructor throws std::system_error (address space) or std::bad_alloc
class SegmentShared final {
 public:
  SegmentShared(const CacheOptions& options, std::size_t fixed_size);

  [[nodiscard]] Pool::Usage usage() const { return pool.usage(); }

  /// From 16 segments a shard and its first index, to what addresses were reserved for at the start.
  [[nodiscard]] MemoryLimitRange memory_limit_range() const;
  /// Within that range, one call at a time. A lower limit is reached by calls of tidy().
  void set_memory_limit(std::size_t size);

  /// A little work that no call has to wait for, under no shard's lock. True: there is more of the kind that
  /// should not wait long.
  bool tidy(std::size_t record_count_max, TimePoint now);
  [[nodiscard]] std::size_t fixed_size() const { return pool.fixed_size(); }
  /// Of what memory_used() counts, what is no shard's: large values that are coming or going.
  [[nodiscard]] std::size_t ownerless_size() const { return large_values.ownerless_size(); }

  [[nodiscard]] std::unique_ptr<Draft> draft(std::size_t value_size, std::size_t key_size_max);
  /// As what a record of the log holds, or in pages of its own.
  [[nodiscard]] bool is_large(std::size_t body_size) const {
    return body_size + head_size_max > pool.shape().segment_size / 4;
  }

  Hasher hasher;
  const QueuePolicy* policy;
  Pool pool;
  LargeValues large_values;
  Tenants tenants;
  ReadCounters counters;

 private:
  bool shrink(std::size_t record_count_max, TimePoint now);

  std::mutex shrinking_;
  Patience patience_;  // of who shrinks: until some of the limit is gone
};

}  // namespace larder::cache::segment
