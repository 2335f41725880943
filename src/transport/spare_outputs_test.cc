// What is kept is bounded, and what is lent has memory.
#include "transport/spare_outputs.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace larder::transport {
namespace {

Output emptied(std::size_t size) {
  Output output;
  output.append(std::string(size, 'x'));
  output.sent(size);
  return output;
}

TEST(SpareOutputs, LendsWhatItTookBack) {
  SpareOutputs spares;
  Output output = emptied(1000);
  spares.take_back(output);
  EXPECT_EQ(output.capacity(), 0U);
  spares.lend(output);
  EXPECT_GE(output.capacity(), 1000U);
  Output other;
  spares.lend(other);
  EXPECT_EQ(other.capacity(), 0U);
}

TEST(SpareOutputs, KeepsOneLargeOneAndABoundedNumberOfSmallOnes) {
  SpareOutputs spares;
  for (std::size_t i = 0; i < 2 * SpareOutputs::small_count_max; ++i) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1000}, 2 * SpareOutputs::small_capacity_max}) {
      Output output = emptied(size);
      spares.take_back(output);
    }
  }
  EXPECT_EQ(spares.count(), SpareOutputs::small_count_max + 1);
  std::size_t large_count = 0;
  std::vector<Output> lent(spares.count());
  for (Output& output : lent) {
    spares.lend(output);
    if (output.capacity() > SpareOutputs::small_capacity_max) ++large_count;
  }
  EXPECT_EQ(large_count, 1U);
  EXPECT_EQ(spares.count(), 0U);
}

}  // namespace
}  // namespace larder::transport
