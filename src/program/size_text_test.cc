// What people write is read, what is printed is read back, and nothing wraps around. Method: tables of
// texts, with the largest numbers of every unit among them.
#include "program/size_text.h"

#include <gtest/gtest.h>

namespace larder::program {
namespace {

TEST(SizeText, ReadsEveryUnitInAnyCase) {
  EXPECT_EQ(parse_size("0"), 0U);
  EXPECT_EQ(parse_size("17"), 17U);
  EXPECT_EQ(parse_size("17b"), 17U);
  EXPECT_EQ(parse_size("16kb"), 16384U);
  EXPECT_EQ(parse_size("16KB"), 16384U);
  EXPECT_EQ(parse_size("256Mb"), 268435456U);
  EXPECT_EQ(parse_size("3gb"), 3221225472U);
}

TEST(SizeText, RefusesWhatIsNotASize) {
  for (const char* text :
       {"", "b", "mb", "-1", "+1", "1.5gb", "1 kb", " 1kb", "1kb ", "1k", "1kib", "1tb", "0x10"}) {
    const auto size = parse_size(text);
    ASSERT_FALSE(size.has_value()) << text;
    EXPECT_EQ(size.error().kind, ErrorKind::malformed) << text;
  }
}

TEST(SizeText, RefusesSizesThatWouldWrapAround) {
  EXPECT_EQ(parse_size("4294967296gb"), std::uint64_t{1} << 62);
  for (const char* text :
       {"4294967297gb", "18446744073709551615", "18446744073709551616b", "99999999999999999999gb"}) {
    const auto size = parse_size(text);
    ASSERT_FALSE(size.has_value()) << text;
    EXPECT_EQ(size.error().kind, ErrorKind::too_large) << text;
  }
}

TEST(SizeText, PrintsWhatItReadsBack) {
  EXPECT_EQ(size_text(1536), "1536b");
  EXPECT_EQ(size_text(2048), "2kb");
  EXPECT_EQ(size_text(0), "0");
  for (const std::uint64_t size :
       {0ULL, 1ULL, 1023ULL, 1024ULL, 1ULL << 20, (1ULL << 30) + 1, 5ULL << 30, 1ULL << 62}) {
    EXPECT_EQ(parse_size(size_text(size)), size);
  }
}

TEST(DurationText, ReadsEveryUnitInAnyCase) {
  EXPECT_EQ(parse_duration("0"), Duration{0});
  EXPECT_EQ(parse_duration("0s"), Duration{0});
  EXPECT_EQ(parse_duration("250ms"), Duration{250});
  EXPECT_EQ(parse_duration("10S"), Duration{10'000});
  EXPECT_EQ(parse_duration("5m"), Duration{300'000});
  EXPECT_EQ(parse_duration("2h"), Duration{7'200'000});
}

TEST(DurationText, RefusesWhatIsNotADuration) {
  for (const char* text : {"", "10", "s", "-1s", "1.5s", "1 s", "1d", "1min", "00"}) {
    EXPECT_FALSE(parse_duration(text).has_value()) << text;
  }
}

TEST(DurationText, RefusesDurationsThatWouldWrapAround) {
  EXPECT_EQ(parse_duration("2147483647s"), Duration{2'147'483'647'000});
  for (const char* text : {"2147483648s", "596524h", "18446744073709551615ms", "99999999999999999999h"}) {
    const auto duration = parse_duration(text);
    ASSERT_FALSE(duration.has_value()) << text;
    EXPECT_EQ(duration.error().kind, ErrorKind::too_large) << text;
  }
}

TEST(DurationText, PrintsWhatItReadsBack) {
  EXPECT_EQ(duration_text(Duration{90'000}), "90s");
  for (const int milliseconds : {0, 1, 999, 1000, 60'000, 61'000, 3'600'000}) {
    EXPECT_EQ(parse_duration(duration_text(Duration{milliseconds})), Duration{milliseconds});
  }
}

}  // namespace
}  // namespace larder::program
