// Workers start, end and report together. Method: real loops without connections; what would be waited for is
// an event each time.
#include "server/workers.h"

#include <atomic>
#include <future>
#include <gtest/gtest.h>

#include "server/cores.h"

namespace larder::server {
namespace {

constexpr std::size_t buffer_size_max = std::size_t{64} << 20;

TEST(Workers, EndTogetherAndSayItOnce) {
  const SystemClock clock;
  auto workers = Workers::make(3, *transport::choose_event_loop("auto"), {}, buffer_size_max, clock);
  ASSERT_TRUE(workers.has_value());
  EXPECT_EQ((*workers)->loops().size(), 3U);
  EXPECT_EQ((*workers)->counters().size(), 3U);
  std::atomic<int> finished_count = 0;
  (*workers)->start([&] { ++finished_count; });
  (*workers)->shut_down(Duration{10'000});
  EXPECT_TRUE((*workers)->join().has_value());
  EXPECT_EQ(finished_count, 1);
}

TEST(Workers, RunWhatIsPostedEachOnAThreadOfItsOwn) {
  const SystemClock clock;
  auto workers = Workers::make(2, *transport::choose_event_loop("auto"), {}, buffer_size_max, clock);
  ASSERT_TRUE(workers.has_value());
  std::promise<std::thread::id> first;
  std::promise<std::thread::id> second;
  (*workers)->loops()[0]->post([&] { first.set_value(std::this_thread::get_id()); });
  (*workers)->loops()[1]->post([&] { second.set_value(std::this_thread::get_id()); });
  (*workers)->start({});
  EXPECT_NE(first.get_future().get(), second.get_future().get());
}

TEST(Workers, RunOnTheCoreThatTheyAreBoundTo) {
  const SystemClock clock;
  const int core = usable_cores().back();
  auto workers =
      Workers::make(2, *transport::choose_event_loop("auto"), {}, buffer_size_max, clock, {core, core});
  ASSERT_TRUE(workers.has_value());
  std::promise<std::vector<int>> cores;
  (*workers)->start({});
  (*workers)->loops()[1]->post([&] { cores.set_value(usable_cores()); });
  EXPECT_EQ(cores.get_future().get(), std::vector<int>{core});
}

TEST(Workers, FailIfTheyCannotBeBound) {
  const SystemClock clock;
  auto workers = Workers::make(2, *transport::choose_event_loop("auto"), {}, buffer_size_max, clock,
                               {usable_cores()[0], 8191});
  ASSERT_TRUE(workers.has_value());
  (*workers)->start({});
  const auto ended = (*workers)->join();
  ASSERT_FALSE(ended.has_value());
  EXPECT_EQ(ended.error().message, "cannot bind a thread to core 8191: Invalid argument");
}

TEST(Workers, AreStoppedAllWhenOneFails) {
  const SystemClock clock;
  auto workers = Workers::make(2, *transport::choose_event_loop("auto"), {}, buffer_size_max, clock);
  ASSERT_TRUE(workers.has_value());
  (*workers)->loops()[1]->every(Duration{1}, [](const Now&) { throw std::bad_alloc(); });
  std::promise<void> finished;
  (*workers)->start([&] { finished.set_value(); });
  finished.get_future().wait();
  EXPECT_FALSE((*workers)->join().has_value());
}

TEST(Workers, NeedNotHaveBeenStarted) {
  const SystemClock clock;
  EXPECT_TRUE(
      Workers::make(2, *transport::choose_event_loop("auto"), {}, buffer_size_max, clock).has_value());
}

}  // namespace
}  // namespace larder::server
