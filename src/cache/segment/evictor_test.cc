// Items leave in the order that the policy says, a few records at a time. Method: examples worked by hand
// with items of one size; then random steps, after each of which the books are right and everything before a
// segment's scan offset is dead.
#include "cache/segment/evictor.h"

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

using Keys = std::vector<std::string>;

class EvictorTest : public ItemsFixture {
 protected:
  explicit EvictorTest(std::string_view policy = "s3fifo") : policy_(*find_queue_policy(policy)) {}

  void add(QueueId queue, Bytes key, unsigned use_count = 0, TimePoint deadline = no_deadline) {
    ASSERT_TRUE(append(key, "value", deadline, queue, use_count));
  }
  // Steps, one record each, until `count` items have left; which they were.
  Keys let_leave(std::size_t count) {
    Keys left;
    while (left.size() < count) {
      const Keys before = all_keys();
      if (evictor_.step(1, at(0)) == 0) break;
      const Keys after = all_keys();
      for (const std::string& key : before) {
        if (!find(key)) left.push_back(key);
      }
    }
    return left;
  }
  [[nodiscard]] Keys all_keys() const {
    Keys keys = keys_in(QueueId::small);
    for (const std::string& key : keys_in(QueueId::main)) keys.push_back(key);
    return keys;
  }
  [[nodiscard]] QueueId entrance_for(Bytes key) { return evictor_.entrance_for(hasher_(key)); }

  void use_up_segments() {
    while (pool_.take_segment(true) != 0) {
    }
  }

  QueuePolicy policy_;
  GhostPagesInMemory ghost_memory_{mib};
  Ghost ghost_{ghost_memory_};
  Evictor evictor_{items_, ghost_, policy_};
};

// small: a0 b1 c2 d3   main: x0 y1 z0     (the digit: uses)
TEST_F(EvictorTest, S3FifoWorkedByHand) {
  add(QueueId::small, "a", 0);
  add(QueueId::small, "b", 1);
  add(QueueId::small, "c", 2);
  add(QueueId::small, "d", 3);
  add(QueueId::main, "x", 0);
  add(QueueId::main, "y", 1);
  add(QueueId::main, "z", 0);
  // The small queue has more than a tenth: a and b leave, and are remembered.
  EXPECT_EQ(let_leave(2), (Keys{"a", "b"}));
  EXPECT_EQ(entrance_for("a"), QueueId::main);
  EXPECT_EQ(entrance_for("a"), QueueId::small);  // once
  EXPECT_EQ(entrance_for("b"), QueueId::main);
  EXPECT_EQ(entrance_for("stranger"), QueueId::small);
  // c and d have earned the main queue; then x leaves, and is not remembered.
  EXPECT_EQ(let_leave(1), (Keys{"x"}));
  EXPECT_EQ(entrance_for("x"), QueueId::small);
  EXPECT_EQ(keys_in(QueueId::small), Keys());
  EXPECT_EQ(keys_in(QueueId::main), (Keys{"y", "z", "c", "d"}));
  // y was used once: behind the others, with no use left.
  EXPECT_EQ(let_leave(1), (Keys{"z"}));
  EXPECT_EQ(keys_in(QueueId::main), (Keys{"c", "d", "y"}));
  EXPECT_EQ(let_leave(9), (Keys{"c", "d", "y"}));
  EXPECT_EQ(evictor_.evicted_count(), 7U);
  EXPECT_EQ(evictor_.step(1, at(0)), 0U);
  check_books();
}

class FifoTest : public EvictorTest {
 protected:
  FifoTest() : EvictorTest("fifo") {}
};

TEST_F(FifoTest, LeavesInTheOrderOfArrival) {
  Keys keys;
  for (int i = 0; i < 300; ++i) {
    keys.push_back("key" + std::to_string(i));
    add(entrance_for(keys.back()), keys.back());
  }
  EXPECT_EQ(let_leave(300), keys);
  EXPECT_EQ(entrance_for("key1"), QueueId::main);
}

class ClockTest : public EvictorTest {
 protected:
  ClockTest() : EvictorTest("clock") {}
};

