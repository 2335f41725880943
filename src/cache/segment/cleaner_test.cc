// Dead bytes stay under a tenth of the log, and what is copied keeps its queue and its uses. Method: drops
// and overwrites that grow, at a full and at a half-full cache, each followed by what such a write pays; the
// share of dead bytes is looked at after every step.
#include "cache/segment/cleaner.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <vector>

#include "cache/segment/items_fixture.h"

namespace larder::cache::segment {
namespace {

using namespace segment::test;  // NOLINT(google-build-using-namespace): the words of these tests

class CleanerTest : public ItemsFixture {
 protected:
  explicit CleanerTest(const PoolShape& shape = small_segments(2 * mib)) : ItemsFixture(shape) {}

  // Cleans without end, as if writes came.
  void clean() {
    for (int i = 0; i < 10'000; ++i) cleaner_.step(1000);
  }

  static std::vector<std::string> sorted(std::vector<std::string> keys) {
    std::ranges::sort(keys);
    return keys;
  }

  Cleaner cleaner_{items_};
};

TEST_F(CleanerTest, DoesNothingWhileLittleIsDead) {
  for (int i = 0; i < 1000; ++i) append("key" + std::to_string(i), std::string(100, 'v'));
  for (int i = 0; i < 30; ++i) drop("key" + std::to_string(i * 30));
  EXPECT_FALSE(cleaner_.is_due());
  const std::size_t dead_size = items_.dead_size();
  clean();
  EXPECT_EQ(items_.dead_size(), dead_size);
}

TEST_F(CleanerTest, WhatIsCopiedStaysAsOldAsItWas) {
  for (int i = 0; i < 2000; ++i) append("key" + std::to_string(i), std::string(100, 'v'));
  const std::uint64_t newest = items_.info(items_.queue(QueueId::small).newest).stamp;
  for (int i = 0; i < 1500; i += 2) drop("key" + std::to_string(i));
  ASSERT_TRUE(cleaner_.is_due());
  clean();
  for (SegmentId id = items_.queue(QueueId::small).oldest; id != 0; id = items_.info(id).newer) {
    EXPECT_LE(items_.info(id).stamp, newest);
  }
}

TEST_F(CleanerTest, GetsTheDeadBytesBackAndKeepsQueuesUsesAndDeadlines) {
  for (int i = 0; i < 2000; ++i) {
    const std::string key = "key" + std::to_string(i);
    append(key, "value of " + key, i % 4 == 0 ? at(i) : no_deadline,
           i % 2 == 0 ? QueueId::small : QueueId::main, static_cast<unsigned>(i % 3));
  }
  for (int i = 0; i < 2000; i += 3) drop("key" + std::to_string(i));
  const auto small = sorted(keys_in(QueueId::small));
  const auto main = sorted(keys_in(QueueId::main));
  EXPECT_TRUE(cleaner_.is_due());
  const std::size_t segment_count = items_.segment_count();
  clean();
  EXPECT_FALSE(cleaner_.is_due());
  EXPECT_LT(items_.segment_count(), segment_count * 4 / 5);
  EXPECT_EQ(sorted(keys_in(QueueId::small)), small);
  EXPECT_EQ(sorted(keys_in(QueueId::main)), main);
  for (int i = 0; i < 2000; ++i) {
    if (i % 3 == 0) continue;
    const std::string key = "key" + std::to_string(i);
    const auto found = find(key);
    ASSERT_TRUE(found.has_value());
    ASSERT_EQ(found->stored.value(), "value of " + key);
    ASSERT_EQ(found->stored.record.deadline, i % 4 == 0 ? at(i) : no_deadline);
    ASSERT_EQ(use_count_of(found->place.load()), static_cast<unsigned>(i % 3));
  }
  check_books();
}

TEST_F(CleanerTest, LeavesSegmentsAloneThatAreOpenOrBeingEvicted) {
  for (int i = 0; i < 1000; ++i) append("key" + std::to_string(i), std::string(100, 'v'));
  // Mostly dead: the oldest, which is being evicted, and the newest, which is open.
  const SegmentId oldest = items_.queue(QueueId::main).oldest;
  const SegmentId open = items_.queue(QueueId::main).open;
  std::size_t kept_count = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string key = "key" + std::to_string(i);
    const SegmentId id = segment_of(key);
    const bool is_one_of_two = id == oldest || id == open;
    if (is_one_of_two && kept_count < 2 && (i == 0 || i == 999)) {
      ++kept_count;
    } else if (is_one_of_two || i % 4 == 0) {
      drop(key);
    }
  }
  ASSERT_EQ(kept_count, 2U);
  items_.start_eviction(oldest);
  clean();
  EXPECT_FALSE(cleaner_.is_due());
  EXPECT_EQ(segment_of("key0"), oldest);
  EXPECT_EQ(segment_of("key999"), open);
  check_books();
}

TEST_F(CleanerTest, WithoutASegmentToCopyToItDoesNothing) {
  for (int i = 0; append("key" + std::to_string(i), std::string(100, 'v')); ++i) {
  }
  while (pool_.take_segment(true) != 0) {
  }
  const std::size_t item_count = items_.count();
  for (std::size_t i = 0; i < item_count; i += 4) drop("key" + std::to_string(i));
  const std::size_t used = pool_.used();
  while (pool_.take_segment(true) != 0) {
  }
  clean();
  EXPECT_TRUE(cleaner_.is_due());
  EXPECT_GE(pool_.used(), used);
  for (std::size_t i = 1; i < item_count; i += 4) ASSERT_TRUE(find("key" + std::to_string(i)).has_value());
}

// ---- The promise

struct Load {
  const char* name;
  std::size_t fill_percent;  // of the memory
  std::size_t value_size;
};

class CleanerLoad : public CleanerTest, public testing::WithParamInterface<Load> {
 protected:
  CleanerLoad() {
    const std::size_t wanted = pool_.shape().memory_size_max / 100 * GetParam().fill_percent;
    while (pool_.used() < wanted && append(key(key_count_), std::string(GetParam().value_size, 'v'))) {
      ++key_count_;
    }
  }

