// Threads stay on the core they are bound to, and the others where they like. Method: what the kernel says of
// a thread of the test's own.
#include "server/cores.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <thread>

namespace larder::server {
namespace {

using testing::ElementsAre;

TEST(Cores, AreThoseThatTheKernelNames) {
  cpu_set_t cores;
  ASSERT_EQ(::sched_getaffinity(0, sizeof cores, &cores), 0);
  const std::vector<int> usable = usable_cores();
  EXPECT_EQ(usable.size(), static_cast<std::size_t>(CPU_COUNT(&cores)));
  EXPECT_TRUE(std::ranges::is_sorted(usable));
  for (const int core : usable) EXPECT_TRUE(CPU_ISSET(static_cast<std::size_t>(core), &cores));
}

TEST(Cores, AreWhereAThreadIsBoundTo) {
  const std::vector<int> before = usable_cores();
  for (const int core : before) {
    std::jthread([core] {
      EXPECT_TRUE(bind_thread(::pthread_self(), core).has_value());
      EXPECT_THAT(usable_cores(), ElementsAre(core));
      EXPECT_EQ(::sched_getcpu(), core);
    }).join();
  }
  EXPECT_EQ(usable_cores(), before);
}

TEST(Cores, ThatAreNotThereCannotBeBoundTo) {
  const auto bound = bind_thread(::pthread_self(), 8191);
  ASSERT_FALSE(bound.has_value());
  EXPECT_EQ(bound.error().message, "cannot bind a thread to core 8191: Invalid argument");
}

}  // namespace
}  // namespace larder::server
