#include "cache/policy/sieve.h"

#include <gtest/gtest.h>

#include "cache/policy/test_support.h"

namespace larder::cache::policy {
namespace {

using test::play;
using test::residents;

// Capacity 3; oldest first, * is a bit that is set, ^ the hand:
//   a b c   fill                              a   b   c
//   a       hit: its bit                      a*  b   c
//   d       clears a, passes it, takes b      a  ^c   d
//   b       takes c                           a  ^d   b
//   e       takes d                           a  ^b   e
//   a       hit: CLOCK has lost it by now     a* ^b   e
TEST(Sieve, LeavesWhatItSparesBehindTheHand) {
  Sieve sieve({.capacity = 3});
  EXPECT_EQ(play(sieve, "abcadbea"), "...H...H");
  EXPECT_EQ(residents(sieve), "abe");
}

// From there:
//   b e     hits: all bits are set            a* ^b*  e*
//   f       clears b and e, starts again at
//           the oldest, clears a, takes b     a  ^e   f
TEST(Sieve, StartsAgainAtTheOldestWhenItHasPassedTheNewest) {
  Sieve sieve({.capacity = 3});
  play(sieve, "abcadbea");
  EXPECT_EQ(play(sieve, "bef"), "HH.");
  EXPECT_EQ(residents(sieve), "aef");
}

}  // namespace
}  // namespace larder::cache::policy
