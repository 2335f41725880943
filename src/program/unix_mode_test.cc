// The mode of a socket's file as people write it. Method: a table with that row alone, and each way to be
// wrong.
#include "program/unix_mode.h"

#include <gtest/gtest.h>

namespace larder::program {
namespace {

const OptionTable& mode_table() {
  static const OptionTable made = {.program = "prog",
                                   .summary = "A program.",
                                   .environment_prefix = "PROG_",
                                   .rows = {unix_mode_option_row()}};
  return made;
}

Result<unsigned> mode_of(const std::vector<std::string>& arguments) {
  const auto parsed = read_options(mode_table(), arguments, {});
  EXPECT_TRUE(parsed.has_value());
  return unix_mode(parsed->values);
}

TEST(UnixMode, LetsNobodyElseInUnlessToldTo) { EXPECT_EQ(mode_of({}), 0700U); }

TEST(UnixMode, IsOctal) {
  EXPECT_EQ(mode_of({"--unix-mode", "0770"}), 0770U);
  EXPECT_EQ(mode_of({"--unix-mode", "770"}), 0770U);
  EXPECT_EQ(mode_of({"--unix-mode", "666"}), 0666U);
  EXPECT_EQ(mode_of({"--unix-mode", "0777"}), 0777U);
}

TEST(UnixMode, IsRefusedIfItIsNone) {
  for (const char* text : {"0", "rwx------", "0o700", "0x1c0", "-700", " 700", "0788", "00700", "1777",
                           "0500", "0077", "77777777777777777777"}) {
    const auto mode = mode_of({"--unix-mode", text});
    ASSERT_FALSE(mode.has_value()) << text;
    EXPECT_EQ(
        mode.error().message.find("--unix-mode: '" + std::string(text) + "' is not the mode of a socket"), 0U)
        << mode.error().message;
  }
}

// TOML reads 0o700 as 448. No such number may pass for another mode.
TEST(UnixMode, IsNeverMisreadFromAnOctalNumberOfAFile) {
  for (unsigned mode = 0; mode <= 0777; ++mode)
    EXPECT_FALSE(mode_of({"--unix-mode", std::to_string(mode)}).has_value()) << mode;
}

}  // namespace
}  // namespace larder::program
