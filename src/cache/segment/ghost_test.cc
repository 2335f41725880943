// A departure is remembered for about a window and forgotten soon after, and strangers are hardly ever taken
// for someone who left. Method: a long stream of random hashes; some are asked for at every age, each once,
// and the share that is remembered is counted by age.
#include "cache/segment/ghost.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <gtest/gtest.h>
#include <random>
#include <vector>

#include "cache/segment/items_fixture.h"
#include "cache/segment/region.h"

namespace larder::cache::segment {
namespace {

using namespace segment::test;  // NOLINT(google-build-using-namespace): the words of these tests

// Shares of departures that are remembered, by age in tenths of the window.
class Recall final {
 public:
  void count(std::size_t tenth, bool is_remembered) {
    if (tenth >= asked_.size()) return;
    ++asked_.at(tenth);
    if (is_remembered) ++found_.at(tenth);
  }
  [[nodiscard]] double at(std::size_t tenth) const {
    EXPECT_GT(asked_.at(tenth), 100);
    return found_.at(tenth) / std::max(1.0, static_cast<double>(asked_.at(tenth)));
  }

 private:
  std::array<int, 40> asked_{};
  std::array<double, 40> found_{};
};

class GhostTest : public testing::TestWithParam<std::size_t> {
 protected:
  // Departures, until `count` of them; every eighth is followed by a question about one of an age at random.
  void let_leave(std::size_t count, Recall& recall) {
    const std::size_t window = GetParam();
    for (std::size_t i = 0; i < count; ++i) {
      left_.push_back(random_());
      ghost_.insert(left_.back(), window);
      if (i % 8 != 0) continue;
      const std::size_t age = random_() % std::min(left_.size(), 4 * window);
      std::uint64_t& hash = left_[left_.size() - 1 - age];
      if (hash == 0) continue;  // was asked for already
      recall.count(age * 10 / window, ghost_.take(hash));
      hash = 0;
    }
  }
  [[nodiscard]] double stranger_share() {
    int found_count = 0;
    constexpr int asked_count = 20'000;
    for (int i = 0; i < asked_count; ++i) {
      if (ghost_.take(random_())) ++found_count;
    }
    return static_cast<double>(found_count) / asked_count;
  }

