// Sizes at every edge, and what becomes of their memory. Method: through make_cache(), values and keys around
// each size at which something changes; what left by any way has given all of its memory back; limits that
// cannot work, and address space that is not there, are errors that say so.
#include <array>
#include <cstddef>
#include <cstdint>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "cache/backend.h"
#include "cache/factory.h"
#include "cache/segment/pool.h"
#include "cache/segment/record.h"
#include "cache/test_support.h"

namespace larder::cache::segment {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the words of these tests

std::string value_of_size(std::size_t size) {
  std::string value(size, '\0');
  for (std::size_t i = 0; i < size; i += 97) value[i] = static_cast<char>('a' + i % 26);
  return value;
}

void expect_kept(Cache& cache, Bytes key, std::size_t size) {
  const std::string value = value_of_size(size);
  ASSERT_EQ(put(cache, key, value), StoreOutcome::stored) << size;
  const auto kept = value_of(cache, key);
  ASSERT_TRUE(kept.has_value()) << size;
  ASSERT_TRUE(*kept == value) << size;
}

class SegmentMemory : public testing::TestWithParam<std::size_t> {
 protected:
  [[nodiscard]] static std::unique_ptr<Cache> make_limited(std::size_t memory_size_max) {
    return make("segment", options(memory_size_max, 0, GetParam()));
  }
  static void fill(Cache& cache, int item_count) {
    for (int i = 0; i < item_count; ++i) put(cache, "small" + std::to_string(i), "value");
  }
};

INSTANTIATE_TEST_SUITE_P(Shards, SegmentMemory, testing::Values(1U, 16U),
                         [](const auto& given) { return std::to_string(given.param); });

TEST_P(SegmentMemory, KeepsValuesOfEverySizeAtWhichSomethingChanges) {
  const std::size_t limit = 16 * mib;
  const auto cache = make_limited(limit);
  const std::size_t segment_size = PoolShape::of(limit, GetParam()).segment_size;
  std::vector<std::size_t> sizes = {0, 1, 8100, 8191, 8192, 8193};
  // From the log to an extent; a whole segment; whole pages; the powers of two between two classes.
  for (const std::size_t edge : {segment_size / 4 - head_size_max, segment_size / 4, segment_size, 4096UL,
                                 2 * 4096UL, 65'536UL, mib - 1, mib, 4 * mib}) {
    for (std::size_t size = edge - 12; size <= edge + 4; ++size) sizes.push_back(size);
  }
  for (const std::size_t size : sizes) {
    ASSERT_NO_FATAL_FAILURE(expect_kept(*cache, "k", size));
    ASSERT_NO_FATAL_FAILURE(expect_kept(*cache, "fresh" + std::to_string(size), size));
  }
}

TEST_P(SegmentMemory, KeepsKeysOfEverySizeAtWhichSomethingChanges) {
  const auto cache = make_limited(32 * mib);
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{15}, std::size_t{254}, std::size_t{255}, std::size_t{256},
        std::size_t{257}, 65'535UL, 65'536UL, mib}) {
    const std::string key(size, 'k');
    for (const std::size_t value_size : {0U, 1U, 100U, 100'000U}) {
      ASSERT_NO_FATAL_FAILURE(expect_kept(*cache, key, value_size));
      ASSERT_TRUE(cache->touch(0, key, Expiry::at(at(1000)), at(0)));
      const auto seen = look(*cache, key);
      ASSERT_TRUE(seen.has_value());
      ASSERT_EQ(seen->deadline, at(1000));
      ASSERT_TRUE(seen->value == value_of_size(value_size));
      ASSERT_FALSE(has(*cache, key + "k"));
    }
  }
}

TEST_P(SegmentMemory, AValueOfHalfTheLimitIsStoredWhateverElseIsThere) {
  for (const std::size_t limit : {GetParam() * 64 * kib, 8 * mib, 64 * mib}) {
    const auto cache = make_limited(limit);
    ASSERT_NO_FATAL_FAILURE(expect_kept(*cache, "half", limit / 2));
    fill(*cache, LARDER_TEST_SANITIZED ? 20'000 : 100'000);
    ASSERT_NO_FATAL_FAILURE(expect_kept(*cache, "half", limit / 2)) << limit;
    ASSERT_NO_FATAL_FAILURE(expect_kept(*cache, "another half", limit / 2)) << limit;
    EXPECT_LE(cache->stats().memory_used, limit);
  }
}

TEST_P(SegmentMemory, TheLargestValueIsStoredFromAFullCacheAndOneByteMoreNever) {
  const std::size_t limit = 4 * mib;
  const auto cache = make_limited(limit);
  std::size_t stored = limit / 2;
  std::size_t refused = limit;
  while (stored + 1 < refused) {
    const std::size_t middle = (stored + refused) / 2;
    (put(*cache, "k", value_of_size(middle)) == StoreOutcome::stored ? stored : refused) = middle;
  }
  EXPECT_GT(stored, limit * 6 / 10);
  fill(*cache, LARDER_TEST_SANITIZED ? 20'000 : 100'000);
  EXPECT_EQ(put(*cache, "k", value_of_size(stored + 1)), StoreOutcome::too_large);
  EXPECT_FALSE(has(*cache, "k"));
  EXPECT_GT(cache->stats().items, 1000U);  // a refused one evicts nothing
  ASSERT_NO_FATAL_FAILURE(expect_kept(*cache, "k", stored));
}

TEST_P(SegmentMemory, LargeValuesGiveAllTheirMemoryBackWhateverWayTheyLeave) {
  const auto cache = make_limited(32 * mib);
  const std::size_t empty_size = cache->stats().memory_used;
  const auto store = [&](std::size_t size, Expiry expiry) {
    for (int i = 0; i < 20; ++i) {
      const std::string key = std::to_string(i);
      ASSERT_EQ(cache->set(0, key, value_of_size(size), expiry, Condition::always(), at(0)),
                StoreOutcome::stored);
    }
  };
  const auto used = [&] { return cache->stats().memory_used; };

  store(300 * kib, Expiry::none());
  EXPECT_GT(used(), empty_size + std::size_t{20} * 300 * kib);
  store(10, Expiry::none());
  EXPECT_LE(used(),
            empty_size + std::size_t{20} * 64 * kib);  // overwritten by small ones: a few segments are left
  store(300 * kib, Expiry::none());
  for (int i = 0; i < 20; ++i) cache->remove(0, std::to_string(i), Condition::always(), at(0));
  EXPECT_EQ(used(), empty_size);
  store(300 * kib, Expiry::at(at(1000)));
  while (cache->sweep(at(5000), 1000)) {
  }
  EXPECT_EQ(used(), empty_size);
  store(300 * kib, Expiry::at(at(1000)));
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(has(*cache, std::to_string(i), at(1000)));
  EXPECT_EQ(used(), empty_size);
  store(300 * kib, Expiry::none());
  cache->clear(0);
  EXPECT_EQ(used(), empty_size);
  store(300 * kib, Expiry::none());
  cache->clear_all();
  EXPECT_EQ(used(), empty_size);
  store(300 * kib, Expiry::none());
  store(300 * kib, Expiry::at(at(0)));
  EXPECT_EQ(used(), empty_size);
  for (int i = 0; i < 500; ++i) put(*cache, "large" + std::to_string(i), value_of_size(300 * kib));
  EXPECT_GT(cache->stats().evictions, 300U);
  cache->clear_all();
  EXPECT_EQ(used(), empty_size);
}

// ---- What cannot work

TEST(SegmentLimits, ALimitTooSmallIsRefusedAndTheSmallestUsefulOneWorks) {
  const auto refused = make_cache("segment", options(64 * kib - 1, 0, 1));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::too_large);
  EXPECT_NE(refused.error().message.find("65536"), std::string::npos) << refused.error().message;
  for (const std::size_t shard_count : {1U, 2U, 16U, 256U, 1024U}) {
    const auto cache = make("segment", options(shard_count * 64 * kib, 0, shard_count));
    ASSERT_NE(cache, nullptr);
    // A shard this small may evict, once in a while, the very item that it has just stored.
    constexpr int item_count = LARDER_TEST_SANITIZED ? 3'000 : 20'000;
    int hit_count = 0;
    for (int i = 0; i < item_count; ++i) {
      const std::string key = std::to_string(i);
      const std::string value = key + std::string(100, 'v');
      ASSERT_EQ(put(*cache, key, value), StoreOutcome::stored);
      const auto kept = value_of(*cache, key);
      if (!kept) continue;
      ++hit_count;
      ASSERT_EQ(*kept, value);
    }
    EXPECT_GE(hit_count, item_count * 99 / 100);
    EXPECT_LE(cache->stats().memory_used, shard_count * 64 * kib);
    EXPECT_GT(cache->stats().items, 50U);
  }
}

