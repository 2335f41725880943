// A seed gives the same trace on every machine, and the trace is what its description says. Method: hashes
// that were recorded once; frequencies against the formula; descriptions that are wrong in one place.
#include "tools/trace/synthetic.h"

#include <algorithm>
#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

#include "tools/trace/value_size.h"

namespace larder::tools {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::uint64_t> made(const std::string& text, std::uint64_t count, std::uint64_t seed = 1) {
  const auto patterns = parse_patterns(text);
  EXPECT_TRUE(patterns) << patterns.error().message;
  return patterns ? make_trace(*patterns, seed, count, [](std::uint64_t) {}).ids
                  : std::vector<std::uint64_t>{};
}

std::string error_of(const std::string& text) {
  const auto patterns = parse_patterns(text);
  return patterns ? "no error" : patterns.error().message;
}

std::uint64_t hash_of(const std::vector<std::uint64_t>& ids) {
  std::uint64_t hash = 0;
  for (const std::uint64_t id : ids) hash = mix(hash + id + 1);
  return hash;
}

// Of `count` uniform draws of something that happens with probability `p`: within five deviations.
void expect_about(std::uint64_t seen, double p, std::uint64_t count) {
  const double expected = p * static_cast<double>(count);
  EXPECT_NEAR(static_cast<double>(seen), expected, 5 * std::sqrt(expected) + 1);
}

TEST(SplitMix64, MakesTheNumbersOfItsAuthors) {
  SplitMix64 random(1234567);
  EXPECT_EQ(random.next(), 6457827717110365317U);
  EXPECT_EQ(random.next(), 3203168211198807973U);
  EXPECT_EQ(random.next(), 9817491932198370423U);
}

TEST(PortableMath, AgreesWithTheLibraryToTheLastBits) {
  SplitMix64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const double x = (random.next_unit() - 0.5) * 600;
    EXPECT_NEAR(portable_exp(x) / std::exp(x), 1, 1e-13) << x;
    const double y = std::exp(x);
    EXPECT_NEAR(portable_log(y), std::log(y), 1e-15 * std::fabs(x) + 1e-15) << y;
    const double z = (random.next_unit() - 0.5) * (i % 2 == 0 ? 1.9 : 1e-6);
    EXPECT_NEAR(portable_expm1_over(z), std::expm1(z) / z, 1e-14) << z;
    EXPECT_NEAR(portable_log1p_over(z), std::log1p(z) / z, 1e-14) << z;
  }
  EXPECT_EQ(portable_exp(0), 1);
  EXPECT_EQ(portable_log(1), 0);
  EXPECT_EQ(portable_expm1_over(0), 1);
  EXPECT_EQ(portable_log1p_over(0), 1);
}

TEST(Zipf, DrawsEachRankAsOftenAsItsFormulaSays) {
  constexpr std::uint64_t n = 50;
  constexpr std::uint64_t count = 200'000;
  for (const double skew : {0.0, 0.5, 0.99, 1.0, 1.5, 10.0}) {
    const Zipf zipf(n, skew);
    SplitMix64 random(42);
    std::vector<std::uint64_t> seen(n + 1);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t rank = zipf.next(random);
      ASSERT_GE(rank, 1U);
      ASSERT_LE(rank, n);
      ++seen[rank];
    }
    double sum = 0;
    for (std::uint64_t k = 1; k <= n; ++k) sum += std::pow(static_cast<double>(k), -skew);
    for (std::uint64_t k = 1; k <= n; ++k) {
      SCOPED_TRACE("skew " + std::to_string(skew) + " rank " + std::to_string(k));
      expect_about(seen[k], std::pow(static_cast<double>(k), -skew) / sum, count);
    }
  }
}

