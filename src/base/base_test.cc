// The floor: small things that everything else takes for granted. Method: tables of hand-picked inputs at the
// edges.
#include <gtest/gtest.h>
#include <string>

#include "base/ascii.h"
#include "base/function_ref.h"
#include "base/hash.h"
#include "base/numbers.h"
#include "base/random.h"
#include "base/result.h"
#include "base/utf8.h"

namespace larder {
namespace {

TEST(ParseInt64, ReadsWhatRedisReads) {
  EXPECT_EQ(parse_int64("0"), 0);
  EXPECT_EQ(parse_int64("-1"), -1);
  EXPECT_EQ(parse_int64("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(parse_int64("-9223372036854775808"), INT64_MIN);
}

TEST(ParseInt64, RefusesWhatRedisRefuses) {
  for (const Bytes text : {"", "-", "+1", "01", "-0", "-01", " 1", "1 ", "1a", "9223372036854775808",
                           "-9223372036854775809", "1.0", "0x1"}) {
    EXPECT_EQ(parse_int64(text), std::nullopt) << text;
  }
}

TEST(ParseUint64, ReadsDigitsOnly) {
  EXPECT_EQ(parse_uint64("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(parse_uint64("007"), 7U);
  for (const Bytes text : {"", "-1", "+1", "1 ", "18446744073709551616"}) {
    EXPECT_EQ(parse_uint64(text), std::nullopt) << text;
  }
}

TEST(IntegerText, WritesTheExtremes) {
  EXPECT_EQ(IntegerText(INT64_MIN).bytes(), "-9223372036854775808");
  EXPECT_EQ(IntegerText(UINT64_MAX).bytes(), "18446744073709551615");
}

TEST(Utf8, AcceptsTheEdgesOfEveryRow) {
  for (const Bytes text : {"", "a", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                           "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_utf8(text));
  }
  EXPECT_TRUE(is_utf8(Bytes("a\0b", 3)));
}

TEST(Utf8, RefusesOverlongSurrogateTooHighAndCutForms) {
  for (const Bytes text :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xE1\x80",
        "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "ab\xFE"}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(Ascii, IgnoresCaseOfLettersOnly) {
  EXPECT_TRUE(equals_ignoring_case("GeT", "gEt"));
  EXPECT_FALSE(equals_ignoring_case("get", "gets"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));  // 0x5B and 0x7B differ by the same bit as letters do
}

TEST(Hasher, DependsOnTheSecretAndOnEveryByte) {
  const Hasher hash(hash_secret_from_seed(1));
  const Hasher other(hash_secret_from_seed(2));
  EXPECT_EQ(hash("key"), Hasher(hash_secret_from_seed(1))("key"));
  EXPECT_NE(hash("key"), other("key"));
  EXPECT_NE(hash("key"), hash("kez"));
  EXPECT_NE(hash(""), hash(Bytes("\0", 1)));
}

TEST(Random, FillsEveryByte) {
  // 4,096 bytes without a zero run of 16: a short fill would leave one, chance leaves one in 2^116 runs.
  std::string bytes(4096, '\0');
  fill_random({reinterpret_cast<unsigned char*>(bytes.data()), bytes.size()});
  EXPECT_EQ(bytes.find(std::string(16, '\0')), std::string::npos);
}

TEST(FunctionRef, CallsWhatItBorrows) {
  int calls = 0;
  auto count = [&calls](int n) { return calls += n; };
  const FunctionRef<int(int)> borrowed = count;
  EXPECT_EQ(borrowed(2), 2);
  EXPECT_EQ(borrowed(3), 5);
}

TEST(Result, CarriesTheKindToTheCaller) {
  const Result<int> result = failure(ErrorKind::overloaded, "queue full");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::overloaded);
  EXPECT_EQ(result.error().message, "queue full");
}

}  // namespace
}  // namespace larder
