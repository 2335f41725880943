#include "cache/policy/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace larder::cache::policy {
namespace {

TEST(MakePolicy, KnowsEveryNameThatItShows) {
  EXPECT_THAT(policy_names(), testing::ElementsAre("fifo", "lru", "clock", "sieve", "s3fifo", "2q", "arc",
                                                   "lirs", "w-tinylfu", "belady"));
  for (const std::string_view name : policy_names()) {
    const auto made = make_policy(name, {.capacity = 1});
    ASSERT_TRUE(made.has_value()) << name;
    EXPECT_EQ((*made)->resident_count(), 0U);
  }
}

TEST(MakePolicy, ListsTheNamesWhenItIsAskedForAnother) {
  const auto made = make_policy("lfu", {.capacity = 1});
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().kind, ErrorKind::unsupported);
  EXPECT_THAT(made.error().message,
              testing::EndsWith("fifo, lru, clock, sieve, s3fifo, 2q, arc, lirs, w-tinylfu, belady"));
}

TEST(MakePolicy, RefusesCapacitiesThatCannotWork) {
  const auto none = make_policy("lru", {.capacity = 0});
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().kind, ErrorKind::malformed);
  EXPECT_TRUE(make_policy("lru", {.capacity = capacity_max}).has_value());
  const auto too_large = make_policy("lru", {.capacity = capacity_max + 1});
  ASSERT_FALSE(too_large.has_value());
  EXPECT_EQ(too_large.error().kind, ErrorKind::too_large);
  EXPECT_THAT(too_large.error().message, testing::HasSubstr(std::to_string(capacity_max)));
}

}  // namespace
}  // namespace larder::cache::policy
