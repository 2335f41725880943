// No limit is ever passed, and what has expired is freed without being read. Method: fill a cache beyond each
// of its limits and look at its figures after every call; let time pass and sweep as a server does.
#include <cstdint>
#include <gtest/gtest.h>
#include <string>
#include <string_view>

#include "cache/backend.h"
#include "cache/conformance.h"
#include "cache/test_support.h"

namespace larder::cache {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the words of these tests

using ConformanceLimits = Conformance;
INSTANTIATE_TEST_SUITE_P(Backends, ConformanceLimits, testing::ValuesIn(setups()), setup_name);

// ---- Limits

TEST_P(ConformanceLimits, RefusesWhatIsTooLargeAndRemovesTheOldValue) {
  put(cache_, "k", "old");
  put(cache_, "bystander", "v");
  EXPECT_EQ(put(cache_, "k", std::string(64 * mib, 'x')), StoreOutcome::too_large);
  EXPECT_FALSE(has(cache_, "k"));
  EXPECT_EQ(put(cache_, std::string(64 * mib, 'x'), "v"), StoreOutcome::too_large);
  put(cache_, "k", "old");
  EXPECT_EQ(cache_.update(0, "k", at(0),
                          [large = std::string(64 * mib, 'x')](const ItemView*) {
                            return Change::store(large, Expiry::none());
                          }),
            StoreOutcome::too_large);
  EXPECT_FALSE(has(cache_, "k"));
  EXPECT_TRUE(has(cache_, "bystander"));
  EXPECT_EQ(cache_.stats().refused, 3U);
  EXPECT_EQ(cache_.stats().evictions, 0U);
}

TEST_P(ConformanceLimits, TheLargestValueStillFitsAfterManySmallOnes) {
  const auto cache = make_limited(8 * mib);
  const std::string large(8 * mib / GetParam().shard_count * 9 / 10, 'x');
  EXPECT_EQ(put(*cache, "large", large), StoreOutcome::stored);
  cache->clear_all();
  for (int i = 0; i < 200'000; ++i) put(*cache, std::to_string(i), "");
  EXPECT_EQ(put(*cache, "large", large), StoreOutcome::stored);
  EXPECT_EQ(value_of(*cache, "large"), large);
  EXPECT_LE(cache->stats().memory_used, 8 * mib);
}

TEST_P(ConformanceLimits, RefusesWhatTheAllocatorRefuses) {
  if (LARDER_TEST_SANITIZED) GTEST_SKIP() << "the sanitizer's malloc aborts instead";
  const auto cache = make_limited(std::size_t{1} << 60);
  put(*cache, "k", "old");
  // No machine has 2^50 bytes; the bytes behind the first are never read.
  const char first_byte = 'x';
  const Bytes impossible(&first_byte, std::size_t{1} << 50);
  EXPECT_EQ(put(*cache, "k", impossible), StoreOutcome::no_memory);
  EXPECT_FALSE(has(*cache, "k"));
  EXPECT_EQ(cache->stats().refused, 1U);
  EXPECT_EQ(cache->stats().items, 0U);
  EXPECT_EQ(put(*cache, "k", "new"), StoreOutcome::stored);
}

TEST_P(ConformanceLimits, NeverExceedsTheMemoryLimit) {
  const std::size_t limit = 512 * kib;
  const auto cache = make_limited(limit);
  std::uint64_t random = 1;
  for (int i = 0; i < 6000; ++i) {
    random = random * 6364136223846793005U + 1442695040888963407U;
    // Sizes from nothing to larger than a shard, small ones far more often.
    const std::size_t size = (random >> 44) >> ((random >> 20) % 20);
    put(*cache, std::to_string(random % 2000), std::string(size, 'v'));
    ASSERT_LE(cache->stats().memory_used, limit) << "after call " << i;
  }
  EXPECT_GT(cache->stats().evictions, 0U);
  EXPECT_GT(cache->stats().refused, 0U);
}

TEST_P(ConformanceLimits, UsesTheMemoryItIsGiven) {
  const auto cache = make_limited(4 * mib);
  for (int i = 0; i < 60'000; ++i) put(*cache, std::to_string(i), std::string(100, 'v'));
  EXPECT_GT(cache->stats().memory_used, 4 * mib * 8 / 10);
}

TEST_P(ConformanceLimits, NeverExceedsTheItemCount) {
  for (const std::size_t count_max : {8U, 13U, 100U}) {
    const auto cache = make_limited(8 * mib, count_max);
    for (int i = 0; i < 1000; ++i) {
      cache->set(static_cast<Database>(i % 16), std::to_string(i), "v", Expiry::none(), Condition::always(),
                 at(0));
      ASSERT_LE(cache->stats().items, count_max);
    }
    EXPECT_EQ(cache->stats().items, count_max);  // 1,000 keys reach every share
    EXPECT_EQ(cache->stats().evictions, 1000 - count_max);
  }
}

// ---- Sweeping

TEST_P(ConformanceLimits, SweepsFreeWhatNobodyReads) {
  for (int i = 0; i < 10'000; ++i) {
    cache_.set(0, std::to_string(i), "v", i % 10 == 0 ? Expiry::none() : Expiry::at(at(1000 + i % 2000)),
               Condition::always(), at(0));
  }
  cache_.sweep(at(999), 1'000'000);
  EXPECT_EQ(cache_.stats().items, 10'000U);
  for (int ms = 1000; ms < 8000; ms += 100) cache_.sweep(at(ms), 1024);
  EXPECT_EQ(cache_.stats().items, 1000U);
  EXPECT_EQ(cache_.item_count(0), 1000U);
  EXPECT_EQ(cache_.stats().expired, 9000U);
}

TEST_P(ConformanceLimits, ASweepIsBounded) {
  for (int i = 0; i < 10'000; ++i) {
    cache_.set(0, std::to_string(i), "v", Expiry::at(at(10)), Condition::always(), at(0));
  }
  std::size_t call_count = 0;
  while (cache_.stats().items > 0) {
    const std::size_t before = cache_.stats().items;
    const bool more = cache_.sweep(at(5000), 100);
    EXPECT_TRUE(more || cache_.stats().items == 0);
    EXPECT_LE(before - cache_.stats().items, 100U);
    ++call_count;
    ASSERT_LT(call_count, 200U);
  }
  EXPECT_GE(call_count, 100U);
  while (cache_.sweep(at(5000), 100)) ASSERT_LT(++call_count, 400U);
}

TEST_P(ConformanceLimits, ASweepOfManyShardsWithNothingDueSaysSo) {
  // More shards than the places that it may look at: each idle one costs none of them.
  const auto cache = make(GetParam().backend, options(std::size_t{64} << 20, 0, 512));
  EXPECT_FALSE(cache->sweep(at(0), 256));
  cache->set(0, "k", "v", Expiry::at(at(10)), Condition::always(), at(0));
  while (cache->sweep(at(5000), 256)) {
  }
  EXPECT_EQ(cache->stats().items, 0U);
}

TEST_P(ConformanceLimits, SweepsFindAMillionthItemAmongThoseThatStay) {
  // Long-lived items with deadlines are passed over once a turn; the one that is due is found all the same.
  for (int i = 0; i < 50'000; ++i) {
    cache_.set(0, std::to_string(i), "v", Expiry::at(at(3'600'000 + i)), Condition::always(), at(0));
  }
  cache_.set(0, "due", "v", Expiry::at(at(60'000)), Condition::always(), at(0));
  for (int ms = 0; ms < 60'000; ms += 1000) cache_.sweep(at(ms), 10'000);
  EXPECT_EQ(cache_.stats().items, 50'001U);
  for (int ms = 60'000; ms < 63'000; ms += 100) cache_.sweep(at(ms), 2000);
  EXPECT_EQ(cache_.stats().items, 50'000U);
}

TEST_P(ConformanceLimits, SweepsSurviveClocksThatJump) {
  cache_.sweep(at(10'000'000), 1000);
  cache_.set(0, "k", "v", Expiry::at(at(2000)), Condition::always(), at(1000));  // the clock was set back
  for (int ms = 1000; ms < 140'000; ms += 500) cache_.sweep(at(ms), 1000);
  EXPECT_EQ(cache_.stats().items, 0U);
  cache_.set(0, "k", "v", Expiry::at(at(200'000)), Condition::always(), at(140'000));
  cache_.sweep(at(100'000'000), 1000);  // and far ahead
  EXPECT_EQ(cache_.stats().items, 0U);
}

}  // namespace
}  // namespace larder::cache