TEST_F(ClockTest, WhatWasUsedHasASecondChance) {
  for (const char* const key : {"a", "b", "c", "d"}) add(entrance_for(key), key);
  set_uses("a", 1);
  set_uses("c", 1);
  EXPECT_EQ(let_leave(1), (Keys{"b"}));
  EXPECT_EQ(keys_in(QueueId::main), (Keys{"c", "d", "a"}));
  EXPECT_EQ(let_leave(3), (Keys{"d", "a", "c"}));
}

TEST_F(EvictorTest, ATieThatStaysGoesOnceMoreThroughTheSmallQueue) {
  policy_.tie = TieAction::stay;
  add(QueueId::small, "tie", 1);
  add(QueueId::small, "b", 0);
  EXPECT_EQ(let_leave(1), (Keys{"b"}));
  EXPECT_EQ(queue_of("tie"), QueueId::small);
  EXPECT_EQ(history_of(find("tie")->place.load()), 1U);
  set_uses("tie", 1);
  EXPECT_EQ(let_leave(1), (Keys{"tie"}));
}

TEST_F(EvictorTest, WhatShouldMoveOnLeavesWhenThereIsNoSegment) {
  add(QueueId::small, "a", 3);
  use_up_segments();
  EXPECT_EQ(let_leave(1), (Keys{"a"}));
  EXPECT_EQ(evictor_.evicted_count(), 1U);
  EXPECT_EQ(items_.count(), 0U);
}

TEST_F(EvictorTest, TheExpiredLeaveWithoutBeingCountedAsEvicted) {
  add(QueueId::small, "expired", 3, at(10));
  add(QueueId::small, "not yet", 3, at(11));
  EXPECT_EQ(evictor_.step(2, at(10)), 2U);
  EXPECT_FALSE(find("expired").has_value());
  EXPECT_EQ(queue_of("not yet"), QueueId::main);
  EXPECT_EQ(find("not yet")->stored.record.deadline, at(11));
  EXPECT_EQ(evictor_.expired_count(), 1U);
  EXPECT_EQ(evictor_.evicted_count(), 0U);
  EXPECT_EQ(entrance_for("expired"), QueueId::small);
}

TEST_F(EvictorTest, TheNextStampIsThatOfTheOldestSegmentOfTheQueueThatIsNext) {
  EXPECT_EQ(evictor_.next_stamp(), std::nullopt);
  add(QueueId::main, "m");
  const auto main_stamp = evictor_.next_stamp();
  ASSERT_TRUE(main_stamp.has_value());
  add(QueueId::small, "s");
  EXPECT_EQ(evictor_.next_stamp(), items_.info(items_.queue(QueueId::small).oldest).stamp);
  EXPECT_GT(evictor_.next_stamp(), main_stamp);
}

TEST_F(EvictorTest, AStepLooksAtNoMoreRecordsThanItMayAndKeepsTheBooks) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 20'000; ++i) {
    const std::string key = "key" + std::to_string(i);
    const auto queue = static_cast<QueueId>(random() % 3 == 0);
    const TimePoint deadline = random() % 5 == 0 ? at(i + 300) : no_deadline;
    while (!append(key, std::string(random() % 300, 'v'), deadline, queue, random() % 4)) {
      const std::size_t count_max = 1 + random() % 20;
      const std::size_t item_count = items_.count();
      const std::size_t step_count = evictor_.step(count_max, at(i));
      ASSERT_GT(step_count, 0U);
      ASSERT_LE(step_count, count_max);
      ASSERT_LE(item_count - items_.count(), step_count);
    }
    if (random() % 7 == 0) items_.drop(*find(key));
    if (i % 100 != 0) continue;
    ASSERT_NO_FATAL_FAILURE(check_books());
    for (const QueueId id : {QueueId::small, QueueId::main}) {
      for (SegmentId segment = items_.queue(id).oldest; segment != 0; segment = items_.info(segment).newer) {
        std::uint32_t offset = 0;
        while (offset < items_.info(segment).scan_offset) {
          const auto stored = items_.record_at(segment, offset);
          ASSERT_FALSE(stored->record.is_item && items_.find_record(*stored));
          offset += static_cast<std::uint32_t>(stored->record.size);
        }
      }
    }
  }
  EXPECT_GT(evictor_.evicted_count(), 1000U);
  EXPECT_GT(evictor_.expired_count(), 100U);
}

}  // namespace
}  // namespace larder::cache::segment
