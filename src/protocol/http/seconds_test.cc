// Times to live. Method: a table at the edges.
#include "protocol/http/seconds.h"

#include <gtest/gtest.h>
#include <limits>
#include <string>

namespace larder::protocol::http {
namespace {

TEST(Seconds, AreReadToTheMillisecondRoundedUp) {
  EXPECT_EQ(seconds_from_text("5").value(), Duration(5000));
  EXPECT_EQ(seconds_from_text("05.50").value(), Duration(5500));
  EXPECT_EQ(seconds_from_text("0.25").value(), Duration(250));
  EXPECT_EQ(seconds_from_text("0.0001").value(), Duration(1));
  EXPECT_EQ(seconds_from_text("10000000000").value(), Duration(10'000'000'000'000));
}

TEST(Seconds, AreADecimalNumberAboveZero) {
  for (const Bytes text : {"", "0", "0.0", "-1", "+1", "1e3", "0x1", "1.", ".5", ".", "1.2.3", "1s", " 1",
                           "1 ", "inf", "nan", "10000000001", "1,5"}) {
    EXPECT_FALSE(seconds_from_text(text).has_value()) << text;
  }
  EXPECT_FALSE(seconds_from_text(std::string(1000, '9')).has_value());
  EXPECT_FALSE(seconds_from_number(std::numeric_limits<double>::quiet_NaN()).has_value());
  EXPECT_FALSE(seconds_from_number(std::numeric_limits<double>::infinity()).has_value());
}

}  // namespace
}  // namespace larder::protocol::http
