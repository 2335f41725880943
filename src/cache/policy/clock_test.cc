#include "cache/policy/clock.h"

#include <gtest/gtest.h>

#include "cache/policy/test_support.h"

namespace larder::cache::policy {
namespace {

using test::play;
using test::residents;

// Capacity 3; the first is under the hand, * is a bit that is set:
//   a b c   fill                                    a  b  c
//   a       hit: its bit                            a* b  c
//   d       the hand clears and spares a, takes b   c  a  d
//   b       takes c                                 a  d  b
//   e       takes a: it was not hit again           d  b  e
TEST(Clock, SparesOnceWhatWasHit) {
  Clock clock({.capacity = 3});
  EXPECT_EQ(play(clock, "abcadbe"), "...H...");
  EXPECT_EQ(residents(clock), "bde");
}

// All bits are set: the hand clears them all on its way round and takes the one that it started with.
TEST(Clock, IsFifoWhenEverythingWasHit) {
  Clock clock({.capacity = 3});
  EXPECT_EQ(play(clock, "abcabcd"), "...HHH.");
  EXPECT_EQ(residents(clock), "bcd");
}

}  // namespace
}  // namespace larder::cache::policy
