// The shard keeps its promises through the cache's own interface. Method: random calls, after every thousand
// of which the books are compared with a walk over every record and slot; readers without the lock beside a
// writer.
#include "cache/segment/segment_shard.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cache/backend.h"
#include "cache/model.h"
#include "cache/sharded_cache.h"
#include "cache/test_support.h"

namespace larder::cache::segment {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the words of these tests

using SegmentCache = ShardedCache<SegmentShard>;

struct Limits {
  std::size_t shard_count;
  std::size_t memory_size_max;
  std::size_t item_count_max;
};

class SegmentShardBooks : public testing::TestWithParam<Limits> {};

INSTANTIATE_TEST_SUITE_P(
    Limits, SegmentShardBooks,
    testing::Values(Limits{.shard_count = 1, .memory_size_max = 256 * kib, .item_count_max = 0},
                    Limits{.shard_count = 4, .memory_size_max = mib, .item_count_max = 0},
                    Limits{.shard_count = 1, .memory_size_max = 16 * mib, .item_count_max = 700},
                    Limits{.shard_count = 4, .memory_size_max = 4 * mib, .item_count_max = 700}),
    [](const auto& given) {
      return std::to_string(given.param.shard_count) + "Shards" +
             std::to_string(given.param.memory_size_max / kib) + "KiB";
    });

// Sweeps are cut short all the time, so that segments change while one of them is half swept.
TEST_P(SegmentShardBooks, EqualAFullWalkAfterEveryThousandRandomCalls) {
  const CacheOptions limits =
      options(GetParam().memory_size_max, GetParam().item_count_max, GetParam().shard_count);
  SegmentCache cache(limits);
  Witness witness(cache);
  CallSource calls(42, {.key_count = 3000, .value_size_max = 100'000});
  constexpr int call_count = LARDER_TEST_SANITIZED ? 8'000 : 100'000;
  for (int i = 0; i < call_count; ++i) {
    const Call call = calls.next();
    // All but a few of the calls that empty everything are left out: the cache would never be full.
    const bool empties = call.kind == Kind::clear || call.kind == Kind::clear_all || call.kind == Kind::sweep;
    if (!empties || i % 64 == 0) witness.apply(call);
    if (i % 3 == 0) cache.sweep(call.now, static_cast<std::size_t>(i % 50));
    ASSERT_EQ(witness.failure(), std::nullopt) << "call " << i;
    if (i % 1000 != 0) continue;
    ASSERT_EQ(check_books(cache, limits), std::nullopt) << "call " << i;
  }
  EXPECT_GT(cache.stats().evictions, 0U);
  EXPECT_GT(cache.stats().expired, 0U);
}

// Nothing is stored that could pay for cleaning up: what removes pays.
TEST(SegmentShard, RemovingAtRandomGivesTheMemoryBack) {
  constexpr std::size_t memory_size_max = (LARDER_TEST_SANITIZED ? 1 : 8) * mib;
  for (const std::size_t value_size : {20U, 200U, 700U}) {
    SegmentCache cache(options(memory_size_max, 0, 1));
    const std::size_t empty_size = cache.stats().memory_used;
    const std::size_t item_count = memory_size_max * 3 / 4 / (value_size + 30);
    const std::string value(value_size, 'v');
    for (std::size_t i = 0; i < item_count; ++i) put(cache, "key" + std::to_string(i), value);
    const std::size_t full_size = cache.stats().memory_used - empty_size;
    for (std::size_t i = 0; i < item_count; ++i) {
      const std::size_t scattered = i * 7919 % item_count;  // each once
      if (i % 10 < 7) cache.remove(0, "key" + std::to_string(scattered), Condition::always(), at(0));
    }
    EXPECT_EQ(cache.stats().evictions, 0U);
    EXPECT_LE(cache.stats().memory_used - empty_size, full_size / 2) << "values of " << value_size;
    EXPECT_TRUE(cache.books_hold());
  }
}

// Nor does a sweep wait for a write to come.
TEST(SegmentShard, WhatExpiresGivesTheMemoryBackThoughNothingIsWritten) {
  constexpr std::size_t memory_size_max = (LARDER_TEST_SANITIZED ? 1 : 8) * mib;
  SegmentCache cache(options(memory_size_max, 0, 1));
  const std::size_t empty_size = cache.stats().memory_used;
  const std::size_t item_count = memory_size_max / 2 / 130;
  const std::string value(100, 'v');
  for (std::size_t i = 0; i < item_count; ++i) {
    const Expiry expiry = i % 10 < 7 ? Expiry::at(at(1000)) : Expiry::none();
    ASSERT_EQ(cache.set(0, "key" + std::to_string(i), value, expiry, Condition::always(), at(0)),
              StoreOutcome::stored);
  }
  const std::size_t full_size = cache.stats().memory_used - empty_size;
  while (cache.sweep(at(2000), 256)) {
  }
  EXPECT_EQ(cache.stats().items, item_count - cache.stats().expired);
  EXPECT_GE(cache.stats().expired, item_count * 6 / 10);
  EXPECT_EQ(cache.stats().evictions, 0U);
  EXPECT_LE(cache.stats().memory_used - empty_size, full_size / 2);
  EXPECT_TRUE(cache.books_hold());
}

// Every item has been used as often as counts, so that at the main queue's head each gets another round. A
// token changes when its item is moved: no call may move more than a small part of them.
TEST(SegmentShard, NoCallGoesRoundAllItemsWhenAllOfThemWereUsed) {
  SegmentCache cache(options(4 * mib, 0, 1));
  const std::string value(100, 'v');
  int key_count = 0;
  while (cache.stats().evictions == 0) put(cache, std::to_string(key_count++), value);
  for (int use = 0; use < 3; ++use) {
    for (int i = 0; i < key_count; ++i) static_cast<void>(value_of(cache, std::to_string(i)));
  }
  constexpr int sample_distance = 97;
  const auto tokens = [&] {
    std::vector<CompareToken> all;
    for (int i = 0; i < key_count; i += sample_distance) {
      const auto seen = look(cache, std::to_string(i));
      all.push_back(seen.has_value() ? seen->token : 0);
    }
    return all;
  };
  std::vector<CompareToken> before = tokens();
  for (int i = 0; i < 2000; ++i) {
    put(cache, "new" + std::to_string(i), value);
    std::vector<CompareToken> after = tokens();
    std::size_t changed_count = 0;
    for (std::size_t k = 0; k < after.size(); ++k) changed_count += after[k] == before[k] ? 0U : 1U;
    ASSERT_LT(changed_count, after.size() / 4) << "in call " << i << " of " << after.size();
    before = std::move(after);
  }
}

// A reader counts its use in the slot after it has found out that what it read was good. The slot may have
// been emptied by then, and must stay empty. The key is one that belongs to the index's first line, where a
// scan would show what should not be there.
TEST(SegmentShard, AReaderWithoutTheLockNeverChangesASlotThatWasEmptiedMeanwhile) {
  const CacheOptions small = options(mib, 0, 1);
  SegmentCache cache(small);
  const Hasher hasher(small.secret);
  std::string key;
  for (int i = 0; key.empty(); ++i) {
    if (hasher(std::to_string(i)) >> 56 == 0) key = std::to_string(i);
  }
  put(cache, "other", "value");
  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done) cache.get(0, key, at(0), [](const ItemView&) {});
  });
  constexpr int round_count = LARDER_TEST_SANITIZED ? 50'000 : 500'000;
  for (int i = 0; i < round_count; ++i) {
    put(cache, key, "value");
    cache.remove(0, key, Condition::always(), at(0));
  }
  done = true;
  reader.join();
  std::size_t shown_count = 0;
  cache.scan(0, 0, 1000, at(0), [&](Bytes shown, const ItemView& /*item*/) {
    ++shown_count;
    EXPECT_EQ(shown, "other");
  });
  EXPECT_EQ(shown_count, 1U);
  EXPECT_TRUE(cache.books_hold());
}

}  // namespace
}  // namespace larder::cache::segment
