// Patterns match as in Redis, and no pattern costs more than its length. Method: a table of answers that
// redis-server 7.0.15 gave; random patterns over few letters against a matcher that tries everything; the
// steps that hostile patterns take, counted.
#include "base/glob.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"

namespace larder {
namespace {

bool glob(Bytes pattern, Bytes text) { return Glob(pattern, 1000).matches(text); }

struct Example {
  std::string pattern;
  std::vector<std::string> matching;
};

TEST(Glob, MatchesWhatRedisMatches) {
  const std::vector<std::string> texts = {"",     "a",    "b",       "ab",  "a]",
                                          "a-",   "a\\",  "b\\",     "[",   "^",
                                          "\xff", "a*",   "aab",     "abc", std::string("a\0b", 3),
                                          "*",    "abab", "abcabcd", "aa]", "hello"};
  const std::vector<std::string>& all = texts;
  const std::vector<Example> examples = {
      {"*", all},
      {"**", {all.begin() + 1, all.end()}},
      {"", {""}},
      {"?", {"a", "b", "[", "^", "\xff", "*"}},
      {"h?llo", {"hello"}},
      {"h*llo", {"hello"}},
      {"h[ae]llo", {"hello"}},
      {"h[^e]llo", {}},
      {"hello*", {"hello"}},
      {"hello?", {}},
      {"*hello", {"hello"}},
      {"a", {"a"}},
      {"*b", {"b", "ab", "aab", std::string("a\0b", 3), "abab"}},
      {"*ab", {"ab", "aab", "abab"}},
      {"*abc*d", {"abcabcd"}},
      {"a**b", {"ab", "aab", std::string("a\0b", 3), "abab"}},
      {"*?b", {"ab", "aab", std::string("a\0b", 3), "abab"}},
      {"?*?*?*?", {"abab", "abcabcd", "hello"}},
      {"[", {}},
      {"[]", {}},
      {"[]a]", {}},
      {"[^", {"a", "b", "[", "^", "\xff", "*"}},
      {"[^]", {"a", "b", "[", "^", "\xff", "*"}},
      {"[^]]", {"a]"}},
      {"[^^]", {"a", "b", "[", "\xff", "*"}},
      {"[\\^]", {"^"}},
      {"a[b", {"ab"}},
      {"a[a-", {"a-"}},
      {"a[a-]", {"a]"}},
      {"a[a-]b]", {"a]", "ab"}},
      {"a[-b]", {"a-", "ab"}},
      {"a[z-a]", {"ab"}},
      {"a[\\b]", {"ab"}},
      {"a[\\]]", {"a]"}},
      {"a[\\", {"a\\"}},
      {"b\\", {"b\\"}},
      {"b\\\\", {"b\\"}},
      {"b[\\]", {}},
      {"a[b-\\]]", {"aa]"}},
      {"a[b-\\]", {"ab", "a]", "a\\"}},
      {"\\[", {"["}},
      {"a\\*", {"a*"}},
      {"\\*", {"*"}},
      {"[a-\xff]", {"a", "[", "^", "\xff", "*"}},  // chars are signed there
      {"[\xfe-a]", {"a", "[", "^", "\xff", "*"}},
      {"\xff", {"\xff"}},
      {std::string("a\0*", 3), {std::string("a\0b", 3)}},
      {"A", {}},
  };
  for (const Example& example : examples) {
    for (const std::string& text : texts) {
      const bool expected = std::ranges::find(example.matching, text) != example.matching.end();
      EXPECT_EQ(glob(example.pattern, text), expected) << example.pattern << " on " << text;
    }
  }
}

// Whether the first single of the pattern takes `c`, and what stands behind it.
std::pair<bool, Bytes> takes(Bytes pattern, char c) {
  const char head = pattern.front();
  pattern.remove_prefix(1);
  if (head == '?') return {true, pattern};
  if (head == '\\' && !pattern.empty()) return {pattern.front() == c, pattern.substr(1)};
  if (head != '[') return {head == c, pattern};
  const bool is_inverted = pattern.starts_with('^');
  std::size_t i = is_inverted ? 1 : 0;
  bool is_taken = false;
  for (; i < pattern.size() && pattern[i] != ']'; ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) {
      is_taken |= pattern[++i] == c;
    } else if (i + 2 < pattern.size() && pattern[i + 1] == '-') {
      is_taken |= std::min(pattern[i], pattern[i + 2]) <= c && c <= std::max(pattern[i], pattern[i + 2]);
      i += 2;
    } else {
      is_taken |= pattern[i] == c;
    }
  }
  return {is_taken != is_inverted, pattern.substr(std::min(i + 1, pattern.size()))};
}

// NOLINTNEXTLINE(misc-no-recursion): that is the point of it
bool tries_everything(Bytes pattern, Bytes text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*') {
    for (std::size_t i = 0; i <= text.size(); ++i) {
      if (tries_everything(pattern.substr(1), text.substr(i))) return true;
    }
    return false;
  }
  if (text.empty()) return false;
  const auto [is_taken, rest] = takes(pattern, text.front());
  return is_taken && tries_everything(rest, text.substr(1));
}

