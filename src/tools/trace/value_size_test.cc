// Keys, sizes and values follow from the id alone, and are those that all figures were made with. Method:
// what another implementation of the same rule (in Python, with its own mathematics) made of a few ids.
#include "tools/trace/value_size.h"

#include <gtest/gtest.h>
#include <string>

namespace larder::tools {
namespace {

constexpr std::uint64_t largest = ~std::uint64_t{0};

TEST(ValueSize, MakesTheKeyOfTheMixedId) {
  EXPECT_EQ(object_key(0), "object:0000000000000000");
  EXPECT_EQ(object_key(1), "object:b456bcfc34c2cb2c");
  EXPECT_EQ(object_key(2), "object:3abf2a20650683e7");
  EXPECT_EQ(object_key(186880), "object:36e96d6f3bc0a271");
  EXPECT_EQ(object_key(largest), "object:64b5720b4b825f21");
}

TEST(ValueSize, IsWhatTheRuleSays) {
  EXPECT_EQ(log_normal_value_size(0, 200), 52U);
  EXPECT_EQ(log_normal_value_size(1, 200), 125U);
  EXPECT_EQ(log_normal_value_size(2, 200), 7U);
  EXPECT_EQ(log_normal_value_size(17, 200), 190U);
  EXPECT_EQ(log_normal_value_size(186880, 200), 142U);
  EXPECT_EQ(log_normal_value_size(largest, 200), 35U);
  EXPECT_EQ(log_normal_value_size(largest, 1'000'000), 176'783U);
}

TEST(ValueSize, KeepsToItsBoundsAndItsMean) {
  EXPECT_EQ(log_normal_value_size(2, 1), 1U);
  EXPECT_EQ(log_normal_value_size(0, 1'000'000), 200'000U);
  std::uint64_t sum = 0;
  for (std::uint64_t id = 0; id < 100'000; ++id) sum += log_normal_value_size(id, 200);
  EXPECT_EQ(sum, 19'797'943U);
}

TEST(ValueSize, FillsAValueWithItsKey) {
  EXPECT_EQ(object_value("abc", 0), "");
  EXPECT_EQ(object_value("abc", 2), "ab");
  EXPECT_EQ(object_value("abc", 3), "abc");
  EXPECT_EQ(object_value("abc", 8), "abcabcab");
  std::string text = "x";
  append_object_value("abc", 13, text);
  EXPECT_EQ(text, "xabcabcabcabca");
}

TEST(ValueSize, TellsAValueFromAnyOther) {
  const std::string key = object_key(17);
  for (const std::uint64_t size : {0U, 1U, 22U, 23U, 24U, 100U}) {
    const std::string value = object_value(key, size);
    EXPECT_TRUE(is_object_value(value, key, size)) << size;
    EXPECT_FALSE(is_object_value(value, key, size + 1)) << size;
    EXPECT_FALSE(is_object_value(value + "o", key, size)) << size;
    for (std::size_t i = 0; i < value.size(); ++i) {
      std::string wrong = value;
      wrong[i] = '!';
      EXPECT_FALSE(is_object_value(wrong, key, size)) << size << " " << i;
    }
  }
  EXPECT_FALSE(is_object_value(object_value(object_key(18), 100), key, 100));
}

}  // namespace
}  // namespace larder::tools
