// The memory limit moves while the cache is in use. Method: fill a cache, set another limit, and look at its
// figures after every call and every sweep on the way there; what is left is right, byte for byte.
#include <cstdint>
#include <gtest/gtest.h>
#include <limits>
#include <string>

#include "cache/backend.h"
#include "cache/conformance.h"
#include "cache/test_support.h"

namespace larder::cache {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the words of these tests

std::string key_of(int i) { return "key" + std::to_string(i); }
// 0 to 1,500 bytes that say whose they are.
std::string value_of_key(int i) {
  const auto size = static_cast<std::size_t>(i * 7919 % 1500);
  return std::to_string(i) + std::string(size, static_cast<char>('a' + i % 26));
}

class ConformanceMemoryLimit : public Conformance {
 protected:
  static constexpr std::size_t limit = 8 * mib;
  static constexpr int full_count = 20'000;  // items that are more than fits

  void fill(int first = 0, int last = full_count) {
    for (int i = first; i < last; ++i)
      ASSERT_EQ(put(*owned_, key_of(i), value_of_key(i)), StoreOutcome::stored);
  }

  // After each sweep no more is used than the limit in force, which only falls. A shard of the LRU back ends
  // hears of its limit when it is written to or swept: the first look is after a sweep.
  void sweep_down_to(std::size_t size) {
    std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
    for (int i = 0; i < 100'000; ++i) {
      const bool is_cut_short = owned_->sweep(at(0), 64);
      const CacheStats stats = owned_->stats();
      ASSERT_LE(stats.memory_used, stats.memory_limit_in_force);
      ASSERT_LE(stats.memory_limit_in_force, last);
      last = stats.memory_limit_in_force;
      if (!is_cut_short && i > 100) break;
    }
    EXPECT_LE(last, size);
    EXPECT_GT(last, size - GetParam().shard_count) << "each shard has a whole number of bytes";
  }

  int count_right_values(int count = full_count) {
    int right_count = 0;
    for (int i = 0; i < count; ++i) {
      const auto value = value_of(*owned_, key_of(i));
      if (!value) continue;
      EXPECT_EQ(*value, value_of_key(i));
      ++right_count;
    }
    return right_count;
  }

  void SetUp() override { owned_ = make_limited(limit); }
};

INSTANTIATE_TEST_SUITE_P(Backends, ConformanceMemoryLimit, testing::ValuesIn(setups()), setup_name);

TEST_P(ConformanceMemoryLimit, IsWhatTheCacheWasMadeWith) {
  EXPECT_EQ(owned_->memory_limit(), limit);
  EXPECT_EQ(owned_->stats().memory_limit, limit);
  EXPECT_EQ(owned_->stats().memory_limit_in_force, limit);
  EXPECT_LE(owned_->memory_limit_range().least, limit / 8);
  EXPECT_GE(owned_->memory_limit_range().most, 4 * limit);
}

TEST_P(ConformanceMemoryLimit, AHigherOneHoldsAtOnce) {
  fill();
  const std::uint64_t evictions = owned_->stats().evictions;
  ASSERT_GT(evictions, 0U);
  ASSERT_TRUE(owned_->set_memory_limit(4 * limit));
  EXPECT_EQ(owned_->memory_limit(), 4 * limit);
  fill(full_count, full_count * 3 / 2);
  EXPECT_EQ(owned_->stats().evictions, evictions) << "there is room for these";
  EXPECT_GT(owned_->stats().memory_used, limit * 3 / 2);
  EXPECT_EQ(owned_->stats().memory_limit_in_force, 4 * limit);
  fill(full_count * 3 / 2, 4 * full_count);
  EXPECT_GT(owned_->stats().evictions, evictions);
  EXPECT_GT(owned_->stats().memory_used, limit * 35 / 10) << "all of it is used";
  EXPECT_LE(owned_->stats().memory_used, 4 * limit);
  count_right_values(4 * full_count);
}

TEST_P(ConformanceMemoryLimit, ALowerOneIsReachedBySweepsAndWhatIsLeftIsRight) {
  fill();
  const int before_count = count_right_values();
  ASSERT_TRUE(owned_->set_memory_limit(limit / 4));
  EXPECT_EQ(owned_->stats().memory_limit, limit / 4);
  const std::uint64_t in_force = owned_->stats().memory_limit_in_force;
  EXPECT_LE(owned_->stats().memory_used, in_force);
  sweep_down_to(limit / 4);
  const int left_count = count_right_values();
  EXPECT_GT(left_count, before_count / 8) << "and not much more than had to";
  EXPECT_LT(left_count, before_count / 2);
  fill();
  EXPECT_LE(owned_->stats().memory_used, limit / 4);
  EXPECT_GT(owned_->stats().memory_used, limit / 4 * 8 / 10) << "all of it is used";
  EXPECT_GT(count_right_values(), 0);
}

TEST_P(ConformanceMemoryLimit, ALowerOneCostsACacheWithRoomNothing) {
  fill(0, 1000);
  ASSERT_TRUE(owned_->set_memory_limit(limit / 4));
  sweep_down_to(limit / 4);
  EXPECT_EQ(owned_->stats().evictions, 0U);
  EXPECT_EQ(count_right_values(), 1000);
}

TEST_P(ConformanceMemoryLimit, ALowerOneIsReachedWhileOthersWrite) {
  fill();
  ASSERT_TRUE(owned_->set_memory_limit(limit / 4));
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_EQ(put(*owned_, key_of(i), value_of_key(i)), StoreOutcome::stored);
    ASSERT_EQ(value_of(*owned_, key_of(i)), value_of_key(i));
    if (i % 4 == 0) owned_->sweep(at(0), 64);
    const CacheStats stats = owned_->stats();
    ASSERT_LE(stats.memory_used, stats.memory_limit_in_force);
  }
  sweep_down_to(limit / 4);
  EXPECT_GT(count_right_values(), 1000);
}

