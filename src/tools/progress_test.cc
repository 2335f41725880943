// A short run says nothing, a long one says how far it is, and a terminal is left clean. Method: a clock that
// is moved by hand, and the very bytes that are written.
#include "tools/progress.h"

#include <gtest/gtest.h>
#include <string>

namespace larder::tools {
namespace {

class HandClock final : public Clock {
 public:
  Now now() const override { return {.wall = TimePoint{}, .steady = SteadyTime{Duration{at_ms}}}; }
  std::int64_t at_ms = 1'000'000;
};

class ProgressTest : public testing::Test {
 protected:
  // What is written when a report comes `after_ms` after the last.
  std::string written(Progress& progress, std::int64_t after_ms, std::uint64_t done, std::uint64_t total) {
    clock.at_ms += after_ms;
    text.clear();
    progress.report("simulating", done, total);
    return text;
  }

  HandClock clock;
  std::string text;
  Progress::Write write = [this](std::string_view more) { text += more; };
};

TEST_F(ProgressTest, GivesALogALineNowAndThenOnceARunIsLong) {
  Progress progress(clock, false, write);
  EXPECT_EQ(written(progress, 0, 1, 200), "");
  EXPECT_EQ(written(progress, 1999, 20, 200), "");
  EXPECT_EQ(written(progress, 1, 50, 200), "simulating: 25 % of 200 requests\n");
  EXPECT_EQ(written(progress, 4999, 60, 200), "");
  EXPECT_EQ(written(progress, 1, 199, 200), "simulating: 99 % of 200 requests\n");
  text.clear();
  progress.finish();
  EXPECT_EQ(text, "");
}

TEST_F(ProgressTest, KeepsOneLineOnATerminalAndTakesItAway) {
  Progress progress(clock, true, write);
  EXPECT_EQ(written(progress, 299, 1, 200), "");
  EXPECT_EQ(written(progress, 1, 2, 200), "\rsimulating: 1 % of 200 requests\x1b[K");
  EXPECT_EQ(written(progress, 99, 3, 200), "");
  EXPECT_EQ(written(progress, 1, 200, 200), "\rsimulating: 100 % of 200 requests\x1b[K");
  text.clear();
  progress.finish();
  EXPECT_EQ(text, "\r\x1b[K");
  text.clear();
  progress.finish();
  EXPECT_EQ(text, "");
}

TEST_F(ProgressTest, TakesLinesOfTheCallersOwnAsOftenAsItWants) {
  Progress progress(clock, false, write, Duration{1000});
  int asked_count = 0;
  const auto line = [&] { return "line " + std::to_string(++asked_count); };
  for (const std::int64_t after_ms : {1999, 1, 999, 1}) {
    clock.at_ms += after_ms;
    progress.report(line);
  }
  EXPECT_EQ(text, "line 1\nline 2\n");
}

TEST_F(ProgressTest, CountsWhereNobodyKnowsHowManyThereAre) {
  Progress progress(clock, false, write);
  EXPECT_EQ(written(progress, 3000, 123, 0), "simulating: 123 requests\n");
}

}  // namespace
}  // namespace larder::tools
