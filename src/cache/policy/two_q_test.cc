#include "cache/policy/two_q.h"

#include <gtest/gtest.h>

#include "cache/policy/test_support.h"

namespace larder::cache::policy {
namespace {

using test::play;
using test::residents;

// Capacity 8: A1in's share is 2, A1out's 4. Oldest first:
//              A1in       A1out  Am
//   a to h     abcdefgh                 all there is room for
//   i          bcdefghi   a             A1in is over its share
//   j          cdefghij   ab
//   a          defghij    bc     a      it was remembered
//   d          defghij    bc     a      a hit in A1in changes nothing
//   k          efghijk    bcd    a      so d leaves next
//   d          fghijk     bce    ad
TEST(TwoQ, AdmitsToItsLruWhatIsAskedForAgainAfterItLeft) {
  TwoQ two_q({.capacity = 8});
  EXPECT_EQ(play(two_q, "abcdefghijadk"), "...........H.");
  EXPECT_EQ(residents(two_q), "aefghijk");
  EXPECT_EQ(play(two_q, "d"), ".");
  EXPECT_EQ(residents(two_q), "adfghijk");
}

// On from there: a hundred others pass through A1in. What is in Am stays.
TEST(TwoQ, KeepsItsLruThroughAScan) {
  TwoQ two_q({.capacity = 8});
  play(two_q, "abcdefghijadkd");
  for (std::uint64_t id = 1000; id < 1100; ++id) two_q.request({.id = id, .size = 1});
  EXPECT_EQ(play(two_q, "ad"), "HH");
}

// A1out holds ids of half the capacity: when four more have left A1in after a, a is forgotten.
TEST(TwoQ, ForgetsIdsBeyondItsShare) {
  TwoQ two_q({.capacity = 8});
  play(two_q, "abcdefgh");
  play(two_q, "ijklm");  // a b c d e have left: A1out is bcde
  play(two_q, "a");      // unknown: A1in, and f leaves it
  play(two_q, "nopqrstu");
  EXPECT_FALSE(two_q.contains('a'));  // in Am it would have stayed
}

}  // namespace
}  // namespace larder::cache::policy