std::size_t address_space_size() {
  std::size_t page_count = 0;
  FILE* const file = std::fopen("/proc/self/statm", "r");
  if (file != nullptr) {
    if (std::fscanf(file, "%zu", &page_count) != 1) page_count = 0;
    static_cast<void>(std::fclose(file));
  }
  return page_count * page_size;
}

// In a child, whose address space ends `spare_size` bytes beyond what it has now: exits with what `body`
// says.
template <class Body>
void expect_true_with_little_address_space(std::size_t spare_size, Body body) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const rlimit limit{.rlim_cur = address_space_size() + spare_size, .rlim_max = RLIM_INFINITY};
    _exit(setrlimit(RLIMIT_AS, &limit) == 0 && body() ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(SegmentLimits, WithoutAddressSpaceThereIsAClearError) {
  if (LARDER_TEST_SANITIZED) GTEST_SKIP() << "a sanitizer needs addresses of its own";
  for (const std::size_t spare_size : {mib, 16 * mib, 200 * mib, 1100 * mib}) {
    expect_true_with_little_address_space(spare_size, [] {
      const auto refused = make_cache("segment", options(1024 * mib, 0, 16));
      return !refused.has_value() && refused.error().kind == ErrorKind::overloaded &&
             refused.error().message.find("address space") != std::string::npos;
    });
  }
}

TEST(SegmentLimits, WithoutAddressesForAHigherLimitTheCacheIsMadeAllTheSame) {
  if (LARDER_TEST_SANITIZED) GTEST_SKIP() << "a sanitizer needs addresses of its own";
  expect_true_with_little_address_space(200 * mib, [] {
    const auto cache = make_cache("segment", options(64 * mib, 0, 1));
    if (!cache.has_value() || (*cache)->memory_limit_range().most != 64 * mib) return false;
    const bool is_refused = !(*cache)->set_memory_limit(64 * mib + 1);
    return is_refused && (*cache)->set_memory_limit(32 * mib) && (*cache)->set_memory_limit(64 * mib) &&
           put(**cache, "k", "v") == StoreOutcome::stored;
  });
  EXPECT_EQ(make("segment", options(64 * mib, 0, 1))->memory_limit_range().most, 256 * mib);
}

TEST(SegmentLimits, WithoutAddressesForLargeValuesSmallOnesAreStoredAllTheSame) {
  if (LARDER_TEST_SANITIZED) GTEST_SKIP() << "a sanitizer needs addresses of its own";
  const auto cache = make("segment", options(64 * mib, 0, 1));
  const std::string large(200 * kib, 'x');
  expect_true_with_little_address_space(16 * mib, [&] {
    put(*cache, "k", "old");
    const bool is_refused = put(*cache, "k", large) == StoreOutcome::no_memory && !has(*cache, "k");
    return is_refused && cache->stats().refused == 1 && put(*cache, "k", "new") == StoreOutcome::stored &&
           value_of(*cache, "k") == "new" && cache->stats().memory_used < mib;
  });
}

}  // namespace
}  // namespace larder::cache::segment
