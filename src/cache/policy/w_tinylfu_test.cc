#include "cache/policy/w_tinylfu.h"

#include <gtest/gtest.h>
#include <string>

#include "cache/policy/test_support.h"

namespace larder::cache::policy {
namespace {

using test::play;
using test::residents;

// Capacity 20: 1 for the window, 19 for main, of which 3 for probation and 15 protected (1 lost in rounding).
//
// a to t fill it; all are in the window, and each was counted once. Then
//
//        window  probation  protected
//   u    u       a b c s    d to r      the window empties into main, and each that leaves it is counted
//                                       again: 2. When main is full t (1) meets a (2) and is refused; now 2
//   t    t       a b c s    d to r      u (1) meets a and is refused; t: 3
//   v    v       c s t      d to r      t (3) meets a (2) and is admitted. Now the window is empty, so main
//                                       gives way: b leaves as well
//   w    v w     c s t      d to r      there is room
//   x    x       c s t v    d to r      main has room for v, unasked; w (1) meets c (2) and is refused
constexpr std::string_view all_but_the_last_letters = "abcdefghijklmnopqrst";

TEST(WTinyLfu, AdmitsToMainWhatWasSeenMoreOftenThanTheVictim) {
  WTinyLfu w_tinylfu({.capacity = 20});
  EXPECT_EQ(play(w_tinylfu, all_but_the_last_letters), std::string(20, '.'));
  EXPECT_EQ(play(w_tinylfu, "u"), ".");
  EXPECT_EQ(residents(w_tinylfu), "abcdefghijklmnopqrsu");
  EXPECT_EQ(play(w_tinylfu, "t"), ".");
  EXPECT_EQ(residents(w_tinylfu), "abcdefghijklmnopqrst");
  EXPECT_EQ(play(w_tinylfu, "v"), ".");
  EXPECT_EQ(residents(w_tinylfu), "cdefghijklmnopqrstv");
  EXPECT_EQ(play(w_tinylfu, "wx"), "..");
  EXPECT_EQ(residents(w_tinylfu), "cdefghijklmnopqrstvx");
}

// As above up to u; then
//
//   a    u       c s d      e to r a    a hit: a is protected, d is pushed out of there, and now there is
//                                       one too many in probation: b leaves
TEST(WTinyLfu, ProtectsWhatIsHitInProbation) {
  WTinyLfu w_tinylfu({.capacity = 20});
  play(w_tinylfu, all_but_the_last_letters);
  EXPECT_EQ(play(w_tinylfu, "ua"), ".H");
  EXPECT_EQ(residents(w_tinylfu), "acdefghijklmnopqrsu");
}

// As above up to u. d and e are protected, and hits make them well known; a hundred others, each seen once,
// do not get past them.
TEST(WTinyLfu, KeepsWhatIsAskedForOftenThroughAScan) {
  WTinyLfu w_tinylfu({.capacity = 20});
  play(w_tinylfu, all_but_the_last_letters);
  EXPECT_EQ(play(w_tinylfu, "udedede"), ".HHHHHH");
  for (std::uint64_t id = 1000; id < 1100; ++id) w_tinylfu.request({.id = id, .size = 1});
  EXPECT_EQ(play(w_tinylfu, "de"), "HH");
}

// Capacity 100: 1 for the window, 99 for main.
//             window  main
//   a 99      a               the window may have all that is free
//   b 1       a b
//   c 1       c       a       main has room for a; b, seen once, meets a, by now counted twice, and is
//   refused d 100     d               c is refused as well; the window is empty, so main gives way
TEST(WTinyLfu, TakesLargeObjectsThroughTheWindow) {
  WTinyLfu w_tinylfu({.capacity = 100});
  w_tinylfu.request({.id = 'a', .size = 99});
  w_tinylfu.request({.id = 'b', .size = 1});
  EXPECT_EQ(residents(w_tinylfu), "ab");
  w_tinylfu.request({.id = 'c', .size = 1});
  EXPECT_EQ(residents(w_tinylfu), "ac");
  w_tinylfu.request({.id = 'd', .size = 100});
  EXPECT_EQ(residents(w_tinylfu), "d");
}

}  // namespace
}  // namespace larder::cache::policy
