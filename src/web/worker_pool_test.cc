// The pool's bounds, and its order. Method: tasks that a test holds back with a latch, and a clock that it
// moves by hand.
#include "web/worker_pool.h"

#include <atomic>
#include <future>
#include <gtest/gtest.h>
#include <latch>
#include <memory>

namespace larder::web {
namespace {

class HandClock final : public Clock {
 public:
  Now now() const override { return {TimePoint{}, SteadyTime{Duration{milliseconds.load()}}}; }
  std::atomic<std::int64_t> milliseconds = 0;
};

class WorkerPoolTest : public testing::Test {
 protected:
  WorkerPoolOptions options(std::size_t queue_count_max = 2) {
    return {.thread_count = 1, .queue_count_max = queue_count_max, .queue_size_max = 100, .clock = &clock_};
  }

  /// Occupies the only thread until go_on().
  void block(WorkerPool& pool) {
    ASSERT_TRUE(pool.submit(0, [this](Duration) {
      started_.count_down();
      go_on_.get_future().wait();
    }));
    started_.wait();
  }
  void go_on() { go_on_.set_value(); }

  HandClock clock_;
  std::latch started_{1};
  std::promise<void> go_on_;
};

TEST_F(WorkerPoolTest, RunsTasksInOrderAndSaysHowLongTheyWaited) {
  std::vector<Duration> waits;
  std::promise<void> done;
  WorkerPool pool(options());
  block(pool);
  ASSERT_TRUE(pool.submit(1, [&](Duration waited) { waits.push_back(waited); }));
  clock_.milliseconds = 30;
  ASSERT_TRUE(pool.submit(1, [&](Duration waited) {
    waits.push_back(waited);
    done.set_value();
  }));
  clock_.milliseconds = 100;
  go_on();
  done.get_future().wait();
  EXPECT_EQ(waits, (std::vector{Duration{100}, Duration{70}}));
}

TEST_F(WorkerPoolTest, RefusesWhatIsBeyondItsCount) {
  WorkerPool pool(options());
  block(pool);
  EXPECT_TRUE(pool.submit(1, [](Duration) {}));
  EXPECT_TRUE(pool.submit(1, [](Duration) {}));
  EXPECT_FALSE(pool.submit(1, [](Duration) {}));
  go_on();
}

TEST_F(WorkerPoolTest, RefusesWhatIsBeyondItsSizeButTakesOneTaskOfAnySize) {
  WorkerPool pool(options(10));
  block(pool);
  EXPECT_TRUE(pool.submit(1000, [](Duration) {}));
  EXPECT_FALSE(pool.submit(1, [](Duration) {}));
  std::promise<void> drained;
  go_on();
  while (!pool.submit(0, [&](Duration) { drained.set_value(); })) std::this_thread::yield();
  drained.get_future().wait();
  EXPECT_TRUE(pool.submit(60, [](Duration) {}));
}

TEST_F(WorkerPoolTest, RunsNothingOnceItWasStopped) {
  const auto held = std::make_shared<int>(0);
  std::atomic<bool> ran = false;
  {
    WorkerPool pool(options());
    block(pool);
    ASSERT_TRUE(pool.submit(1, [held, &ran](Duration) { ran = true; }));
    pool.stop();
    EXPECT_FALSE(pool.submit(1, [&ran](Duration) { ran = true; }));
    go_on();
  }
  EXPECT_FALSE(ran);
  EXPECT_EQ(held.use_count(), 1) << "what still waited is destroyed";
}

}  // namespace
}  // namespace larder::web