TEST_P(ConformanceMemoryLimit, AValueThatIsTooLargeForALowerOneIsRefusedAtOnce) {
  const std::string large(limit / GetParam().shard_count / 2, 'l');
  ASSERT_EQ(put(*owned_, "k", large), StoreOutcome::stored);
  ASSERT_TRUE(owned_->set_memory_limit(limit / 4));
  const std::string small(large.size() / 4, 's');
  EXPECT_EQ(put(*owned_, "l", small), StoreOutcome::stored);
  if (GetParam().backend != "segment" || GetParam().shard_count == 1) {
    EXPECT_EQ(put(*owned_, "k", large), StoreOutcome::too_large);
    EXPECT_FALSE(has(*owned_, "k"));
  }
  ASSERT_TRUE(owned_->set_memory_limit(limit));
  EXPECT_EQ(put(*owned_, "k", large), StoreOutcome::stored);
  EXPECT_EQ(value_of(*owned_, "k"), large);
  EXPECT_EQ(value_of(*owned_, "l"), small);
}

TEST_P(ConformanceMemoryLimit, CanBeRaisedBeforeALowerOneWasReached) {
  fill();
  ASSERT_TRUE(owned_->set_memory_limit(limit / 4));
  for (int i = 0; i < 10; ++i) owned_->sweep(at(0), 64);
  ASSERT_TRUE(owned_->set_memory_limit(limit));
  fill();
  const CacheStats stats = owned_->stats();
  EXPECT_EQ(stats.memory_limit, limit);
  EXPECT_EQ(stats.memory_limit_in_force, limit);
  EXPECT_GT(stats.memory_used, limit * 8 / 10);
}

TEST_P(ConformanceMemoryLimit, WhatCannotWorkIsRefusedAndTheSmallestWorks) {
  const MemoryLimitRange range = owned_->memory_limit_range();
  EXPECT_FALSE(owned_->set_memory_limit(range.least - 1));
  EXPECT_FALSE(owned_->set_memory_limit(0));
  if (range.most < std::numeric_limits<std::size_t>::max()) {
    EXPECT_FALSE(owned_->set_memory_limit(range.most + 1));
  }
  EXPECT_EQ(owned_->memory_limit(), limit);
  fill();
  ASSERT_TRUE(owned_->set_memory_limit(range.least));
  EXPECT_EQ(owned_->memory_limit_range().least, range.least) << "it stays what it was";
  sweep_down_to(range.least);
  int hit_count = 0;
  for (int i = 0; i < full_count; ++i) {
    ASSERT_EQ(put(*owned_, key_of(i), value_of_key(i)), StoreOutcome::stored);
    if (has(*owned_, key_of(i))) ++hit_count;
  }
  EXPECT_GE(hit_count, full_count * 99 / 100);
  EXPECT_LE(owned_->stats().memory_used, range.least);
  EXPECT_GT(owned_->stats().items, 50U);
}

// Millions of small items have a large index, and many of them that left are remembered: both go, too.
TEST_P(ConformanceMemoryLimit, TheIndexOfManySmallItemsBecomesSmaller) {
  constexpr int count = LARDER_TEST_SANITIZED ? 100'000 : 700'000;
  for (int i = 0; i < count; ++i) put(*owned_, std::to_string(i), "");
  const std::uint64_t before = owned_->stats().items;
  ASSERT_TRUE(owned_->set_memory_limit(limit / 8));
  sweep_down_to(limit / 8);
  EXPECT_GT(owned_->stats().items, before / 8 * 4 / 10);
}

TEST_P(ConformanceMemoryLimit, ItemsThatAreAllUsedDoNotHoldItUp) {
  fill();
  for (int round = 0; round < 4; ++round) count_right_values();
  ASSERT_TRUE(owned_->set_memory_limit(limit / 8));
  sweep_down_to(limit / 8);
}

TEST_P(ConformanceMemoryLimit, MayBeSetInABody) {
  owned_->with_everything([&](Keyspace&) {
    EXPECT_TRUE(owned_->set_memory_limit(2 * limit));
    EXPECT_EQ(owned_->memory_limit(), 2 * limit);
    EXPECT_GE(owned_->memory_limit_range().most, 2 * limit);
  });
}

}  // namespace
}  // namespace larder::cache
