// What the notation means, piece by piece; then every synopsis of the command table against the rest of its
// row. tests/differential holds the whole of COMMAND DOCS against Redis.
#include "session/command_synopsis.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <gtest/gtest.h>
#include <string>
#include <string_view>

#include "session/resp_commands.h"

namespace larder::session {
namespace {

// All that is known of an argument, in one line.
std::string shown(const Argument& argument) {  // NOLINT(misc-no-recursion): as deep as a synopsis
  std::string text;
  if (!argument.token.empty()) text += std::string(argument.token) + ' ';
  text += argument.name + ' ' + std::string(argument.type);
  if (argument.key_spec_index) text += ' ' + std::to_string(*argument.key_spec_index);
  if (!argument.since.empty()) text += " since " + std::string(argument.since);
  if (!argument.deprecated_since.empty()) text += " until " + std::string(argument.deprecated_since);
  if (argument.is_optional) text += " optional";
  if (argument.is_multiple) text += " multiple";
  if (argument.repeats_token) text += " multiple_token";
  for (const Argument& part : argument.arguments) text += " (" + shown(part) + ')';
  return text;
}

std::string shown(Bytes synopsis) {
  std::string text;
  for (const Argument& argument : parse_synopsis(synopsis)) {
    text += (text.empty() ? "" : "; ") + shown(argument);
  }
  return text;
}

TEST(CommandSynopsis, TellsNamesWordsAndTypes) {
  EXPECT_EQ(shown(""), "");
  EXPECT_EQ(shown("key value"), "key key 0; value string");
  EXPECT_EQ(shown("key:string pattern"), "key string; pattern pattern");
  EXPECT_EQ(shown("source:key destination:second-key"), "source key 0; destination key 1");
  EXPECT_EQ(shown("seconds:integer at:unix-time by:double"), "seconds integer; at unix-time; by double");
  EXPECT_EQ(shown("ip:port yes/no sha1"), "ip:port string; yes/no string; sha1 string");
  EXPECT_EQ(shown("[REPLACE] [DB destination-db:integer]"),
            "REPLACE replace pure-token optional; DB destination-db integer optional");
  EXPECT_EQ(shown("[LIB-NAME libname]"), "LIB-NAME libname string optional");
}

TEST(CommandSynopsis, TellsChoicesBlocksAndHowOften) {
  EXPECT_EQ(shown("mode=(YES | NO)"), "mode oneof (YES yes pure-token) (NO no pure-token)");
  EXPECT_EQ(shown("key_value=(key value)..."), "key_value block multiple (key key 0) (value string)");
  EXPECT_EQ(shown("[ID id=(client-id:integer...)]"), "ID id block optional (client-id integer multiple)");
  EXPECT_EQ(shown("key..."), "key key 0 multiple");
  EXPECT_EQ(shown("[name...]"), "name string optional multiple");
  EXPECT_EQ(shown("[PREFIX prefix]... [NOLOOP]"),
            "PREFIX prefix string optional multiple multiple_token; NOLOOP noloop pure-token optional");
  EXPECT_EQ(shown("a=(b | c=([D] | [E e])...)"),
            "a oneof (b string) (c oneof multiple (D d pure-token optional) (E e string optional))");
}

TEST(CommandSynopsis, TellsVersions) {
  EXPECT_EQ(shown("[GET@6.2.0] a=(ip:port~2.8.12 | EX seconds:integer@2.6.12)@7.0.0"),
            "GET get pure-token since 6.2.0 optional; a oneof since 7.0.0 (ip:port string until 2.8.12) "
            "(EX seconds integer since 2.6.12)");
}

TEST(CommandSynopsisDeathTest, AMistakeInALineIsOurOwn) {
  for (const Bytes wrong : {"[a", "a)", "a=(b", "a  b", "a=(b | c d)", " ", "a@", "a]", "a=()"}) {
    EXPECT_DEATH(static_cast<void>(parse_synopsis(wrong)), "assertion failed") << wrong;
  }
}

// How many words they are at least, and whether there may be more.
struct Count {
  std::size_t min = 0;
  bool has_more = false;
};

Count count_of(const std::vector<Argument>& arguments, bool is_choice);

// When it is there.
Count count_of(const Argument& argument) {  // NOLINT(misc-no-recursion): as deep as a synopsis
  if (argument.type == "pure-token") return {.min = 1};
  Count count{.min = 1};
  if (!argument.arguments.empty()) count = count_of(argument.arguments, argument.type == "oneof");
  return {.min = count.min + (argument.token.empty() ? 0 : 1),
          .has_more = count.has_more || argument.is_multiple};
}

Count count_of(const std::vector<Argument>& arguments,
               bool is_choice) {  // NOLINT(misc-no-recursion): as above
  Count sum;
  for (const Argument& argument : arguments) {
    const Count part = count_of(argument);
    const bool is_other = is_choice && &argument != &arguments.front();
    sum.has_more = sum.has_more || part.has_more || argument.is_optional || (is_other && part.min != sum.min);
    if (is_other) {
      sum.min = std::min(sum.min, part.min);
    } else if (is_choice || !argument.is_optional) {
      sum.min += part.min;
    }
  }
  return sum;
}

bool has_key(const std::vector<Argument>& arguments) {  // NOLINT(misc-no-recursion): as above
  return std::ranges::any_of(arguments, [](const Argument& argument) {
    return argument.key_spec_index.has_value() || has_key(argument.arguments);
  });
}

void expect_to_fit(const CommandSpec& spec) {  // NOLINT(misc-no-recursion): to subcommands
  for (const CommandSpec& subcommand : spec.subcommands) expect_to_fit(subcommand);
  const auto arguments = parse_synopsis(spec.synopsis);
  EXPECT_EQ(has_key(arguments), spec.keys.first != 0) << spec.name;
  // Of these Redis tells nothing, although they take something.
  constexpr std::array free{"command", "command|getkeys", "command|getkeysandflags", "debug", "quit"};
  if (std::ranges::find(free, spec.name) != free.end() || !spec.is_served) return;
  if (spec.handler == nullptr) {
    EXPECT_TRUE(arguments.empty()) << spec.name;
    return;
  }
  const auto [min, has_more] = count_of(arguments, false);
  const std::size_t name_count = spec.name.contains('|') ? 2 : 1;
  EXPECT_EQ(name_count + min, static_cast<std::size_t>(std::abs(spec.arity))) << spec.name;
  EXPECT_EQ(has_more, spec.arity < 0) << spec.name;
}

TEST(CommandSynopsis, FitsTheCountOfArgumentsOfItsRow) {
  for (const CommandSpec& spec : command_table()) expect_to_fit(spec);
}

}  // namespace
}  // namespace larder::session
