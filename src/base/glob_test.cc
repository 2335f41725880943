// Patterns fit what Redis' would. Method: a table of pattern, text and answer; hostile patterns end at once.
#include "base/glob.h"

#include <chrono>
#include <gtest/gtest.h>
#include <string>

namespace larder {
namespace {

struct Sample {
  std::string pattern;
  std::string text;
  bool matches;
};

TEST(Glob, FitsWhatRedisWouldFit) {
  const Sample samples[] = {
      {"", "", true},
      {"", "a", false},
      {"a", "", false},
      {"a", "a", true},
      {"a", "ab", false},
      {"?", "x", true},
      {"?", "", false},
      {"h?llo", "hello", true},
      {"*", "", true},
      {"*", "any", true},
      {"a*", "abc", true},
      {"*c", "abc", true},
      {"*b*", "abc", true},
      {"a*c", "abd", false},
      {"**", "x", true},
      {"a**c", "abbc", true},
      {"*a*b*c", "xaybzc", true},
      {"*a*b*c", "xaybz", false},
      {"[abc]", "b", true},
      {"[abc]", "d", false},
      {"[a-c]", "b", true},
      {"[c-a]", "b", true},
      {"[a-c]", "d", false},
      {"[^a]", "b", true},
      {"[^a]", "a", false},
      {"[^a-c]x", "dx", true},
      {"[]", "a", false},
      {"[^]", "a", true},
      {"[a", "a", true},
      {"[a", "b", false},
      {"[", "a", false},
      {"[\\]]", "]", true},
      {"[a\\-z]", "-", true},
      {"[a\\-z]", "b", false},
      {"\\*", "*", true},
      {"\\*", "a", false},
      {"\\", "\\", true},
      {"a\\", "a\\", true},
      {"\\a", "a", true},
      {"a]", "a]", true},
      {"[a-]", "-", false},
      {"[a-", "-", true},
      {"user:*:name", "user:17:name", true},
      {"*[0-9]", "key9", true},
      {"*[0-9]", "key", false},
      {"a?c*e", "abcde", true},
  };
  for (const Sample& sample : samples) {
    EXPECT_EQ(glob_matches(sample.pattern, sample.text), sample.matches)
        << sample.pattern << " on " << sample.text;
  }
}

TEST(Glob, TakesBytesAsTheyAre) {
  EXPECT_TRUE(glob_matches(std::string("a\0*", 3), std::string("a\0b\xff", 4)));
  EXPECT_TRUE(glob_matches("[\x80-\xff]", "\xc0"));
  EXPECT_FALSE(glob_matches("A", "a"));
}

// Each star doubled the time of an implementation that tries them all against each other.
TEST(Glob, NeedsNoLongerForAHostilePattern) {
  std::string pattern;
  for (int i = 0; i < 1000; ++i) pattern += "a*[a-z]*?*";
  pattern += "b";
  const std::string text(5000, 'a');
  const auto started = std::chrono::steady_clock::now();
  EXPECT_FALSE(glob_matches(pattern, text));
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds{5});
}

}  // namespace
}  // namespace larder
