// Who leaves when values of all sizes come: what nobody asks for again, whatever room it takes. Method: items
// that are read beside others that are not; then large values that nobody reads.
#include <cstddef>
#include <gtest/gtest.h>
#include <memory>
#include <string>

#include "cache/backend.h"
#include "cache/test_support.h"

namespace larder::cache::segment {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the words of these tests

struct Values {
  std::size_t size;
  int count;
};

class SegmentOrder : public testing::TestWithParam<Values> {
 protected:
  static std::string hot(int i) { return "hot" + std::to_string(i); }
  static std::string cold(int i) { return "cold" + std::to_string(i); }

  std::unique_ptr<Cache> cache_ = make("segment", options(16 * mib, 0, 1));
};

INSTANTIATE_TEST_SUITE_P(Values, SegmentOrder,
                         testing::Values(Values{.size = 6 * mib, .count = 1}, Values{.size = mib, .count = 6},
                                         Values{.size = 100 * kib, .count = 60},
                                         Values{.size = 400, .count = 15'000}),
                         [](const auto& given) { return std::to_string(given.param.size) + "Bytes"; });

TEST_P(SegmentOrder, WhatWasReadStaysAndTheRestMakesRoom) {
  const std::string value(100, 'v');
  constexpr int pair_count = 45'000;
  for (int i = 0; i < pair_count; ++i) {
    put(*cache_, hot(i), value);
    put(*cache_, cold(i), value);
    for (int use = 0; use < 4; ++use) ASSERT_TRUE(value_of(*cache_, hot(i)).has_value());
  }
  ASSERT_EQ(cache_->stats().evictions, 0U);
  for (int i = 0; i < GetParam().count; ++i) {
    put(*cache_, "large" + std::to_string(i), std::string(GetParam().size, 'l'));
  }
  int hot_count = 0;
  int cold_count = 0;
  for (int i = 0; i < pair_count; ++i) {
    hot_count += has(*cache_, hot(i)) ? 1 : 0;
    cold_count += has(*cache_, cold(i)) ? 1 : 0;
  }
  EXPECT_GE(hot_count, pair_count * 98 / 100);
  EXPECT_LE(cold_count, pair_count * 9 / 10);
}

// A scan: each of its values is read by nobody, and they are more than fit, round after round. What is read
// once a round has to come in a second time before that is noticed: the first rounds do not count.
TEST_P(SegmentOrder, AScanTakesNoRoomFromWhatIsReadAllTheTime) {
  const std::string value(400, 'v');
  constexpr int hot_count = 12'000;
  int miss_count = 0;
  int scanned_count = 0;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < hot_count; ++i) {
      if (value_of(*cache_, hot(i)).has_value()) continue;
      miss_count += round > 7 ? 1 : 0;
      put(*cache_, hot(i), value);
    }
    for (int i = 0; i < GetParam().count; ++i) {
      put(*cache_, "large" + std::to_string(scanned_count++), std::string(GetParam().size, 'l'));
    }
  }
  EXPECT_GT(cache_->stats().evictions, 0U);
  EXPECT_LE(miss_count, hot_count * 12 / 50) << "a fiftieth of what was asked for";
}

}  // namespace
}  // namespace larder::cache::segment
