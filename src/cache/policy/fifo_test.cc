#include "cache/policy/fifo.h"

#include <gtest/gtest.h>

#include "cache/policy/test_support.h"

namespace larder::cache::policy {
namespace {

using test::play;
using test::residents;

// Capacity 3, oldest first:
//   a b c   fill            abc
//   a       hit, no change  abc
//   d       a leaves        bcd
//   a       b leaves        cda
//   b       c leaves        dab
TEST(Fifo, EvictsInOrderOfArrivalWhateverWasHit) {
  Fifo fifo({.capacity = 3});
  EXPECT_EQ(play(fifo, "abcadab"), "...H...");
  EXPECT_EQ(residents(fifo), "abd");
}

// The reference string of many textbooks (Silberschatz, Galvin, Gagne: Operating System Concepts): 15 faults.
TEST(Fifo, MissesAsOftenAsTheTextbooksSay) {
  Fifo fifo({.capacity = 3});
  EXPECT_EQ(test::count_misses(fifo, test::requests("70120304230321201701")), 15U);
}

// Belady's anomaly: on this string (his own, 1969) a larger FIFO cache misses more often.
TEST(Fifo, MayMissMoreOftenWithMoreRoom) {
  Fifo three({.capacity = 3});
  Fifo four({.capacity = 4});
  EXPECT_EQ(test::count_misses(three, test::requests("123412512345")), 9U);
  EXPECT_EQ(test::count_misses(four, test::requests("123412512345")), 10U);
}

}  // namespace
}  // namespace larder::cache::policy
