#include "cache/policy/frequency_sketch.h"

#include <gtest/gtest.h>

namespace larder::cache::policy {
namespace {

TEST(FrequencySketch, CountsExactlyWhileThereIsRoom) {
  FrequencySketch sketch(1000);
  for (std::uint64_t id = 0; id < 100; ++id) {
    for (std::uint64_t count = 0; count < id; ++count) sketch.add(id);
  }
  for (std::uint64_t id = 0; id < 100; ++id) EXPECT_EQ(sketch.estimate(id), id);
  EXPECT_EQ(sketch.estimate(100), 0U);
}

TEST(FrequencySketch, NeverEstimatesTooLow) {
  FrequencySketch sketch(10);  // far too small for what follows
  for (std::uint64_t id = 0; id < 1000; ++id) {
    for (std::uint64_t count = 0; count < id % 10; ++count) sketch.add(id);
  }
  for (std::uint64_t id = 0; id < 1000; ++id) EXPECT_GE(sketch.estimate(id), id % 10);
}

TEST(FrequencySketch, HalvesItsCounts) {
  FrequencySketch sketch(1000);
  for (int count = 0; count < 7; ++count) sketch.add(1);
  sketch.halve();
  EXPECT_EQ(sketch.estimate(1), 3U);
}

TEST(FrequencySketch, WorksForNothing) {
  FrequencySketch sketch(0);
  sketch.add(1);
  EXPECT_EQ(sketch.estimate(1), 1U);
}

}  // namespace
}  // namespace larder::cache::policy
