#include "cache/factory.h"

#include <algorithm>
#include <array>
#include <bit>
#include <malloc.h>
#include <new>
#include <string>
#include <system_error>

#include "cache/lru/lru_shard.h"
#include "cache/lru/ordered_shard.h"
#include "cache/segment/queue_policy.h"
#include "cache/segment/segment_shard.h"
#include "cache/sharded_cache.h"

namespace larder::cache {
namespace {

// What --shards auto leaves to a shard: enough that shares which fill unevenly cost next to no hits, and that
// a shard of the segment back end has 256 segments of 64 KiB.
constexpr std::size_t auto_shard_memory_size_min = std::size_t{16} << 20;
constexpr std::size_t auto_shard_item_count_min = 1024;
constexpr std::size_t auto_shards_per_worker = 16;

// Both LRU back ends live on malloc, and the limit is to be the process's limit.
//
// glibc gives each thread an arena of its own and never hands freed memory from one to another: when the
// thread that filled a 256 MiB cache fell silent and another took over, the process grew to 484 MiB. With one
// arena it is 274 MiB (ProcessMemory in memory_test.cc prints it). The price is one more lock in a store; a
// thread's own small cache of free blocks still takes most of that.
//
// The threshold from which a block is a mapping of its own, given back to the kernel when it is freed, would
// rise with each such block that is freed, up to 32 MiB. Stating it makes it stay.
//
// Freed blocks of up to 128 bytes wait in lists of their own ("fastbins") until some larger block is freed,
// and are then merged with their neighbours all at once: 48 ms in one call after a million small items had
// expired. Without these lists each block is merged as it is freed, and no pause is longer than the machine's
// own (docs/bench/expiry.md).
void keep_malloc_in_bounds() {
  // NOLINTBEGIN(concurrency-mt-unsafe): the header asks to be called before threads are started
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  mallopt(M_MXFAST, 0);
  // NOLINTEND(concurrency-mt-unsafe)
}

struct Backend {
  std::string_view name;
  std::unique_ptr<Cache> (*make)(const CacheOptions&);
};

template <Shard S>
std::unique_ptr<Cache> make(const CacheOptions& options) {
  return std::make_unique<ShardedCache<S>>(options);
}

constexpr std::array backends{
    Backend{.name = "segment", .make = make<segment::SegmentShard>},
    Backend{.name = "lru", .make = make<LruShard>},
    Backend{.name = "ordered", .make = make<OrderedShard>},
};

constexpr auto names = [] {
  std::array<std::string_view, backends.size()> all;
  std::ranges::transform(backends, all.begin(), &Backend::name);
  return all;
}();

constexpr auto policies = [] {
  std::array<std::string_view, segment::queue_policies.size()> all;
  std::ranges::transform(segment::queue_policies, all.begin(), &segment::QueuePolicy::name);
  return all;
}();

std::string join(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view name : words) {
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

// The largest power of two up to `count_max` that leaves each shard at least these; 0 if not even one can.
std::size_t shard_count_within(std::size_t count_max, std::size_t memory_size_max,
                               std::size_t memory_size_min, std::size_t item_count_max,
                               std::size_t item_count_min) {
  std::size_t count = std::min(count_max, memory_size_max / memory_size_min);
  if (item_count_max > 0) count = std::min(count, item_count_max / item_count_min);
  return std::bit_floor(count);
}

}  // namespace

std::span<const std::string_view> backend_names() { return names; }

std::span<const std::string_view> policy_names() { return policies; }

std::size_t choose_shard_count(std::size_t memory_size_max, std::size_t item_count_max,
                               std::size_t worker_count) {
  const std::size_t count_max =
      std::min(shard_count_limit / auto_shards_per_worker, worker_count) * auto_shards_per_worker;
  return std::max<std::size_t>(1, shard_count_within(count_max, memory_size_max, auto_shard_memory_size_min,
                                                     item_count_max, auto_shard_item_count_min));
}

std::size_t shard_count_max(std::size_t memory_size_max, std::size_t item_count_max) {
  return shard_count_within(shard_count_limit, memory_size_max, shard_memory_size_min, item_count_max, 1);
}

Result<std::unique_ptr<Cache>> make_cache(std::string_view backend, const CacheOptions& options) {
  const auto* const found = std::ranges::find(backends, backend, &Backend::name);
  if (found == backends.end()) {
    return failure(ErrorKind::unsupported, "no such back end; there are: " + join(names));
  }
  if (std::ranges::find(policies, options.policy) == policies.end()) {
    return failure(ErrorKind::unsupported, "no such policy; there are: " + join(policies));
  }
  const std::size_t count_max = shard_count_max(options.memory_size_max, options.item_count_max);
  if (count_max == 0) {
    return failure(ErrorKind::too_large, "a memory limit of " + std::to_string(options.memory_size_max) +
                                             " bytes is too small; the smallest that works is " +
                                             std::to_string(shard_memory_size_min));
  }
  if (!std::has_single_bit(options.shard_count) || options.shard_count > count_max) {
    return failure(
        ErrorKind::too_large,
        std::to_string(options.shard_count) +
            " shards cannot work: the number has to be a power of two, and with these limits it is " +
            std::to_string(count_max) + " at most");
  }
  keep_malloc_in_bounds();
  try {
    return found->make(options);
  } catch (const std::bad_alloc&) {
    return failure(ErrorKind::overloaded, "no memory for the cache's own tables");
  } catch (const std::system_error& error) {
    if (!options.may_be_raised) return failure(ErrorKind::overloaded, error.what());
  }
  CacheOptions as_it_is = options;
  as_it_is.may_be_raised = false;
  return make_cache(backend, as_it_is);
}

}  // namespace larder::cache
