// `lru` and `ordered` evict exactly the item that was used least recently. Method: caches of two or three
// items in one shard, where every step of the order can be told from who leaves.
#include <array>
#include <gtest/gtest.h>
#include <string>
#include <string_view>

#include "cache/backend.h"
#include "cache/conformance.h"
#include "cache/test_support.h"

namespace larder::cache {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the words of these tests

class ExactLru : public testing::TestWithParam<std::string_view> {
 protected:
  [[nodiscard]] static std::unique_ptr<Cache> make_with_capacity(std::size_t item_count_max) {
    return make(GetParam(), options(mib, item_count_max, 1));
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, ExactLru, testing::Values("lru", "ordered"),
                         [](const auto& given) { return std::string(given.param); });

TEST_P(ExactLru, AceEvictsJackAndAGetChangesTheOrder) {
  const auto cache = make_with_capacity(3);
  put(*cache, "jack", "11");
  put(*cache, "queen", "12");
  put(*cache, "king", "13");
  put(*cache, "ace", "14");
  EXPECT_FALSE(has(*cache, "jack"));
  EXPECT_TRUE(has(*cache, "queen"));
  EXPECT_EQ(cache->stats().evictions, 1U);

  EXPECT_EQ(value_of(*cache, "queen"), "12");  // oldest until now
  EXPECT_EQ(value_of(*cache, "king"), "13");
  put(*cache, "jack", "11");
  EXPECT_FALSE(has(*cache, "ace"));
  EXPECT_TRUE(has(*cache, "queen"));
  EXPECT_TRUE(has(*cache, "king"));
  EXPECT_TRUE(has(*cache, "jack"));
}

TEST_P(ExactLru, AnOverwriteAtCapacityTwoEvictsNobody) {
  const auto cache = make_with_capacity(2);
  put(*cache, "a", "1");
  put(*cache, "b", "2");
  put(*cache, "a", "3");
  put(*cache, "b", "a longer value than before");
  EXPECT_EQ(cache->stats().evictions, 0U);
  EXPECT_EQ(value_of(*cache, "a"), "3");
  EXPECT_EQ(value_of(*cache, "b"), "a longer value than before");
  put(*cache, "a", "4");  // the overwrite is a use
  put(*cache, "c", "5");
  EXPECT_FALSE(has(*cache, "b"));
}

TEST_P(ExactLru, OnlyUsesChangeTheOrder) {
  const auto survives = [](auto call) {
    const auto cache = make_with_capacity(2);
    put(*cache, "old", "1");
    put(*cache, "new", "2");
    call(*cache);
    put(*cache, "third", "3");
    EXPECT_EQ(cache->stats().evictions, 1U);
    return has(*cache, "old");
  };
  EXPECT_FALSE(survives([](Cache&) {}));
  EXPECT_TRUE(survives([](Cache& cache) { static_cast<void>(value_of(cache, "old")); }));
  EXPECT_FALSE(survives([](Cache& cache) { static_cast<void>(has(cache, "old")); }));
  EXPECT_TRUE(survives([](Cache& cache) { cache.touch(0, "old", Expiry::none(), at(0)); }));
  EXPECT_TRUE(survives(
      [](Cache& cache) { cache.update(0, "old", at(0), [](const ItemView*) { return Change::keep(); }); }));
  EXPECT_FALSE(survives([](Cache& cache) {
    cache.set(0, "old", "x", Expiry::none(), Condition::absent(), at(0));  // fails, and changes nothing
  }));
  EXPECT_FALSE(survives([](Cache& cache) { cache.scan(0, 0, 10, at(0), [](Bytes, const ItemView&) {}); }));
  EXPECT_TRUE(survives([](Cache& cache) {
    const std::array<Bytes, 1> keys = {"old"};
    cache.get_many(0, keys, at(0), [](std::size_t, const ItemView*) {});
  }));
}

TEST_P(ExactLru, EvictsAsManyAsALargeValueTakes) {
  const auto cache = make(GetParam(), options(256 * kib, 0, 1));
  for (int i = 0; i < 12; ++i) put(*cache, std::to_string(i), std::string(16 * kib, 'v'));
  EXPECT_EQ(cache->stats().evictions, 0U);
  put(*cache, "large", std::string(150 * kib, 'v'));
  const std::uint64_t evictions = cache->stats().evictions;
  EXPECT_GE(evictions, 6U);
  EXPECT_LE(evictions, 8U);
  for (int i = 0; i < 12; ++i) EXPECT_EQ(has(*cache, std::to_string(i)), i >= static_cast<int>(evictions));
}

}  // namespace
}  // namespace larder::cache
