// Keys come as often as they are meant to, and a seed is a sequence. Method: many draws, counted.
#include "tools/bench/key_source.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <vector>

namespace larder::tools {
namespace {

std::vector<std::uint64_t> drawn(const Workload& workload, std::size_t count, std::uint64_t stream = 0,
                                 std::uint64_t stream_count = 1) {
  KeySource source(workload, stream, stream_count);
  std::vector<std::uint64_t> ids;
  ids.reserve(count);
  for (std::size_t i = 0; i < count; ++i) ids.push_back(source.next());
  return ids;
}

TEST(KeySource, DrawsEveryKeyAsOftenAsAnyOther) {
  const Workload workload{.key_count = 10};
  std::vector<std::size_t> counts(10);
  for (const std::uint64_t id : drawn(workload, 100'000)) ++counts.at(id);
  EXPECT_GT(*std::ranges::min_element(counts), 9'600U);
  EXPECT_LT(*std::ranges::max_element(counts), 10'400U);
}

TEST(KeySource, DrawsTheFirstKeysMoreOftenByZipfsLaw) {
  const Workload workload{.key_count = 1000, .key_choice = KeyChoice::zipf, .skew = 1};
  std::vector<double> counts(1000);
  for (const std::uint64_t id : drawn(workload, 200'000)) ++counts.at(id);
  // The harmonic number of 1,000 is 7.485.
  EXPECT_NEAR(counts[0] / 200'000, 1 / 7.485, 0.005);
  EXPECT_NEAR(counts[0] / counts[1], 2, 0.1);
  EXPECT_NEAR(counts[0] / counts[9], 10, 1);
}

TEST(KeySource, GoesRoundInSequence) {
  const Workload workload{.key_count = 4, .key_choice = KeyChoice::sequential};
  EXPECT_EQ(drawn(workload, 6), (std::vector<std::uint64_t>{0, 1, 2, 3, 0, 1}));
  EXPECT_EQ(drawn(workload, 3, 1, 2), (std::vector<std::uint64_t>{2, 3, 0}));
}

TEST(KeySource, FollowsFromItsSeedAndStream) {
  Workload workload{.key_count = 1'000'000};
  const auto ids = drawn(workload, 100);
  EXPECT_EQ(drawn(workload, 100), ids);
  EXPECT_NE(drawn(workload, 100, 1, 2), ids);
  workload.seed = 2;
  EXPECT_NE(drawn(workload, 100), ids);
}

TEST(KeySource, HasAtLeastOneKey) {
  for (const KeyChoice choice : {KeyChoice::uniform, KeyChoice::zipf, KeyChoice::sequential}) {
    EXPECT_EQ(drawn({.key_count = 1, .key_choice = choice}, 3), (std::vector<std::uint64_t>{0, 0, 0}));
  }
}

}  // namespace
}  // namespace larder::tools
