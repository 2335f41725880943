// cache/factory.h: a back end by its name.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/hash.h"
#include "base/result.h"
#include "cache/backend.h"

namespace larder::cache {

struct CacheOptions {
  std::size_t memory_size_max = std::size_t{256} << 20;
  std::size_t item_count_max = 0;  // 0: only memory bounds the count
  std::size_t shard_count = 1;     // a power of two; see choose_shard_count()
  HashSecret secret{};
  std::string_view policy = "s3fifo";  // of policy_names(); back ends with one fixed order ignore it
  // Reserve addresses, where they are needed for that, so that the limit can be four times as high later.
  bool may_be_raised = true;
};

/// Names that make_cache() knows, in the order in which help shows them; the first is the default.
[[nodiscard]] std::span<const std::string_view> backend_names();

/// Names of the policies that the `segment` back end can evict by; the first is the default.
[[nodiscard]] std::span<const std::string_view> policy_names();

/// Errors: unsupported (no such back end; the message lists those there are), too_large (a shard count or
/// limit that cannot work; the message names the nearest that can), overloaded (no memory or address space
/// even for an empty cache). Without addresses for `may_be_raised` it makes a cache that may not. Call it
/// before threads are started: it tells malloc to use one arena for the whole process.
[[nodiscard]] Result<std::unique_ptr<Cache>> make_cache(std::string_view backend,
                                                        const CacheOptions& options);

/// The largest power of two up to 16 times the workers that leaves every shard at least 16 MiB and, where the
/// count is bounded, 1,024 items. A small cache thus has one shard and an exact order.
[[nodiscard]] std::size_t choose_shard_count(std::size_t memory_size_max, std::size_t item_count_max,
                                             std::size_t worker_count);

/// The largest shard count that these limits can work with at all.
[[nodiscard]] std::size_t shard_count_max(std::size_t memory_size_max, std::size_t item_count_max);

}  // namespace larder::cache
