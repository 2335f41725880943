// The shard keeps its promises through the cache's own interface. Method: random calls, after every thousand
// of which the books are compared with a walk over every record and slot; readers without the lock beside a
// writer.
#include "cache/segment/segment_shard.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <gtest/gtest.h>
#include <string>
#include <thread>

#include "cache/backend.h"
#include "cache/sharded_cache.h"
#include "cache/test_support.h"

namespace larder::cache::segment {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the words of these tests

using SegmentCache = ShardedCache<SegmentShard>;

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