std::string random_text(SplitMix64& random, Bytes letters, std::size_t size_max) {
  std::string text(random.next() % (size_max + 1), ' ');
  for (char& c : text) c = letters[random.next() % letters.size()];
  return text;
}

TEST(Glob, AgreesWithAMatcherThatTriesEverything) {
  SplitMix64 random(1);
  std::size_t match_count = 0;
  for (int i = 0; i < 200'000; ++i) {
    const std::string pattern = random_text(random, i % 2 == 0 ? "ab*?" : "ab*?[]^-\\c", 9);
    const std::string text = random_text(random, i % 2 == 0 ? "ab" : "abc]-^", 9);
    if (text.empty()) continue;
    const bool expected = tries_everything(pattern, text);
    match_count += expected ? 1 : 0;
    ASSERT_EQ(glob(pattern, text), expected) << pattern << " on " << text;
  }
  EXPECT_GT(match_count, 10'000U);
}

// Patterns of several words, made from the text so that they often match.
TEST(Glob, AgreesAcrossTheWordsOfALongPattern) {
  SplitMix64 random(2);
  std::size_t match_count = 0;
  for (int i = 0; i < 5'000; ++i) {
    const std::string text = random_text(random, "ab", 400);
    if (text.empty()) continue;
    std::string pattern;
    std::size_t star_count = 0;
    for (std::size_t k = 0; k < text.size(); ++k) {
      const std::uint64_t kind = random.next() % 100;
      if (kind < 10) {
        pattern += '?';
      } else if (kind < 12 && star_count < 4) {
        ++star_count;
        pattern += '*';
        k += random.next() % 70;
      } else {
        pattern += kind == 99 && i % 4 == 0 ? 'b' : text[k];
      }
    }
    const bool expected = tries_everything(pattern, text);
    match_count += expected ? 1 : 0;
    ASSERT_EQ(glob(pattern, text), expected) << pattern << " on " << text;
  }
  EXPECT_GT(match_count, 1'000U);
  EXPECT_LT(match_count, 4'500U);
}

std::string repeated(Bytes part, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += part;
  return text;
}

TEST(Glob, TakesNoMoreStepsThanItsHeaderSays) {
  const std::string text(16'384, 'a');
  for (const std::string& pattern :
       {repeated("*a", 8'000) + "b", "*" + std::string(8'000, 'a') + "b", repeated("*a", 30) + "*b",
        repeated("*[a-z]", 8'000) + "[^a]", repeated("a*", 8'000) + "b", repeated("?", 16'384),
        repeated("*?", 8'000) + "b", repeated("[^b]*", 100) + repeated("[ab]", 6'000) + "b"}) {
    Glob glob(pattern, 16'384);
    glob.begin(text);
    constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
    std::size_t work = most;
    EXPECT_EQ(glob.go_on(work), pattern.front() == '?');
    EXPECT_LE(most - work, text.size() * (pattern.size() / 64 + 2)) << pattern.substr(0, 20);
    EXPECT_LE(glob.held_size(), 800'000U);
  }
}

// A star in front gives up what lies before it: many stars are no dearer than one.
TEST(Glob, GivesUpWhatLiesBelowAStar) {
  const std::string text(16'384, 'a');
  Glob glob(repeated("*a", 8'000) + "b", 16'384);
  glob.begin(text);
  std::size_t work = 100'000;
  EXPECT_EQ(glob.go_on(work), false);
}

TEST(Glob, GoesOnWhereItStopped) {
  const std::string text = std::string(1'000, 'a') + "b";
  for (const auto& [pattern, expected] : {std::pair{"*ab", true}, std::pair{"*aa", false}}) {
    Glob glob(pattern, 2'000);
    glob.begin(text);
    std::optional<bool> verdict;
    int portion_count = 0;
    while (!verdict) {
      std::size_t work = 10;
      verdict = glob.go_on(work);
      ++portion_count;
    }
    EXPECT_EQ(verdict, expected);
    EXPECT_GT(portion_count, 90);
    EXPECT_TRUE(glob.matches("aab") == expected) << "it is ready for another text";
  }
}

TEST(Glob, KeepsNothingOfAPatternThatNoTextIsLongEnoughFor) {
  Glob glob(std::string(5, '?'), 4);
  EXPECT_FALSE(glob.matches("abcd"));
  EXPECT_EQ(glob.held_size(), 0U);
  EXPECT_TRUE(Glob("????", 4).matches("abcd"));
}

TEST(Glob, KnowsThePatternThatMatchesAll) {
  EXPECT_TRUE(Glob("*", 4).matches_all());
  EXPECT_FALSE(Glob("**", 4).matches_all());
  EXPECT_FALSE(Glob("\\*", 4).matches_all());
  EXPECT_TRUE(Glob("*", 4).matches(""));
}

}  // namespace
}  // namespace larder
