// Origins as a browser writes them. Method: a table with that row alone, and each way to be wrong.
#include "program/allowed_origins.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace larder::program {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

const OptionTable& origin_table() {
  static const OptionTable made = {.program = "prog",
                                   .summary = "A program.",
                                   .environment_prefix = "PROG_",
                                   .rows = {allow_origin_option_row("Whose pages may call")}};
  return made;
}

Result<std::vector<std::string>> origins_of(const std::vector<std::string>& arguments) {
  const auto parsed = read_options(origin_table(), arguments, {});
  EXPECT_TRUE(parsed.has_value());
  return allowed_origins(parsed->values);
}

TEST(AllowedOrigins, AreNoneUnlessNamed) {
  EXPECT_THAT(*origins_of({}), IsEmpty());
  EXPECT_THAT(*origins_of({"--allow-origin", "https://a.example", "--allow-origin", "http://b.example:8080"}),
              ElementsAre("https://a.example", "http://b.example:8080"));
}

TEST(AllowedOrigins, AreWrittenAsABrowserDoes) {
  for (const std::string text : {"*", "a.example", "https://a.example/", "https://", "://a", "https://a b",
                                 "https://a\nb", "https://a,https://b", "https://user@a", "null"}) {
    const auto refused = origins_of({"--allow-origin", "https://a.example", "--allow-origin", text});
    ASSERT_FALSE(refused) << text;
    EXPECT_THAT(refused.error().message, StartsWith("--allow-origin: '" + text + "' is not an origin"));
  }
}

}  // namespace
}  // namespace larder::program
