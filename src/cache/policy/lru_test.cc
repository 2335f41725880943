#include "cache/policy/lru.h"

#include <gtest/gtest.h>

#include "cache/policy/test_support.h"

namespace larder::cache::policy {
namespace {

using test::play;
using test::residents;

// Capacity 3, oldest first:
//   a b c   fill                abc
//   a       hit, now the newest bca
//   d       b leaves            cad
//   a       hit                 cda
//   b       c leaves            dab
TEST(Lru, EvictsWhatWasNotAskedForLongest) {
  Lru lru({.capacity = 3});
  EXPECT_EQ(play(lru, "abcadab"), "...H.H.");
  EXPECT_EQ(residents(lru), "abd");
}

// The reference string of many textbooks (Silberschatz, Galvin, Gagne: Operating System Concepts): 12 faults.
TEST(Lru, MissesAsOftenAsTheTextbooksSay) {
  Lru lru({.capacity = 3});
  EXPECT_EQ(test::count_misses(lru, test::requests("70120304230321201701")), 12U);
}

TEST(Lru, NeverHitsInALoopOverOneMoreThanFit) {
  Lru lru({.capacity = 3});
  EXPECT_EQ(play(lru, "abcdabcdabcd"), "............");
}

// Capacity 10: a 4, b 3, c 3 fill it; d 5 needs room, and a leaves it 1 too few: b goes as well.
TEST(Lru, EvictsSeveralForOneLargeObject) {
  Lru lru({.capacity = 10});
  lru.request({.id = 'a', .size = 4});
  lru.request({.id = 'b', .size = 3});
  lru.request({.id = 'c', .size = 3});
  EXPECT_FALSE(lru.request({.id = 'd', .size = 5}));
  EXPECT_EQ(residents(lru), "cd");
  EXPECT_EQ(lru.resident_size(), 8U);
}

}  // namespace
}  // namespace larder::cache::policy
