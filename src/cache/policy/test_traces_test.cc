#include "cache/policy/test_traces.h"

#include <gtest/gtest.h>

namespace larder::cache::policy {
namespace {

// The counts are those of tests/traces/README.md.
TEST(Traces, AreAsLongAsTheirPageSays) {
  const std::size_t request_counts[] = {95'607, 133'996, 30'241, 505'500};
  const std::uint64_t distinct_counts[] = {13'756, 7'075, 7'454, 1'011};
  for (std::size_t index = 0; index < 4; ++index) {
    const auto trace = test::read_trace(test::trace_names[index]);
    ASSERT_TRUE(trace.has_value()) << trace.error().message;
    EXPECT_EQ(trace->size(), request_counts[index]);
    EXPECT_EQ(test::capacity_for(*trace, 1), distinct_counts[index]);
  }
}

TEST(Traces, SayWhenThereIsNone) {
  const auto trace = test::read_trace("none");
  ASSERT_FALSE(trace.has_value());
  EXPECT_EQ(trace.error().kind, ErrorKind::malformed);
}

}  // namespace
}  // namespace larder::cache::policy
