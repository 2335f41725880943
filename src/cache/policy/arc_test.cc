#include "cache/policy/arc.h"

#include <gtest/gtest.h>

#include "cache/policy/test_support.h"

namespace larder::cache::policy {
namespace {

using test::play;
using test::residents;

// Capacity 2; oldest first, the target of T1's size at the end:
//        T1   T2   B1   B2   target
//   a    a                   0
//   b    ab                  0
//   a    b    a              0       a hit: twice
//   c    c    a    b         0       T1 is over its target
//   b    c    b         a    1       found in B1: T1 was too short, and is not over its target any more
//   a         ba   c         0       found in B2: T2 was too short
//   b         ab   c         0       a hit
//   d    d    b    c    a    0       T1 is empty, so T2 gives way
TEST(Arc, MovesItsTargetByWhatItsGhostsWouldHaveHit) {
  Arc arc({.capacity = 2});
  EXPECT_EQ(play(arc, "abacbabd"), "..H...H.");
  EXPECT_EQ(residents(arc), "bd");
}

// Capacity 4: a and b are asked for twice, then a hundred once each. T2 keeps its two.
TEST(Arc, KeepsWhatWasAskedForTwiceThroughAScan) {
  Arc arc({.capacity = 4});
  EXPECT_EQ(play(arc, "abab"), "..HH");
  for (std::uint64_t id = 1000; id < 1100; ++id) arc.request({.id = id, .size = 1});
  EXPECT_EQ(play(arc, "ab"), "HH");
}

// With everything in T1 there is no room for B1: what leaves is forgotten, and asked for again it is new.
TEST(Arc, KeepsNoGhostsBesideAFullT1) {
  Arc arc({.capacity = 2});
  play(arc, "abc");  // a leaves
  play(arc, "a");    // new: T1 again, b leaves
  play(arc, "d");    // c leaves
  play(arc, "e");    // a leaves; in T2 it would have stayed
  EXPECT_EQ(residents(arc), "de");
}

}  // namespace
}  // namespace larder::cache::policy
