// The budget knows what malloc took. Method: compare its count with malloc_usable_size of the same blocks,
// and its forecast with its count over all sizes that matter.
#include "cache/counting_allocator.h"

#include <cstdint>
#include <gtest/gtest.h>
#include <limits>
#include <new>
#include <string>
#include <vector>

#include "cache/test_support.h"

namespace larder::cache {
namespace {

TEST(MemoryBudget, CountsWhatMallocTookAndForgetsItOnRelease) {
  MemoryBudget budget(1 << 20, 100);
  EXPECT_EQ(budget.used(), 100U);
  void* const a = budget.allocate(1);
  void* const b = budget.allocate_zeroed(1000);
  EXPECT_EQ(budget.used(), 100 + malloc_usable_size(a) + malloc_usable_size(b) + 16);
  budget.release(a);
  EXPECT_EQ(budget.used(), 100 + malloc_usable_size(b) + 8);
  budget.release(b);
  budget.release(nullptr);
  EXPECT_EQ(budget.used(), 100U);
}

TEST(MemoryBudget, ALowerLimitFollowsWhatIsUsedAndAHigherOneHoldsAtOnce) {
  MemoryBudget budget(10'000, 100);
  void* const a = budget.allocate(5000);
  void* const b = budget.allocate(2000);
  budget.set_target(3000);
  EXPECT_EQ(budget.limit(), budget.used());
  EXPECT_TRUE(budget.is_above_target());
  EXPECT_FALSE(budget.has_room_for(1));
  const std::size_t before = budget.limit();
  budget.release(b);
  EXPECT_EQ(budget.limit(), before) << "until it is asked to follow";
  budget.follow_target(500);
  EXPECT_EQ(budget.limit(), budget.used() + 500);
  budget.release(a);
  budget.follow_target(500);
  EXPECT_EQ(budget.limit(), 3000U);
  EXPECT_FALSE(budget.is_above_target());
  budget.set_target(20'000);
  EXPECT_EQ(budget.limit(), 20'000U);
}

TEST(MemoryBudget, ForeseesWhatMallocTakes) {
  if (LARDER_TEST_SANITIZED) GTEST_SKIP() << "the sanitizer's malloc rounds differently";
  MemoryBudget budget(std::size_t{1} << 30, 0);
  for (std::size_t size = 0; size < 600'000; size = size + 1 + size / 7) {
    const std::size_t before = budget.used();
    void* const block = budget.allocate(size);
    const std::size_t real = budget.used() - before;
    EXPECT_LE(MemoryBudget::block_size(size), real + 4096) << size;
    EXPECT_GE(MemoryBudget::block_size(size) + 16, size < (std::size_t{128} << 10) ? real : 0) << size;
    budget.release(block);
  }
}

TEST(MemoryBudget, HasRoomUpToItsLimit) {
  MemoryBudget budget(1000, 0);
  EXPECT_TRUE(budget.has_room_for(900));
  EXPECT_FALSE(budget.has_room_for(1000));  // the header word does not fit
  void* const block = budget.allocate(2000);
  EXPECT_TRUE(budget.exceeded());
  EXPECT_FALSE(budget.has_room_for(0));
  budget.release(block);
  EXPECT_FALSE(budget.exceeded());
}

TEST(CountingAllocator, CountsForContainersAndThrowsWhenMallocRefuses) {
  MemoryBudget budget(std::size_t{1} << 30, 0);
  {
    std::vector<int, CountingAllocator<int>> numbers{CountingAllocator<int>(budget)};
    numbers.resize(1000);
    EXPECT_GE(budget.used(), 4000U);
  }
  EXPECT_EQ(budget.used(), 0U);
  CountingAllocator<std::uint64_t> allocator(budget);
  EXPECT_THROW(static_cast<void>(allocator.allocate(std::numeric_limits<std::size_t>::max() / 4)),
               std::bad_alloc);
  EXPECT_EQ(budget.used(), 0U);
}

}  // namespace
}  // namespace larder::cache