  std::mt19937_64 random_{1};
  GhostPagesInMemory memory_{4 * mib};
  Ghost ghost_{memory_};
  std::vector<std::uint64_t> left_;
};

// 10,000 marks have 512 lines, of which they fill 61 %. 8,191 and 32,767 are the most for their number of
// lines.
INSTANTIATE_TEST_SUITE_P(Windows, GhostTest, testing::Values(10'000U, 8191U, 32'767U),
                         [](const auto& given) { return std::to_string(given.param); });

TEST_P(GhostTest, RemembersForAboutAWindowAndForgetsSoonAfter) {
  const bool is_roomy = GetParam() == 10'000;
  Recall growing;
  let_leave(3 * GetParam(), growing);
  Recall recall;
  let_leave(20 * GetParam(), recall);
  for (std::size_t tenth = 0; tenth < 5; ++tenth) EXPECT_GE(recall.at(tenth), 0.98) << tenth;
  for (std::size_t tenth = 5; tenth < 8; ++tenth) EXPECT_GE(recall.at(tenth), is_roomy ? 0.98 : 0.9) << tenth;
  for (std::size_t tenth = 8; tenth < 10; ++tenth)
    EXPECT_GE(recall.at(tenth), is_roomy ? 0.98 : 0.55) << tenth;
  for (std::size_t tenth = 13; tenth < 40; ++tenth) EXPECT_LE(recall.at(tenth), 0.03) << tenth;
}

TEST_P(GhostTest, StrangersAreHardlyEverTakenForOneWhoLeft) {
  Recall recall;
  let_leave(10 * GetParam(), recall);
  EXPECT_LE(stranger_share(), 0.02);
}

TEST_P(GhostTest, WhileItGrowsItRemembersHalfAWindowAlready) {
  Recall recall;
  let_leave(2 * GetParam(), recall);
  for (std::size_t tenth = 0; tenth < 5; ++tenth) EXPECT_GE(recall.at(tenth), 0.85) << tenth;
}

TEST_P(GhostTest, CostsFourBytesAnItemAtTheMost) {
  Recall recall;
  let_leave(10 * GetParam(), recall);
  EXPECT_LE(ghost_.memory_used(), 4 * GetParam() + page_size);
  EXPECT_EQ(ghost_.memory_used(), memory_.size_max() - memory_.size_left());
  EXPECT_GE(ghost_.line_count() * 32, GetParam());
}

TEST(Ghost, IsForgottenWhenItIsTaken) {
  GhostPagesInMemory memory(mib);
  Ghost ghost(memory);
  EXPECT_FALSE(ghost.take(17));
  ghost.insert(17, 100);
  EXPECT_TRUE(ghost.take(17));
  EXPECT_FALSE(ghost.take(17));
}

TEST(Ghost, ResetForgetsEverythingAndGivesThePagesBack) {
  GhostPagesInMemory memory(mib);
  Ghost ghost(memory);
  for (std::uint64_t i = 0; i < 20'000; ++i) ghost.insert(i * 0x9E3779B97F4A7C15U, 20'000);
  EXPECT_GT(ghost.memory_used(), 0U);
  ghost.reset();
  EXPECT_EQ(ghost.memory_used(), 0U);
  EXPECT_EQ(memory.size_left(), mib);
  int found_count = 0;
  ghost.insert(1, 20'000);
  for (std::uint64_t i = 2; i < 20'000; ++i) found_count += ghost.take(i * 0x9E3779B97F4A7C15U) ? 1 : 0;
  EXPECT_LE(found_count, 20);
}

TEST(Ghost, IsOversizedOnceThereAreFarFewerItems) {
  GhostPagesInMemory memory(mib);
  Ghost ghost(memory);
  for (std::uint64_t i = 0; i < 40'000; ++i) ghost.insert(i * 0x9E3779B97F4A7C15U, 20'000);
  EXPECT_FALSE(ghost.is_oversized(20'000));
  EXPECT_FALSE(ghost.is_oversized(10'000));
  EXPECT_TRUE(ghost.is_oversized(2000));
  ghost.reset();
  EXPECT_FALSE(ghost.is_oversized(0));
}

TEST(Ghost, WithoutMemoryItForgetsSooner) {
  GhostPagesInMemory memory(mib);
  memory.set_size_left(0);
  Ghost ghost(memory);
  ghost.insert(1, 1000);
  EXPECT_FALSE(ghost.take(1));
  memory.set_size_left(page_size);  // 64 lines, 2,048 marks
  std::mt19937_64 random(3);
  std::vector<std::uint64_t> left;
  for (int i = 0; i < 100'000; ++i) {
    left.push_back(random());
    ghost.insert(left.back(), 50'000);
  }
  EXPECT_EQ(ghost.line_count(), 64U);
  int recent_count = 0;
  int older_count = 0;
  for (std::size_t i = 1; i <= 1000; ++i) recent_count += ghost.take(left[left.size() - i]) ? 1 : 0;
  for (std::size_t i = 5000; i < 6000; ++i) older_count += ghost.take(left[left.size() - i]) ? 1 : 0;
  EXPECT_GE(recent_count, 500);
  EXPECT_LE(older_count, 200);
}

TEST(Ghost, ATinyShardRemembersItsLastFewDepartures) {
  GhostPagesInMemory memory(mib);
  Ghost ghost(memory);
  std::mt19937_64 random(3);
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t first = random();
    const std::uint64_t second = random();
    ghost.insert(first, 3);
    ghost.insert(second, 3);
    ASSERT_TRUE(ghost.take(first));
    ASSERT_TRUE(ghost.take(second));
  }
}

}  // namespace
}  // namespace larder::cache::segment
