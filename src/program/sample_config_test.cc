// The sample shows every key, and what it shows is true. Method: a small table is printed; uncommented, the
// text must be read back as the defaults.
#include "program/sample_config.h"

#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "program/config_file.h"

namespace larder::program {
namespace {

constexpr std::array<std::string_view, 2> sample_schemes{"line", "resp"};

OptionTable small_table() {
  OptionTable table{.program = "sampler", .summary = "Samples", .environment_prefix = "SAMPLE_"};
  table.rows = {
      {.flag = "listen",
       .kind = OptionKind::endpoint_list,
       .default_text = "line://h:1,resp://h:2",
       .choices = sample_schemes,
       .help = "Where"},
      {.flag = "memory",
       .kind = OptionKind::size,
       .default_note = "all there is",
       .example = "1gb",
       .min = 1024,
       .help = "How much"},
      {.flag = "workers",
       .kind = OptionKind::count_or_auto,
       .default_text = "auto",
       .min = 1,
       .max = 8,
       .help = "N"},
      {.flag = "slower-than",
       .kind = OptionKind::count_or_none,
       .default_text = "10",
       .max = 100,
       .help = "Slow"},
      {.flag = "word", .kind = OptionKind::text, .value_text = "TEXT", .help = "Said"},
      {.flag = "allow-anonymous", .kind = OptionKind::toggle, .help = "Anybody"},
  };
  for (const OptionRow& row : common_option_rows(sample_schemes)) table.rows.push_back(row);
  return table;
}

TEST(SampleConfig, ShowsKeysRangesAndDefaults) {
  EXPECT_EQ(
      sample_config(small_table()),
      "# Options of sampler, with their defaults. Remove the # in front of what you change, and pass the\n"
      "# file with --config. A flag or an environment variable wins over what stands here.\n"
      "\n"
      "## Where.\n## Schemes: line, resp.\n# listen = [\"line://h:1\", \"resp://h:2\"]\n"
      "\n"
      "## How much.\n## At least 1kb.\n## Default: all there is.\n# memory = \"1gb\"\n"
      "\n"
      "## N.\n## At least 1, at most 8, or auto.\n# workers = \"auto\"\n"
      "\n"
      "## Slow.\n## At most 100, or -1.\n# slower-than = 10\n"
      "\n"
      "## Said.\n# word = \"\"\n"
      "\n"
      "## Anybody.\n# allow-anonymous = false\n"
      "\n"
      "## The least important lines to log on standard error; the line that says ready is always there.\n"
      "## One of: debug, info, warn, error, off.\n# log-level = \"info\"\n");
}

// Keys stand behind one # and a space, sentences behind two.
std::string uncommented(std::string text) {
  for (std::size_t at = text.find("\n# "); at != std::string::npos; at = text.find("\n# ", at)) {
    // The two lines on top are for people.
    const bool is_key = text.substr(at, text.find('\n', at + 1) - at).find(" = ") != std::string::npos;
    if (is_key) {
      text.erase(at + 1, 2);
    } else {
      text.insert(at + 1, "#");
    }
  }
  return text;
}

TEST(SampleConfig, IsAFileOnceItsKeysAreUncommented) {
  const auto entries = parse_config_text(uncommented(sample_config(small_table())), "sample");
  ASSERT_TRUE(entries.has_value()) << entries.error().message;
  EXPECT_EQ(entries->size(), 7U);
}

TEST(SampleConfig, ChangesNothingAsItIs) {
  const auto entries = parse_config_text(sample_config(small_table()), "sample");
  ASSERT_TRUE(entries.has_value()) << entries.error().message;
  EXPECT_TRUE(entries->empty());
}

}  // namespace
}  // namespace larder::program
