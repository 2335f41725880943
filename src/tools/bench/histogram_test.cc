// A quantile is right to one part in a thousand, wherever it lies and however the values were shared out.
// Method: random values over the whole range beside the same values sorted.
#include "tools/bench/histogram.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <vector>

#include "base/random.h"

namespace larder::tools {
namespace {

constexpr std::array<double, 8> shares{0, 0.01, 0.5, 0.9, 0.99, 0.999, 0.9999, 1};

// Spread evenly over the orders of magnitude from 1 to value_max.
std::uint64_t any_value(SplitMix64& random) {
  return static_cast<std::uint64_t>(std::exp2(random.next_unit() * 40));
}

TEST(Histogram, FindsQuantilesToOnePartInAThousand) {
  SplitMix64 random(7);
  Histogram histogram;
  std::vector<std::uint64_t> values;
  for (int i = 0; i < 20'000; ++i) {
    values.push_back(any_value(random));
    histogram.record(values.back());
  }
  std::ranges::sort(values);
  for (const double share : shares) {
    const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
    const std::uint64_t exact = values[std::max<std::size_t>(rank, 1) - 1];
    const std::uint64_t found = histogram.quantile(share);
    EXPECT_GE(found, exact) << share;
    EXPECT_LE(static_cast<double>(found), static_cast<double>(exact) * 1.001) << share;
  }
  EXPECT_EQ(histogram.max(), values.back());
  EXPECT_EQ(histogram.quantile(1), values.back());
}

TEST(Histogram, IsExactAsLongAsValuesAreSmall) {
  Histogram histogram;
  for (std::uint64_t value = 0; value < 2048; ++value) histogram.record(value);
  EXPECT_EQ(histogram.quantile(0), 0U);
  EXPECT_EQ(histogram.quantile(0.5), 1023U);
  EXPECT_EQ(histogram.quantile(0.75), 1535U);
  EXPECT_EQ(histogram.quantile(1), 2047U);
  EXPECT_DOUBLE_EQ(histogram.mean(), 1023.5);
}

TEST(Histogram, OfAllIsThoseOfTheThreadsMerged) {
  SplitMix64 random(8);
  Histogram whole;
  std::array<Histogram, 3> parts;
  for (std::size_t i = 0; i < 10'000; ++i) {
    const std::uint64_t value = any_value(random);
    whole.record(value);
    parts[i % parts.size()].record(value);
  }
  Histogram merged;
  for (const Histogram& part : parts) merged.merge(part);
  EXPECT_EQ(merged.count(), whole.count());
  EXPECT_EQ(merged.max(), whole.max());
  EXPECT_NEAR(merged.mean(), whole.mean(), whole.mean() * 1e-9);
  for (const double share : shares) EXPECT_EQ(merged.quantile(share), whole.quantile(share));
}

TEST(Histogram, KnowsTheLargestEvenBeyondItsRange) {
  Histogram histogram;
  histogram.record(Histogram::value_max * 4);
  EXPECT_EQ(histogram.count(), 1U);
  EXPECT_EQ(histogram.max(), Histogram::value_max * 4);
  EXPECT_EQ(histogram.quantile(0.5), Histogram::value_max);
}

TEST(Histogram, OfNothingIsZero) {
  Histogram histogram;
  histogram.record(5);
  histogram.clear();
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.max(), 0U);
  EXPECT_EQ(histogram.mean(), 0);
  for (const double share : shares) EXPECT_EQ(histogram.quantile(share), 0U);
}

}  // namespace
}  // namespace larder::tools
