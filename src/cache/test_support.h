// cache/test_support.h: short words for what the tests of this room do all the time.
#pragma once

#include <cstdint>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/sizes.h"
#include "cache/backend.h"
#include "cache/factory.h"

// What sanitizers do to memory makes figures of it meaningless, and their malloc aborts where ours refuses.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LARDER_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LARDER_TEST_SANITIZED 1
#endif
#endif
#ifndef LARDER_TEST_SANITIZED
#define LARDER_TEST_SANITIZED 0
#endif

namespace larder::cache::test {

/// A moment, in milliseconds from the one at which tests begin.
[[nodiscard]] inline TimePoint at(std::int64_t ms) { return TimePoint(Duration(1'700'000'000'000 + ms)); }

[[nodiscard]] inline CacheOptions options(std::size_t memory_size_max, std::size_t item_count_max,
                                          std::size_t shard_count) {
  return {.memory_size_max = memory_size_max,
          .item_count_max = item_count_max,
          .shard_count = shard_count,
          .secret = hash_secret_from_seed(1)};
}

[[nodiscard]] inline std::unique_ptr<Cache> make(std::string_view backend, const CacheOptions& options) {
  auto made = make_cache(backend, options);
  if (!made.has_value()) {
    ADD_FAILURE() << made.error().message;
    return nullptr;
  }
  return std::move(*made);
}

inline StoreOutcome put(KeyedCalls& cache, Bytes key, Bytes value, TimePoint now = at(0)) {
  return cache.set(0, key, value, Expiry::none(), Condition::always(), now);
}

/// The value by get(), if there is one.
[[nodiscard]] inline std::optional<std::string> value_of(KeyedCalls& cache, Bytes key, TimePoint now = at(0),
                                                         Database database = 0) {
  std::optional<std::string> value;
  cache.get(database, key, now, [&](const ItemView& item) { value = std::string(item.value); });
  return value;
}

/// True if peek() finds the key; the order of use stays as it is.
[[nodiscard]] inline bool has(KeyedCalls& cache, Bytes key, TimePoint now = at(0), Database database = 0) {
  return cache.peek(database, key, now, [](const ItemView&) {});
}

/// A copy of what peek() shows.
struct Seen {
  std::string value;
  std::optional<TimePoint> deadline;
  CompareToken token = 0;
};
[[nodiscard]] inline std::optional<Seen> look(KeyedCalls& cache, Bytes key, TimePoint now = at(0),
                                              Database database = 0) {
  std::optional<Seen> seen;
  cache.peek(database, key, now, [&](const ItemView& item) {
    seen = Seen{.value = std::string(item.value), .deadline = item.deadline, .token = item.token()};
  });
  return seen;
}

}  // namespace larder::cache::test
