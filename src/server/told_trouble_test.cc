// How often the log is told. Method: a count and a time that are moved by hand.
#include "server/told_trouble.h"

#include <gtest/gtest.h>

namespace larder::server {
namespace {

TEST(ToldTrouble, IsToldOnceAPeriodAndNoneIsLeftOut) {
  const SteadyTime start{Duration{1'000'000}};
  ToldTrouble trouble(Duration{1000});
  EXPECT_EQ(trouble.take_news(0, start), 0U) << "there is none";
  EXPECT_EQ(trouble.take_news(1, start), 1U);
  EXPECT_EQ(trouble.take_news(5, start + Duration{999}), 0U);
  EXPECT_EQ(trouble.take_news(7, start + Duration{1000}), 6U);
  EXPECT_EQ(trouble.take_news(7, start + Duration{9000}), 0U) << "nothing new";
  EXPECT_EQ(trouble.take_news(8, start + Duration{9000}), 1U);
}

}  // namespace
}  // namespace larder::server