  static std::string key(std::size_t number) { return "key" + std::to_string(number); }
  std::string any_key() { return key(random_() % key_count_); }

  // What makes room in a shard that is full: the oldest segment's items go.
  void evict_oldest_segment() {
    const SegmentId oldest = items_.queue(QueueId::main).oldest;
    items_.start_eviction(oldest);
    while (items_.queue(QueueId::main).oldest == oldest) {
      const auto stored = items_.record_at(oldest, items_.info(oldest).scan_offset);
      ASSERT_TRUE(stored.has_value());
      items_.pass(oldest, stored->record.size);
      const auto found = stored->record.is_item ? items_.find_record(*stored) : std::nullopt;
      if (found) items_.drop(*found);
    }
  }

  void overwrite(Bytes name, std::size_t value_size) {
    const std::string value(value_size, 'w');
    const RecordShape shape{.key_size = name.size(), .value_size = value.size()};
    if (const auto found = find(name)) {
      if (items_.rewrite(*found, shape, key_of(name), value)) return cleaner_.step(shape.size());
      items_.drop(*found);
    }
    while (!append(name, value)) ASSERT_NO_FATAL_FAILURE(evict_oldest_segment());
    cleaner_.step(shape.size());
  }

  void expect_tidy() const {
    ASSERT_LE(items_.dead_size() * 10, log_size()) << items_.dead_size() * 100 / log_size() << " % are dead";
  }

  static constexpr std::size_t step_count = LARDER_TEST_SANITIZED ? 8'000 : 40'000;
  std::mt19937_64 random_{21};
  std::size_t key_count_ = 0;
};

INSTANTIATE_TEST_SUITE_P(
    Loads, CleanerLoad,
    testing::Values(Load{.name = "FullSmall", .fill_percent = 100, .value_size = 20},
                    Load{.name = "FullMiddle", .fill_percent = 100, .value_size = 150},
                    Load{.name = "HalfFullSmall", .fill_percent = 50, .value_size = 20},
                    Load{.name = "HalfFullMiddle", .fill_percent = 50, .value_size = 150}),
    [](const auto& given) { return given.param.name; });

TEST_P(CleanerLoad, DeadBytesStayUnderATenthUnderOverwritesThatGrow) {
  for (std::size_t i = 0; i < step_count; ++i) {
    const std::size_t growth = std::min<std::size_t>(i / (step_count / 100), 300);
    ASSERT_NO_FATAL_FAILURE(overwrite(any_key(), GetParam().value_size + growth + random_() % 30));
    ASSERT_NO_FATAL_FAILURE(expect_tidy()) << "step " << i;
    if (i % 2000 == 0) {
      ASSERT_NO_FATAL_FAILURE(check_books());
    }
  }
}

TEST_P(CleanerLoad, DeadBytesStayUnderATenthUnderRandomDeletesAndStores) {
  for (std::size_t i = 0; i < step_count; ++i) {
    const std::string name = any_key();
    if (const auto found = find(name)) {
      const std::size_t size = found->stored.record.size;
      items_.drop(*found);
      cleaner_.step(size);
    } else {
      ASSERT_NO_FATAL_FAILURE(overwrite(name, GetParam().value_size));
    }
    ASSERT_NO_FATAL_FAILURE(expect_tidy()) << "step " << i;
  }
}

}  // namespace
}  // namespace larder::cache::segment
