// A cache's size is what was written, cut down and never rounded; a value's size follows its rule. Method:
// the texts that people write, right and wrong, against traces that can be counted by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "tools/replay/cache_size.h"
#include "tools/replay/value_rule.h"
#include "tools/trace/value_size.h"

namespace larder::tools {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string capacity_text(const std::string& text, const TraceTotals& totals, bool has_sizes) {
  const Result<CacheSize> size = parse_cache_size(text);
  if (!size) return size.error().message;
  const Result<std::uint64_t> capacity = capacity_of(*size, totals, has_sizes);
  return capacity ? std::to_string(*capacity) : capacity.error().message;
}

std::string objects(const std::string& text) {
  return capacity_text(text, {.object_count = 186'880, .capacity = 186'880}, false);
}

std::string bytes(const std::string& text) {
  return capacity_text(text, {.object_count = 1000, .capacity = std::uint64_t{1} << 62}, true);
}

TEST(CacheSize, CutsShares) {
  EXPECT_EQ(objects("1%"), "1868");
  EXPECT_EQ(objects("5%"), "9344");
  EXPECT_EQ(objects("20%"), "37376");
  EXPECT_EQ(objects("100%"), "186880");
  EXPECT_EQ(objects("0.1%"), "186");
  EXPECT_EQ(objects("0.000536%"), "1");
  EXPECT_EQ(bytes("50%"), std::to_string(std::uint64_t{1} << 61));
  EXPECT_EQ(bytes("100%"), std::to_string(std::uint64_t{1} << 62));
}

TEST(CacheSize, TakesNumbersAndBytes) {
  EXPECT_EQ(objects("1000"), "1000");
  EXPECT_EQ(bytes("1000"), "1000");
  EXPECT_EQ(bytes("16mb"), "16777216");
  EXPECT_EQ(bytes("5B"), "5");
}

TEST(CacheSize, RefusesWhatMeansNothing) {
  EXPECT_EQ(objects("16mb"), "'16mb' is bytes, but the objects have no sizes: see --value-mean");
  EXPECT_EQ(objects("0.0001%"), "'0.0001%' of 186880 objects is less than one");
  for (const char* text : {"0%", "101%", "100.1%", "%", ".5%", "5.%", "5.1234567%", "-1%", "1e1%", "5 %"}) {
    EXPECT_THAT(objects(text), HasSubstr("is no share")) << text;
  }
  for (const char* text : {"", "0", "0mb", "many", "-1", "1.5", "5mbs", "99999999999999999999"}) {
    EXPECT_THAT(bytes(text), HasSubstr("is no cache size")) << text;
  }
}

TEST(CacheSize, OfACurveAscendFromATenthOfAPercentToAll) {
  std::uint64_t last = 0;
  for (const CacheSize& size : curve_cache_sizes()) {
    EXPECT_GT(size.number, last);
    last = size.number;
  }
  EXPECT_EQ(curve_cache_sizes().front().text, "0.1%");
  EXPECT_EQ(curve_cache_sizes().back().text, "100%");
}

TEST(TraceTotals, CountObjectsOnceAndWithTheirLargestSize) {
  const TraceTotals plain = totals_of({.ids = {5, 1, 5, 5, 9}, .sizes = {}});
  EXPECT_EQ(plain.object_count, 3U);
  EXPECT_EQ(plain.capacity, 3U);
  const TraceTotals sized = totals_of({.ids = {5, 1, 5, 5, 9}, .sizes = {10, 3, 30, 20, 0}});
  EXPECT_EQ(sized.object_count, 3U);
  EXPECT_EQ(sized.capacity, 33U);
}

TEST(ValueRule, GivesEachRequestItsSize) {
  Trace trace{.ids = {1, 2, 1}, .sizes = {}};
  apply_value_rule({}, trace);
  EXPECT_FALSE(trace.has_sizes());
  apply_value_rule({.kind = ValueRuleKind::log_normal, .size = 200}, trace);
  EXPECT_THAT(trace.sizes, ElementsAre(125, 7, 125));
  apply_value_rule({}, trace);
  EXPECT_THAT(trace.sizes, ElementsAre(125, 7, 125));
  apply_value_rule({.kind = ValueRuleKind::fixed, .size = 9}, trace);
  EXPECT_THAT(trace.sizes, ElementsAre(9, 9, 9));
}

TEST(ObjectSizes, AreOneForEachObject) {
  const Trace trace{.ids = {1, 2, 1}, .sizes = {10, 20, 30}};
  const ObjectSizes own({}, trace);
  EXPECT_EQ(own(1), 10U);
  EXPECT_EQ(own(2), 20U);
  EXPECT_EQ(own.size_max(), 20U);
  const ObjectSizes fixed({.kind = ValueRuleKind::fixed, .size = 9}, trace);
  EXPECT_EQ(fixed(1), 9U);
  EXPECT_EQ(fixed.size_max(), 9U);
  const ObjectSizes drawn({.kind = ValueRuleKind::log_normal, .size = 200}, trace);
  EXPECT_EQ(drawn(1), 125U);
  EXPECT_EQ(drawn.size_max(), log_normal_value_size_max);
}

}  // namespace
}  // namespace larder::tools
