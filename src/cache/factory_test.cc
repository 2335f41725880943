// Limits that cannot work are refused with the nearest that can; --shards auto leaves shards large enough.
#include "cache/factory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sizes.h"
#include "cache/test_support.h"

namespace larder::cache {
namespace {

using testing::HasSubstr;

TEST(Factory, NamesTheDefaultFirst) {
  EXPECT_THAT(backend_names(), testing::ElementsAre("segment", "lru", "ordered"));
}

TEST(Factory, RefusesANameItDoesNotKnowAndListsThoseItDoes) {
  const auto made = make_cache("lifo", {});
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().kind, ErrorKind::unsupported);
  EXPECT_THAT(made.error().message, HasSubstr("segment, lru, ordered"));
}

TEST(Factory, RefusesAMemoryLimitThatIsTooSmallAndNamesTheSmallest) {
  for (const std::string_view backend : backend_names()) {
    const auto made = make_cache(backend, test::options(64 * kib - 1, 0, 1));
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().kind, ErrorKind::too_large);
    EXPECT_THAT(made.error().message, HasSubstr("65536"));
    EXPECT_TRUE(make_cache(backend, test::options(64 * kib, 0, 1)).has_value());
  }
}

TEST(Factory, RefusesShardCountsThatCannotWorkAndNamesTheLargestThatCan) {
  const auto message = [](std::size_t memory, std::size_t items, std::size_t shards) {
    const auto made = make_cache("lru", test::options(memory, items, shards));
    return made.has_value() ? std::string("made") : made.error().message;
  };
  EXPECT_EQ(message(mib, 0, 16), "made");
  EXPECT_THAT(message(mib, 0, 32), HasSubstr("16 at most"));
  EXPECT_THAT(message(mib, 0, 3), HasSubstr("power of two"));
  EXPECT_THAT(message(mib, 0, 0), HasSubstr("16 at most"));
  EXPECT_THAT(message(mib, 5, 8), HasSubstr("4 at most"));
  EXPECT_EQ(message(mib, 5, 4), "made");
  EXPECT_THAT(message(mib, 1, 2), HasSubstr("1 at most"));
  EXPECT_THAT(message(std::size_t{1} << 40, 0, 1U << 20), HasSubstr("4096 at most"));
}

TEST(Factory, ChoosesShardsThatAreLargeEnough) {
  EXPECT_EQ(choose_shard_count(1024 * mib, 0, 2), 32U);
  EXPECT_EQ(choose_shard_count(1024 * mib, 0, 3), 32U);  // 48 is no power of two
  EXPECT_EQ(choose_shard_count(256 * mib, 0, 8), 16U);   // 16 MiB each
  EXPECT_EQ(choose_shard_count(31 * mib, 0, 8), 1U);
  EXPECT_EQ(choose_shard_count(32 * mib, 0, 8), 2U);
  EXPECT_EQ(choose_shard_count(256 * mib, 3, 8), 1U);
  EXPECT_EQ(choose_shard_count(256 * mib, 2047, 8), 1U);
  EXPECT_EQ(choose_shard_count(256 * mib, 2048, 8), 2U);
  EXPECT_EQ(choose_shard_count(64 * kib, 0, 8), 1U);
  EXPECT_EQ(choose_shard_count(std::size_t{1} << 45, 0, 1000), 4096U);
}

}  // namespace
}  // namespace larder::cache