TEST(Zipf, KeepsToItsRanksAtTheEnds) {
  SplitMix64 random(7);
  const Zipf one(1, 1);
  const Zipf many(std::uint64_t{1} << 40, 0);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(one.next(random), 1U);
    const std::uint64_t rank = many.next(random);
    EXPECT_GE(rank, 1U);
    EXPECT_LE(rank, std::uint64_t{1} << 40);
  }
}

TEST(SyntheticTrace, IsTheSameForTheSameSeedOnEveryMachine) {
  EXPECT_EQ(hash_of(made("zipf:n=100000,skew=0.99", 1'000'000, 1)), 15644860640267171593U);
  EXPECT_EQ(hash_of(made("zipf:n=1000,skew=1*0.7+scan*0.2+loop:n=1011*0.1", 1'000'000, 2)),
            3251866637172422305U);
  EXPECT_THAT(made("zipf:n=100,skew=0.8", 8, 3), ElementsAre(68, 4, 7, 78, 46, 6, 63, 0));
}

TEST(SyntheticTrace, DiffersBetweenSeedsAndContinuesWhenItIsLonger) {
  const auto trace = made("zipf:n=100000", 1000, 1);
  EXPECT_NE(trace, made("zipf:n=100000", 1000, 2));
  auto longer = made("zipf:n=100000", 2000, 1);
  longer.resize(1000);
  EXPECT_EQ(trace, longer);
}

TEST(SyntheticTrace, LoopsAndScans) {
  EXPECT_THAT(made("loop:n=3", 7), ElementsAre(0, 1, 2, 0, 1, 2, 0));
  EXPECT_THAT(made("scan", 4), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(made("scan:first=100", 3), ElementsAre(100, 101, 102));
}

TEST(SyntheticTrace, MixesByWeightAndKeepsThePartsApart) {
  constexpr std::uint64_t count = 100'000;
  std::map<std::uint64_t, std::uint64_t> seen;
  for (const std::uint64_t id : made("loop:n=10*3+scan*0.5+zipf:n=5*0.5", count)) ++seen[id / 1'000'000'000];
  ASSERT_EQ(seen.size(), 3U);
  expect_about(seen[0], 0.75, count);
  expect_about(seen[1], 0.125, count);
  expect_about(seen[2], 0.125, count);
  const auto shared = made("loop:n=10+loop:n=10,first=5", 1000);
  EXPECT_EQ(std::ranges::max(shared), 14U);
}

TEST(SyntheticTrace, IsRefusedWithThePartThatIsWrong) {
  EXPECT_EQ(error_of("zipf"), "'zipf': it needs the number of its objects, as in zipf:n=1000");
  EXPECT_EQ(error_of("scan+lop:n=3"), "'lop:n=3': its kind must be zipf, loop or scan");
  EXPECT_EQ(error_of("scan:n=3"), "'scan:n=3': 'n' is nothing that it has");
  EXPECT_EQ(error_of("loop:n=3,skew=1"), "'loop:n=3,skew=1': 'skew' is nothing that it has");
  EXPECT_THAT(error_of("loop:n=0"), HasSubstr("n is a whole number from 1"));
  EXPECT_THAT(error_of("loop:n=1000000001"), HasSubstr("n is a whole number from 1"));
  EXPECT_THAT(error_of("loop:n"), HasSubstr("n is a whole number from 1"));
  for (const char* skew : {"-1", "11", "x", "", "nan", "inf", "1e1"}) {
    EXPECT_THAT(error_of("zipf:n=3,skew=" + std::string(skew)), HasSubstr("skew is a number")) << skew;
  }
  for (const char* weight : {"0", "-1", "x", "", "1e3", "2000000000"}) {
    EXPECT_THAT(error_of("scan*" + std::string(weight)), HasSubstr("the weight")) << weight;
  }
  EXPECT_THAT(error_of("scan:first=-1"), HasSubstr("first is an id"));
  for (const char* text : {"", "+scan", "scan++scan", "scan+"}) EXPECT_NE(error_of(text), "no error") << text;
}

}  // namespace
}  // namespace larder::tools
