// One address has as many connections as it may, whoever else there is, and what ends makes room. Method:
// places are taken and given back in all orders, and the table is empty when none is left.
#include "transport/address_counts.h"

#include <gtest/gtest.h>
#include <vector>

namespace larder::transport {
namespace {

TEST(AddressCounts, RefusesOneAddressAndNotTheNext) {
  AddressCounts counts(2);
  const auto first = counts.take("10.0.0.1:1");
  auto second = counts.take("10.0.0.1:2");
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(counts.take("10.0.0.1:3"));
  EXPECT_TRUE(counts.take("10.0.0.2:3"));
  second.reset();
  const auto third = counts.take("10.0.0.1:4");
  EXPECT_TRUE(third);
  EXPECT_FALSE(counts.take("10.0.0.1:5"));
}

TEST(AddressCounts, ForgetsAddressesThatHaveNone) {
  AddressCounts counts(1);
  {
    std::vector<AddressCounts::Place> places;
    places.reserve(100);
    for (int i = 0; i < 100; ++i) places.push_back(*counts.take("10.0.0." + std::to_string(i) + ":1"));
    EXPECT_EQ(counts.address_count(), 100U);
    EXPECT_FALSE(counts.take("10.0.0.7:2"));
  }
  EXPECT_EQ(counts.address_count(), 0U);
}

TEST(AddressCounts, CountsNoUnixSocketsAndNobodyWithoutABound) {
  AddressCounts counts(1);
  const auto first = counts.take("/run/larder.sock:0");
  const auto second = counts.take("/run/larder.sock:0");
  EXPECT_TRUE(first && second);
  AddressCounts boundless(0);
  const auto third = boundless.take("10.0.0.1:1");
  const auto fourth = boundless.take("10.0.0.1:2");
  EXPECT_TRUE(third && fourth);
  EXPECT_EQ(counts.address_count() + boundless.address_count(), 0U);
}

}  // namespace
}  // namespace larder::transport
