// A loop is chosen by name, and `auto` by what the kernel offers. Method: each name; a process that may have
// no io_uring is in tests/e2e/test_event_loops.py.
#include "transport/loop_choice.h"

#include <gtest/gtest.h>

namespace larder::transport {
namespace {

TEST(LoopChoice, IsMadeByName) {
  const auto epoll = choose_event_loop("epoll");
  ASSERT_TRUE(epoll.has_value());
  EXPECT_EQ(epoll->name, "epoll");
  EXPECT_EQ(epoll->reason, "asked for");
  EXPECT_TRUE(epoll->make({}).has_value());
}

TEST(LoopChoice, TakesIoUringIfItCanAndSaysWhyIfItCannot) {
  const auto best = choose_event_loop("auto");
  const auto named = choose_event_loop("io_uring");
  ASSERT_TRUE(best.has_value());
  EXPECT_TRUE(best->make({}).has_value());
  EXPECT_EQ(best->name, named.has_value() ? "io_uring" : "epoll");
  EXPECT_EQ(best->reason, named.has_value() ? "the kernel offers it" : named.error().message);
}

// Where the suites over all loops leave io_uring out, this says so.
TEST(LoopChoice, IoUringIsTestedHere) {
  const auto named = choose_event_loop("io_uring");
  if (!named.has_value()) GTEST_SKIP() << named.error().message;
  auto made = named->make({});
  ASSERT_TRUE(made.has_value()) << made.error().message;
  (*made)->shut_down(Duration{0});
  EXPECT_TRUE((*made)->run().has_value());
}

TEST(LoopChoice, HasAutoForADefault) { EXPECT_EQ(event_loop_names().front(), "auto"); }

}  // namespace
}  // namespace larder::transport
