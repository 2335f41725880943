// Lines obey the level, except the one that others wait for. Method: standard error is captured.
#include "program/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

namespace larder::program {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

std::string logged_at(LogLevel level) {
  set_log_level(level);
  testing::internal::CaptureStderr();
  log_debug("of debug");
  log_info("of info");
  log_warn("of warn");
  log_error("of error");
  log_always("of always {}");
  return testing::internal::GetCapturedStderr();
}

TEST(Log, DropsLinesBelowItsLevel) {
  const std::string lines = logged_at(LogLevel::warn);
  EXPECT_THAT(lines, Not(HasSubstr("of debug")));
  EXPECT_THAT(lines, Not(HasSubstr("of info")));
  EXPECT_THAT(lines, HasSubstr("of warn\n"));
  EXPECT_THAT(lines, HasSubstr("of error\n"));
}

TEST(Log, WritesSomeLinesAtAnyLevel) {
  EXPECT_THAT(logged_at(LogLevel::off), MatchesRegex("[-0-9T:.]+Z info  of always \\{\\}\n"));
  EXPECT_THAT(logged_at(LogLevel::debug), HasSubstr("of debug\n"));
}

TEST(Log, KnowsItsLevelsByName) {
  EXPECT_EQ(log_level_of("debug"), LogLevel::debug);
  EXPECT_EQ(log_level_of("info"), LogLevel::info);
  EXPECT_EQ(log_level_of("warn"), LogLevel::warn);
  EXPECT_EQ(log_level_of("error"), LogLevel::error);
  EXPECT_EQ(log_level_of("off"), LogLevel::off);
}

}  // namespace
}  // namespace larder::program
