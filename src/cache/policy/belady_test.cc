#include "cache/policy/belady.h"

#include <gtest/gtest.h>

#include "cache/policy/test_support.h"

namespace larder::cache::policy {
namespace {

// Capacity 3:
//   a b c   fill
//   a       hit; next uses now: a never, b at 5, c at 7
//   d       a leaves (never again)
//   b       hit; b never again
//   d       hit; d never again
//   c       hit
TEST(Belady, EvictsWhatIsNeededLast) {
  const std::vector<Request> future = test::requests("abcadbdc");
  Belady belady({.capacity = 3, .future = future});
  EXPECT_EQ(test::play(belady, "abcad"), "...H.");
  EXPECT_EQ(test::residents(belady), "bcd");
  EXPECT_EQ(test::play(belady, "bdc"), "HHH");
}

// The reference string of many textbooks (Silberschatz, Galvin, Gagne: Operating System Concepts): 9 faults.
TEST(Belady, MissesAsOftenAsTheTextbooksSay) {
  const std::vector<Request> future = test::requests("70120304230321201701");
  Belady belady({.capacity = 3, .future = future});
  EXPECT_EQ(test::count_misses(belady, future), 9U);
}

TEST(BeladyDeathTest, RefusesAnotherFutureThanItWasTold) {
  const std::vector<Request> future = test::requests("ab");
  Belady belady({.capacity = 3, .future = future});
  test::play(belady, "a");
  EXPECT_DEATH(test::play(belady, "c"), "assertion failed");
}

}  // namespace
}  // namespace larder::cache::policy
