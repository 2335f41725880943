// Inline commands split as Redis splits them. Method: a table of lines with the words that Redis' rules give,
// and a table of lines that its rules refuse.
#include "protocol/resp/inline_command.h"

#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <vector>

namespace larder::protocol {
namespace {

using Words = std::vector<std::string>;

std::optional<Words> split(Bytes line) {
  std::string text;
  std::vector<Slice> slices;
  if (!split_inline_command(line, text, slices)) return std::nullopt;
  EXPECT_LE(text.size(), line.size());
  Words words;
  words.reserve(slices.size());
  for (const Slice& slice : slices) words.push_back(text.substr(slice.offset, slice.size));
  return words;
}

TEST(InlineCommand, SplitsAtBlanks) {
  EXPECT_EQ(split(""), Words{});
  EXPECT_EQ(split(" \t\r\n\v\f"), Words{});
  EXPECT_EQ(split("PING"), Words{"PING"});
  EXPECT_EQ(split("  set\tkey   value  "), (Words{"set", "key", "value"}));
  EXPECT_EQ(split("a\vb \vc"), (Words{"a\vb", "c"}));
}

TEST(InlineCommand, QuotesHoldWordsTogether) {
  EXPECT_EQ(split(R"(set "a key" 'a value')"), (Words{"set", "a key", "a value"}));
  EXPECT_EQ(split(R"("" '')"), (Words{"", ""}));
  EXPECT_EQ(split(R"(a"b c" d)"), (Words{"ab c", "d"}));
  EXPECT_EQ(split(R"("it's" 'say "hi"')"), (Words{"it's", "say \"hi\""}));
}

TEST(InlineCommand, DoubleQuotesKnowEscapes) {
  EXPECT_EQ(split(R"("\n\r\t\b\a")"), Words{"\n\r\t\b\a"});
  EXPECT_EQ(split(R"("\x41\xfF")"), Words{"A\xff"});
  EXPECT_EQ(split(R"("\x00")"), Words{std::string(1, '\0')});
  EXPECT_EQ(split(R"("\"\\\q\xg1\x4")"), Words{"\"\\qxg1x4"});
}

TEST(InlineCommand, SingleQuotesKnowOneEscape) {
  EXPECT_EQ(split(R"('it\'s' 'a\n\\b')"), (Words{"it's", R"(a\n\\b)"}));
}

TEST(InlineCommand, ZeroIsAnOrdinaryByte) {
  const std::string line("set k a\0b", 9);
  EXPECT_EQ(split(line), (Words{"set", "k", std::string("a\0b", 3)}));
}

TEST(InlineCommand, RefusesQuotesThatDoNotBalance) {
  for (const Bytes line :
       {R"(")", R"(')", R"(a "b)", R"("a"b)", R"('a'b)", R"("a""b")", R"("a\)", R"('a\')", R"(set k "v)"}) {
    EXPECT_EQ(split(line), std::nullopt) << line;
  }
}

}  // namespace
}  // namespace larder::protocol
