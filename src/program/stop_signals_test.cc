// A stop signal is an event to wait for, whatever the shell did to it before. Method: real signals sent to
// the test's own process, which has one StopSignals at a time; no clock is involved, since a signal that is
// blocked stays pending.
#include "program/stop_signals.h"

#include <chrono>
#include <csignal>
#include <gtest/gtest.h>
#include <optional>
#include <thread>
#include <unistd.h>

namespace larder::program {
namespace {

TEST(StopSignals, TellEachSignalOnce) {
  auto stop = StopSignals::make();
  ASSERT_TRUE(stop.has_value());
  kill(getpid(), SIGTERM);
  kill(getpid(), SIGINT);
  EXPECT_EQ(stop->wait(), StopSignals::Event::stop_signal);
  EXPECT_EQ(stop->wait(), StopSignals::Event::stop_signal);
  stop->notify();
  EXPECT_EQ(stop->wait(), StopSignals::Event::notified);
}

TEST(StopSignals, ArriveAlthoughTheShellHadThemIgnored) {
  std::signal(SIGINT, SIG_IGN);
  auto stop = StopSignals::make();
  ASSERT_TRUE(stop.has_value());
  kill(getpid(), SIGINT);
  EXPECT_EQ(stop->wait(), StopSignals::Event::stop_signal);
}

TEST(StopSignals, AHangupIsToldToWhoAsksForIt) {
  auto stop = StopSignals::make(StopSignals::Hangup::is_told);
  ASSERT_TRUE(stop.has_value());
  kill(getpid(), SIGHUP);
  EXPECT_EQ(stop->wait(), StopSignals::Event::hangup);
  kill(getpid(), SIGTERM);
  EXPECT_EQ(stop->wait(), StopSignals::Event::stop_signal);
}

TEST(StopSignals, CanBeInterruptedByAnotherThread) {
  auto stop = StopSignals::make();
  ASSERT_TRUE(stop.has_value());
  std::thread other([&] { stop->notify(); });
  EXPECT_EQ(stop->wait(), StopSignals::Event::notified);
  other.join();
}

TEST(StopSignals, AreWaitedForNoLongerThanSomebodyLikes) {
  auto stop = StopSignals::make();
  ASSERT_TRUE(stop.has_value());
  EXPECT_EQ(stop->wait_for(Duration{0}), std::nullopt);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(stop->wait_for(Duration{20}), std::nullopt);
  EXPECT_GE(std::chrono::steady_clock::now() - start, Duration{20});
  kill(getpid(), SIGTERM);
  EXPECT_EQ(stop->wait_for(Duration{60'000}), StopSignals::Event::stop_signal);
}

TEST(StopSignals, LeaveABrokenPipeToTheWriter) {
  auto stop = StopSignals::make();
  ASSERT_TRUE(stop.has_value());
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  EXPECT_EQ(write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  close(ends[1]);
}

}  // namespace
}  // namespace larder::program
