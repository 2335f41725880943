// Counters lose nothing although nobody locks. Method: each thread writes its own, a reader adds up all the
// while.
#include "insight/counters.h"

#include <cstdint>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace larder::insight {
namespace {

TEST(Counters, AddUpToWhatEachWorkerCounted) {
  std::vector<Counters> workers(3);
  workers[0].connections.add(5);
  workers[0].connections.subtract(2);
  workers[1].connections.add(10);
  workers[1].connection_buffer_size.add(300);
  workers[2].connection_buffer_size.add(40);
  workers[2].bytes_sent.add(7);
  const CounterTotals totals = add_up(workers);
  EXPECT_EQ(totals.connections, 13U);
  EXPECT_EQ(totals.connection_buffer_size, 340U);
  EXPECT_EQ(totals.bytes_sent, 7U);
  EXPECT_EQ(totals.protocol_errors, 0U);
}

TEST(Counters, AreReadWhileTheyAreWritten) {
  constexpr std::uint64_t writes = 200'000;
  std::vector<Counters> workers(2);
  std::vector<std::thread> threads;
  threads.reserve(workers.size());
  for (Counters& own : workers) {
    threads.emplace_back([&own] {
      for (std::uint64_t i = 0; i < writes; ++i) own.commands.add();
    });
  }
  std::uint64_t seen = 0;
  while (seen < workers.size() * writes) {
    const std::uint64_t now = add_up(workers).commands;
    ASSERT_GE(now, seen) << "a sum of counters that only grow went back";
    seen = now;
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(add_up(workers).commands, workers.size() * writes);
}

TEST(Counters, OfTwoWorkersShareNoCacheLine) { EXPECT_EQ(sizeof(Counters) % 128, 0U); }

}  // namespace
}  // namespace larder::insight
