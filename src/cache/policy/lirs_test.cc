#include "cache/policy/lirs.h"

#include <gtest/gtest.h>

#include "cache/policy/test_support.h"

namespace larder::cache::policy {
namespace {

using test::play;
using test::residents;

// Capacity 3: 2 for LIR, 1 for HIR objects. S from bottom to top, capitals are LIR, (ghosts) in brackets:
//         S            Q
//   a b   A B              the first are LIR
//   c     A B c        c   then there are enough
//   d     A B (c) d    d   c leaves, but stands in S
//   c     B (d) C      a   used while it stood in S: LIR; A at the bottom becomes HIR; d left to make room
//   a     B (d) C a    a   a hit in Q; it does not stand in S, so it stays HIR
//   a     C A          b   now it stands there: LIR; B becomes HIR; the ghost d is pruned
//   d     C A d        d   a stranger again
TEST(Lirs, ChangesRolesWhenAHirObjectIsUsedWhileItStandsInTheStack) {
  Lirs lirs({.capacity = 3});
  EXPECT_EQ(play(lirs, "abcdcaad"), ".....HH.");
  EXPECT_EQ(residents(lirs), "acd");
}

// The same loop in which LRU never hits: the two LIR objects hit each time round.
TEST(Lirs, HitsInALoopOverOneMoreThanFit) {
  Lirs lirs({.capacity = 3});
  EXPECT_EQ(play(lirs, "abcdabcdabcd"), "....HH..HH..");
}

// One for HIR objects is all there is: LIRS without LIR objects is FIFO with one place.
TEST(Lirs, WorksWithOneObject) {
  Lirs lirs({.capacity = 1});
  EXPECT_EQ(play(lirs, "aabbaab"), ".H.H.H.");
  EXPECT_EQ(residents(lirs), "b");
}

// A LIR object that takes nearly all there is for LIR objects pushes the others into Q, and out.
TEST(Lirs, MakesRoomForALargeGhost) {
  Lirs lirs({.capacity = 100});
  lirs.request({.id = 'a', .size = 60});
  lirs.request({.id = 'b', .size = 39});
  lirs.request({.id = 'c', .size = 90});  // HIR: there is no room for it among LIR; both others leave
  EXPECT_EQ(residents(lirs), "c");
  lirs.request({.id = 'b', .size = 39});
  EXPECT_FALSE(lirs.contains('c'));
  lirs.request({.id = 'c', .size = 90});
  EXPECT_EQ(residents(lirs), "c");
  EXPECT_EQ(lirs.resident_size(), 90U);
}

}  // namespace
}  // namespace larder::cache::policy
