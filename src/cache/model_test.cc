// Random calls never catch a back end lying. Method: model.h. Where two exact LRU caches are bounded by item
// count alone they must agree in every answer and every figure; under memory pressure each is compared with
// the map. Every few calls the books are compared with a walk over everything. In the end shards with planted
// mistakes must be caught: that tests the test.
//
// The seed is printed first; LARDER_SEED=N replays a run.
#include "cache/model.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <utility>

#include "base/random.h"
#include "cache/backend.h"
#include "cache/lru/lru_shard.h"
#include "cache/lru/ordered_shard.h"
#include "cache/segment/segment_shard.h"
#include "cache/test_support.h"

namespace larder::cache {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the words of these tests

std::uint64_t fresh_seed() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): read before any thread is started
  if (const char* const given = std::getenv("LARDER_SEED")) return std::strtoull(given, nullptr, 10);
  std::array<unsigned char, 4> bytes{};
  fill_random(bytes);
  std::uint64_t seed = 0;
  for (const unsigned char byte : bytes) seed = seed << 8 | byte;
  return seed;
}

std::uint64_t announce(std::uint64_t seed) {
  std::printf("LARDER_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  return seed;
}

constexpr int call_count = LARDER_TEST_SANITIZED ? 10'000 : 40'000;

Plan bounded_by_count(std::uint64_t seed, std::size_t shard_count) {
  return {.seed = seed,
          .call_count = call_count,
          .shape = {.key_count = 120, .value_size_max = 300},
          .options = options(64 * mib, 60, shard_count)};
}

Plan bounded_by_memory(std::uint64_t seed, std::size_t shard_count) {
  return {.seed = seed,
          .call_count = call_count,
          .shape = {.key_count = 2000, .value_size_max = 80'000},
          .options = options(shard_count * 64 * kib, 0, shard_count)};
}

using Outcome = std::optional<std::string>;

TEST(Model, LruAndOrderedAgreeInEveryAnswerAndFigure) {
  const std::uint64_t seed = announce(fresh_seed());
  for (const std::size_t shard_count : {1U, 4U}) {
    EXPECT_EQ((run_together<LruShard, OrderedShard>(bounded_by_count(seed, shard_count))), Outcome())
        << shard_count << " shards";
  }
}

TEST(Model, LruNeverLiesUnderMemoryPressure) {
  const std::uint64_t seed = announce(fresh_seed());
  for (const std::size_t shard_count : {1U, 4U}) {
    EXPECT_EQ(run_alone<LruShard>(bounded_by_memory(seed, shard_count)), Outcome())
        << shard_count << " shards";
  }
}

TEST(Model, OrderedNeverLiesUnderMemoryPressure) {
  const std::uint64_t seed = announce(fresh_seed());
  for (const std::size_t shard_count : {1U, 4U}) {
    EXPECT_EQ(run_alone<OrderedShard>(bounded_by_memory(seed, shard_count)), Outcome())
        << shard_count << " shards";
  }
}

TEST(Model, SegmentNeverLiesUnderMemoryPressure) {
  const std::uint64_t seed = announce(fresh_seed());
  for (const std::size_t shard_count : {1U, 4U}) {
    EXPECT_EQ(run_alone<segment::SegmentShard>(bounded_by_memory(seed, shard_count)), Outcome())
        << shard_count << " shards";
  }
}

TEST(Model, SegmentNeverLiesWhenBoundedByCount) {
  const std::uint64_t seed = announce(fresh_seed());
  for (const std::size_t shard_count : {1U, 4U}) {
    EXPECT_EQ(run_alone<segment::SegmentShard>(bounded_by_count(seed, shard_count)), Outcome())
        << shard_count << " shards";
  }
}

// ---- Planted mistakes. Each is one that a cache could make; every one must be caught, with any seed.

// The hit is counted, but the item keeps its place in the order.
class ForgetsToMove : public LruShard {
 public:
  using LruShard::LruShard;
  bool get(const ItemKey& key, TimePoint now, KeyedCalls::Visitor visit) {
    const bool found = LruShard::peek(key, now, visit);
    ++(found ? hits_ : misses_);
    return found;
  }
  [[nodiscard]] CacheStats stats() const {
    CacheStats stats = LruShard::stats();
    stats.hits += hits_;
    stats.misses += misses_;
    return stats;
  }

 private:
  std::uint64_t hits_ = 0;
  std::uint64_t misses_ = 0;
};

class PeekCountsAsUse : public LruShard {
 public:
  using LruShard::LruShard;
  bool peek(const ItemKey& key, TimePoint now, KeyedCalls::Visitor visit) {
    Expiry expiry;
    const bool found = LruShard::peek(key, now, [&](const ItemView& item) {
      if (item.deadline.has_value()) expiry = Expiry::at(*item.deadline);
      visit(item);
    });
    if (found) LruShard::touch(key, expiry, now);
    return found;
  }
};

class LosesOneOverwriteInTwenty : public LruShard {
 public:
  using LruShard::LruShard;
  StoreOutcome set(const ItemKey& key, Bytes value, Expiry expiry, Condition condition, TimePoint now) {
    if (++count_ % 20 == 0 && condition.kind == Condition::Kind::always &&
        expiry.kind == Expiry::Kind::none && LruShard::peek(key, now, [](const ItemView&) {})) {
      return StoreOutcome::stored;
    }
    return LruShard::set(key, value, expiry, condition, now);
  }

 private:
  int count_ = 0;
};

class ReturnsItemsAMillisecondTooLong : public LruShard {
 public:
  using LruShard::LruShard;
  bool get(const ItemKey& key, TimePoint now, KeyedCalls::Visitor visit) {
    return LruShard::get(key, now - Duration(1), visit);
  }
};

class MiscountsMemory : public LruShard {
 public:
  using LruShard::LruShard;
  [[nodiscard]] Books books() const {
    Books books = LruShard::books();
    if (books.item_count > 20) books.memory_used += 16;
    return books;
  }
};

class KeepsTheOldValueOfARefusedStore : public LruShard {
 public:
  using LruShard::LruShard;
  StoreOutcome set(const ItemKey& key, Bytes value, Expiry expiry, Condition condition, TimePoint now) {
    if (value.size() > 64 * kib && condition.kind == Condition::Kind::always) return StoreOutcome::too_large;
    return LruShard::set(key, value, expiry, condition, now);
  }
};

class ScansSkipAnItem : public LruShard {
 public:
  using LruShard::LruShard;
  ScanProgress scan(Database database, Cursor from, ScanLimits limits, TimePoint now,
                    Cache::ScanVisitor show) const {
    bool skip = from == 0;
    return LruShard::scan(database, from, limits, now, [&](Bytes key, const ItemView& item) {
      if (!std::exchange(skip, false)) show(key, item);
    });
  }
};

class MixesUpTwoDatabases : public LruShard {
 public:
  using LruShard::LruShard;
  bool get(ItemKey key, TimePoint now, KeyedCalls::Visitor visit) {
    if (key.database == 7) key.database = 0;
    return LruShard::get(key, now, visit);
  }
};

TEST(Model, CatchesPlantedMistakes) {
  const std::uint64_t seed = announce(fresh_seed());
  const Plan by_count = bounded_by_count(seed, 1);
  const Plan by_memory = bounded_by_memory(seed, 1);
  EXPECT_NE((run_together<ForgetsToMove, OrderedShard>(by_count)), Outcome());
  EXPECT_NE((run_together<PeekCountsAsUse, OrderedShard>(by_count)), Outcome());
  EXPECT_NE(run_alone<LosesOneOverwriteInTwenty>(by_count), Outcome());
  EXPECT_NE(run_alone<ReturnsItemsAMillisecondTooLong>(by_count), Outcome());
  EXPECT_NE(run_alone<MiscountsMemory>(by_count), Outcome());
  EXPECT_NE(run_alone<KeepsTheOldValueOfARefusedStore>(by_memory), Outcome());
  EXPECT_NE(run_alone<ScansSkipAnItem>(by_count), Outcome());
  EXPECT_NE(run_alone<MixesUpTwoDatabases>(by_count), Outcome());
}

}  // namespace
}  // namespace larder::cache
