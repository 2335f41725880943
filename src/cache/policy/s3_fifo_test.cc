#include "cache/policy/s3_fifo.h"

#include <gtest/gtest.h>

#include "cache/policy/test_support.h"

namespace larder::cache::policy {
namespace {

using test::play;
using test::residents;

// Capacity 10: the small queue's share is 1, the ghost's 9. Oldest first, hits behind a letter:
//             small                  main  ghost
//   a to j    a b c d e f g h i j                  all there is room for
//   b b c     a b2 c1 d e f g h i j
//   k         b2 c1 d e f g h i j k        a
//   l         d e f g h i j k l      b     a c    b moves on; c has one hit too few
constexpr std::string_view opening = "abcdefghijbbckl";

//   a         e f g h i j k l        b a   c d    found in the ghost
//   c         f g h i j k l          b a c d e
TEST(S3Fifo, MovesOnWhatWasHitTwiceAndAdmitsToMainWhatTheGhostKnows) {
  S3Fifo s3_fifo({.capacity = 10});
  EXPECT_EQ(play(s3_fifo, opening), "..........HHH..");
  EXPECT_EQ(residents(s3_fifo), "bdefghijkl");
  EXPECT_EQ(play(s3_fifo, "ac"), "..");
  EXPECT_EQ(residents(s3_fifo), "abcfghijkl");
}

// A scan of a hundred passes through the small queue, and main keeps what it has: b, a, c.
TEST(S3Fifo, KeepsMainThroughAScan) {
  S3Fifo s3_fifo({.capacity = 10});
  play(s3_fifo, opening);
  play(s3_fifo, "ac");
  for (std::uint64_t id = 1000; id < 1100; ++id) s3_fifo.request({.id = id, .size = 1});
  EXPECT_EQ(play(s3_fifo, "bac"), "HHH");
}

// Capacity 2: the small queue's share is 0, main's 2, the ghost's 1.
//             small  main   ghost
//   a b       a b
//   a a       a2 b
//   c         c      a      b      a moves on, b leaves
//   a a       c      a2     b
//   b                a2 b   c      found in the ghost; c leaves
//   d         d      a1     c      small is empty, so main gives way: a is spared, b leaves
TEST(S3Fifo, SparesInMainWhatWasHitOnceForEachHit) {
  S3Fifo s3_fifo({.capacity = 2});
  EXPECT_EQ(play(s3_fifo, "abaacaab"), "..HH.HH.");
  EXPECT_EQ(residents(s3_fifo), "ab");
  EXPECT_EQ(play(s3_fifo, "d"), ".");
  EXPECT_EQ(residents(s3_fifo), "ad");
}

// As in the opening, but at l the tie c goes round instead of leaving, and d leaves. A second hit lets c move
// on when it comes round; without one it leaves then.
//   l         e f g h i j k c1 l     b     a d
TEST(S3Fifo, LetsATieGoRoundOnceWhenAskedTo) {
  const S3FifoParameters parameters{.tie = S3FifoParameters::Tie::stay};
  S3Fifo hit_again({.capacity = 10}, parameters);
  play(hit_again, opening);
  EXPECT_EQ(residents(hit_again), "bcefghijkl");
  EXPECT_EQ(play(hit_again, "cmnopqrstuvwxyz"), "H..............");
  EXPECT_TRUE(hit_again.contains('c'));

  S3Fifo not_again({.capacity = 10}, parameters);
  play(not_again, opening);
  play(not_again, "mnopqrs");  // e to k leave
  EXPECT_TRUE(not_again.contains('c'));
  play(not_again, "t");
  EXPECT_FALSE(not_again.contains('c'));
}

// As in the opening; then a is found in the ghost and enters the small queue as the newest. The scan takes it
// along.
TEST(S3Fifo, TreatsAGhostHitAsNewWhenAskedTo) {
  S3Fifo s3_fifo({.capacity = 10}, {.ghost_hit = S3FifoParameters::GhostHit::small});
  play(s3_fifo, opening);
  play(s3_fifo, "a");
  EXPECT_TRUE(s3_fifo.contains('a'));
  play(s3_fifo, "mnopqrstuvwxyz");
  EXPECT_FALSE(s3_fifo.contains('a'));
}

// With one hit to move on, c moves on at l as b does, and d leaves.
TEST(S3Fifo, MovesOnAfterAsManyHitsAsItIsTold) {
  S3Fifo s3_fifo({.capacity = 10}, {.hits_to_move_on = 1});
  play(s3_fifo, opening);
  EXPECT_EQ(residents(s3_fifo), "bcefghijkl");
}

// Capacity 10, half of it for the small queue. a to f are hit twice.
//   k         h i j k      a b c d e f    g leaves; main is beyond its half
//   l         h i j k l    b c d e f      so main gives way
// With the default share of 1 for the small queue h would leave.
TEST(S3Fifo, GivesTheSmallQueueTheShareItIsTold) {
  S3Fifo s3_fifo({.capacity = 10}, {.small_share = 0.5});
  play(s3_fifo, "abcdefghijaabbccddeeffk");
  EXPECT_EQ(residents(s3_fifo), "abcdefhijk");
  play(s3_fifo, "l");
  EXPECT_EQ(residents(s3_fifo), "bcdefhijkl");
}

}  // namespace
}  // namespace larder::cache::policy
