// Lazy deadlines. Method: a few items, looked at in the order in which they come due.
#include "transport/deadlines.h"

#include <array>
#include <cstddef>
#include <gtest/gtest.h>

namespace larder::transport {
namespace {

SteadyTime at(int ms) { return SteadyTime{Duration{ms}}; }

TEST(Deadlines, YieldsWhoIsDueEarliestFirstAndOnce) {
  Deadlines deadlines;
  Scheduled a;
  Scheduled b;
  deadlines.schedule(a, at(20));
  deadlines.schedule(b, at(10));
  EXPECT_EQ(deadlines.earliest(), at(10));
  EXPECT_EQ(deadlines.take_due(at(9)), nullptr);
  EXPECT_EQ(deadlines.take_due(at(20)), &b);
  EXPECT_EQ(deadlines.take_due(at(20)), &a);
  EXPECT_EQ(deadlines.take_due(at(20)), nullptr);
  EXPECT_EQ(deadlines.earliest(), std::nullopt);
}

TEST(Deadlines, MovesOnlyToAnEarlierTime) {
  Deadlines deadlines;
  Scheduled item;
  deadlines.schedule(item, at(20));
  deadlines.schedule(item, at(30));
  EXPECT_EQ(deadlines.earliest(), at(20));
  deadlines.schedule(item, at(10));
  EXPECT_EQ(deadlines.earliest(), at(10));
  EXPECT_EQ(deadlines.take_due(at(100)), &item);
  EXPECT_EQ(deadlines.take_due(at(100)), nullptr);
}

TEST(Deadlines, YieldsThoseOfOneMomentInTheOrderInWhichTheyWereScheduled) {
  Deadlines deadlines;
  std::array<Scheduled, 3> items;
  for (const std::size_t index : {2U, 0U, 1U}) deadlines.schedule(items[index], at(10));
  for (const std::size_t index : {2U, 0U, 1U}) EXPECT_EQ(deadlines.take_due(at(10)), &items[index]);
}

TEST(Deadlines, ForgetsARemovedItem) {
  Deadlines deadlines;
  Scheduled item;
  deadlines.remove(item);
  deadlines.schedule(item, at(10));
  deadlines.remove(item);
  EXPECT_EQ(deadlines.take_due(at(100)), nullptr);
}

}  // namespace
}  // namespace larder::transport
