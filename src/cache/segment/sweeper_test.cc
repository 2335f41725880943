// What has expired is gone within half a second, if sweeps come, and no segment is walked for each deadline
// in it. Method: deadlines of all kinds, sweeps every hundred milliseconds, in portions of all sizes; what is
// left is compared with the deadlines, and the records looked at are counted.
#include "cache/segment/sweeper.h"

#include <cstddef>
#include <cstdint>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <string>

#include "cache/segment/items_fixture.h"

namespace larder::cache::segment {
namespace {

using namespace segment::test;  // NOLINT(google-build-using-namespace): the words of these tests

class SweeperTest : public ItemsFixture {
 protected:
  SweeperTest() : ItemsFixture(small_segments(4 * mib)) {}

  std::size_t sweep_all(std::int64_t ms) {
    std::size_t total = 0;
    while (const std::size_t count = sweeper_.step(at(ms), 100)) total += count;
    return total;
  }

  Sweeper sweeper_{items_};
};

TEST_F(SweeperTest, LooksAtNothingWhereNothingIsDue) {
  for (int i = 0; i < 1000; ++i) append(std::to_string(i), "value");
  EXPECT_EQ(sweep_all(1'000'000), 0U);
  append("later", "value", at(5000));
  EXPECT_EQ(sweep_all(4999), 0U);
  EXPECT_EQ(items_.count(), 1001U);
  EXPECT_GT(sweep_all(5000), 0U);
  EXPECT_EQ(items_.count(), 1000U);
  EXPECT_EQ(sweeper_.expired_count(), 1U);
  EXPECT_EQ(sweep_all(9'000'000), 0U);
}

TEST_F(SweeperTest, TheExpiredAreGoneWithinTheSlack) {
  std::mt19937_64 random(3);
  std::multimap<std::int64_t, std::string> deadlines;
  constexpr int item_count = LARDER_TEST_SANITIZED ? 2'000 : 10'000;
  for (int i = 0; i < item_count; ++i) {
    const std::string key = std::to_string(i);
    const auto deadline = static_cast<std::int64_t>(random() % 20'000);
    append(key, "value", at(deadline), static_cast<QueueId>(i % 2));
    deadlines.emplace(deadline, key);
  }
  for (std::int64_t ms = 0; ms <= 21'000; ms += 100) {
    sweep_all(ms);
    for (const auto& [deadline, key] : deadlines) {
      if (deadline > ms) {
        ASSERT_TRUE(find(key).has_value()) << "gone too early: " << deadline << " at " << ms;
      } else if (deadline <= ms - due_slack_ms) {
        ASSERT_FALSE(find(key).has_value()) << "there too long: " << deadline << " at " << ms;
      }
    }
    deadlines.erase(deadlines.begin(), deadlines.lower_bound(ms - due_slack_ms));
    ASSERT_NO_FATAL_FAILURE(check_books());
  }
  EXPECT_EQ(items_.count(), 0U);
  EXPECT_EQ(sweeper_.expired_count(), static_cast<std::uint64_t>(item_count));
}

TEST_F(SweeperTest, ASegmentWithDenseDeadlinesIsWalkedTwiceASecondAtTheMost) {
  constexpr std::size_t item_count = 1000;
  for (std::size_t i = 0; i < item_count; ++i) {
    append(std::to_string(i), "value", at(static_cast<std::int64_t>(i) * 10));  // for ten seconds
  }
  std::size_t look_count = 0;
  for (std::int64_t ms = 0; ms < 10'000; ms += 10) look_count += sweep_all(ms);
  EXPECT_LE(look_count, 21 * item_count);
  EXPECT_LE(items_.count(), 51U);
}

TEST_F(SweeperTest, AStepIsBoundedAndGoesOnWhereTheLastOneStopped) {
  for (int i = 0; i < 2000; ++i) append(std::to_string(i), "value", i % 2 == 0 ? at(10) : at(1'000'000));
  std::size_t step_count = 0;
  while (const std::size_t count = sweeper_.step(at(20), 7)) {
    ASSERT_LE(count, 7U);
    ++step_count;
  }
  EXPECT_EQ(items_.count(), 1000U);
  EXPECT_LE(step_count, 2000U / 7 + 10);
}

TEST_F(SweeperTest, ASweepThatTakesLongKeepsWhatItSaysOfASegment) {
  // Looked at before they expire, in a walk that ends long after.
  for (int i = 0; i < 100; ++i) append(std::to_string(i), "value", at(i == 0 ? 0 : 1000 + i));
  EXPECT_EQ(sweeper_.step(at(0), 50), 50U);
  static_cast<void>(sweeper_.step(at(60'000), 60));
  check_books();
  sweep_all(60'500);
  EXPECT_EQ(items_.count(), 0U);
}

TEST_F(SweeperTest, WhatChangesDuringAWalkIsNotForgotten) {
  std::mt19937_64 random(9);
  std::map<std::string, std::int64_t> deadlines;
  for (std::int64_t ms = 0; ms < 300'000; ms += 10) {
    const std::string key = std::to_string(random() % 300);
    const auto deadline = ms + static_cast<std::int64_t>(random() % 3000);
    const auto found = find(key);
    if (found && random() % 2 == 0) {
      if (items_.set_deadline(*found, at(deadline))) deadlines[key] = deadline;
    } else {
      if (found) items_.drop(*found);
      append(key, std::string(random() % 200, 'v'), at(deadline));
      deadlines[key] = deadline;
    }
    sweeper_.step(at(ms), random() % 8);
    if (ms % 1000 != 0) continue;
    sweep_all(ms);
    ASSERT_NO_FATAL_FAILURE(check_books());
    for (const auto& [name, due] : deadlines) {
      ASSERT_FALSE(due <= ms - due_slack_ms && find(name).has_value()) << name << " at " << ms;
      ASSERT_TRUE(due <= ms || find(name).has_value()) << name << " at " << ms;
    }
  }
}

TEST_F(SweeperTest, ClocksThatJumpKeepNothingForever) {
  append("a", "value", at(1000));
  sweep_all(500'000'000);
  append("b", "value", at(2000));
  for (std::int64_t ms = 0; ms < 3000; ms += 100) sweep_all(ms);
  EXPECT_EQ(items_.count(), 0U);
}

}  // namespace
}  // namespace larder::cache::segment
