// What is held together, and when it is much. Method: two shares as two loops would use them; sizes on both
// sides of each mark.
#include "transport/buffer_budget.h"

#include <cstddef>
#include <gtest/gtest.h>

#include "base/sizes.h"

namespace larder::transport {
namespace {

using Level = BufferBudget::Level;

TEST(BufferBudget, IsScarceAboveThreeQuartersAndSpentAboveAll) {
  BufferBudget budget(64 * mib, 1);
  BufferBudget::Share& share = budget.share(0);
  EXPECT_EQ(share.level(), Level::free);
  share.resize(0, 48 * mib);
  EXPECT_EQ(share.level(), Level::free);
  share.resize(0, mib);
  EXPECT_EQ(share.level(), Level::scarce);
  share.resize(mib, 16 * mib);
  EXPECT_EQ(share.level(), Level::scarce);
  share.resize(48 * mib, 49 * mib);
  EXPECT_EQ(share.level(), Level::spent);
  share.resize(49 * mib, 0);
  EXPECT_EQ(share.level(), Level::free);
}

TEST(BufferBudget, IsOneForAllLoops) {
  BufferBudget budget(64 * mib, 2);
  BufferBudget::Share& one = budget.share(0);
  BufferBudget::Share& other = budget.share(1);
  one.resize(0, 40 * mib);
  other.resize(0, 40 * mib);
  EXPECT_EQ(other.level(), Level::spent) << "who takes more looks at what the others hold";
  EXPECT_EQ(one.level(), Level::free);
  one.look();
  EXPECT_EQ(one.level(), Level::spent);
  other.resize(40 * mib, 0);
  EXPECT_EQ(other.level(), Level::free);
  one.look();
  EXPECT_EQ(one.level(), Level::free);
}

TEST(BufferBudget, LeavesUntoldNoMoreThanAPartOfTheWholeHoweverManyLoopsThereAre) {
  constexpr std::size_t share_count = 64;
  BufferBudget budget(4 * mib, share_count);
  for (std::size_t i = 1; i < share_count; ++i) {
    for (std::size_t size = 0; size < 64 << 10; size += 100) budget.share(i).resize(size, size + 100);
  }
  // 63 times 64 KiB, of which at most a 32nd part of 4 MiB is not known.
  budget.share(0).resize(0, 200 << 10);
  budget.share(0).look();
  EXPECT_EQ(budget.share(0).level(), Level::spent);
}

TEST(BufferBudget, KnowsTheMeanOfWhoMayBeClosedInAllLoops) {
  BufferBudget budget(64 * mib, 2);
  BufferBudget::Share& one = budget.share(0);
  BufferBudget::Share& other = budget.share(1);
  EXPECT_EQ(one.closed_size_mean(), 0U);
  one.resize(0, BufferBudget::closed_size_min - 1);
  EXPECT_EQ(one.closed_size_mean(), 0U) << "nobody is closed for so little";
  one.resize(0, mib);
  other.resize(0, 3 * mib);
  EXPECT_EQ(one.closed_size_mean(), 2 * mib);
  EXPECT_EQ(other.closed_size_mean(), 2 * mib);
  other.resize(3 * mib, 0);
  EXPECT_EQ(one.closed_size_mean(), mib);
}

TEST(BufferBudget, KnowsThatSomebodyWaits) {
  BufferBudget budget(64 * mib, 2);
  EXPECT_FALSE(budget.share(0).anybody_waits());
  budget.share(1).set_waiting(true);
  EXPECT_TRUE(budget.share(0).anybody_waits());
  budget.share(1).set_waiting(false);
  EXPECT_FALSE(budget.share(0).anybody_waits());
}

}  // namespace
}  // namespace larder::transport
