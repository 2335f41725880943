// The wheel hands out every due node and no other, in bounded steps. Method: nodes with deadlines at the
// edges of ticks and turns; time is moved by hand.
#include "cache/lru/deadline_wheel.h"

#include <cstdint>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "cache/lru/node.h"

namespace larder::cache {
namespace {

constexpr std::int64_t tick_ms = 1024;
constexpr std::int64_t turn_ms = tick_ms * DeadlineWheel::slot_count;

TimePoint at(std::int64_t ms) { return TimePoint(Duration(1024 * std::int64_t{1'000'000'000} + ms)); }

class DeadlineWheelTest : public testing::Test {
 protected:
  ~DeadlineWheelTest() override {
    for (Node* node : nodes_) Node::destroy(budget_, *node);
  }

  Node& add(std::int64_t deadline_ms) {
    Node* const node = Node::make(budget_, {.bytes = "k", .hash = 0, .database = 0}, "", at(deadline_ms), 1);
    nodes_.push_back(node);
    wheel_.insert(*node);
    return *node;
  }

  // Deadlines of what expired, in milliseconds.
  std::vector<std::int64_t> advance(std::int64_t now_ms, std::size_t visit_count_max = 100'000) {
    std::vector<std::int64_t> expired;
    visit_count_ = wheel_.advance(at(now_ms), visit_count_max, [&](Node& node) {
      expired.push_back((node.deadline() - at(0)).count());
      wheel_.remove(node);
    });
    return expired;
  }

  MemoryBudget budget_{std::size_t{1} << 30, 0};
  DeadlineWheel wheel_;
  std::vector<Node*> nodes_;
  std::size_t visit_count_ = 0;
};

using Expired = std::vector<std::int64_t>;

TEST_F(DeadlineWheelTest, HandsOutWhatIsDueOnceItsTickIsOver) {
  add(1);
  add(tick_ms - 1);
  add(tick_ms);
  add(turn_ms + 1);  // the same slot as the first, a turn later
  add(50 * turn_ms + 1);
  EXPECT_EQ(advance(tick_ms - 1), Expired{});
  EXPECT_EQ(advance(tick_ms), (Expired{1, tick_ms - 1}));
  EXPECT_EQ(advance(2 * tick_ms), (Expired{tick_ms}));
  EXPECT_EQ(advance(turn_ms + tick_ms), (Expired{turn_ms + 1}));
  EXPECT_EQ(advance(50 * turn_ms), Expired{});
  EXPECT_EQ(advance(50 * turn_ms + tick_ms), (Expired{50 * turn_ms + 1}));
  EXPECT_EQ(wheel_.size(), 0U);
}

TEST_F(DeadlineWheelTest, LooksAtNothingWhileNothingIsDue) {
  add(100 * tick_ms);
  advance(0);
  advance(5);
  EXPECT_EQ(visit_count_, 0U);
  for (int i = 0; i < 1000; ++i) add(100 * tick_ms);
  advance(tick_ms);
  EXPECT_LE(visit_count_, 1U);
}

TEST_F(DeadlineWheelTest, StopsAnywhereAndGoesOnThere) {
  advance(0);
  for (int i = 0; i < 100; ++i) add(i % 2 == 0 ? 5 : 5 + turn_ms);
  std::size_t expired_count = 0;
  for (int i = 0; i < 40; ++i) {
    expired_count += advance(2 * tick_ms, 3).size();
    EXPECT_LE(visit_count_, 3U);
  }
  EXPECT_EQ(expired_count, 50U);
  EXPECT_EQ(advance(turn_ms + tick_ms).size(), 50U);
}

TEST_F(DeadlineWheelTest, ForgetsWhatIsRemovedEvenMidway) {
  advance(0);
  Node& first = add(1);
  Node& second = add(2);
  Node& third = add(3);
  wheel_.remove(first);
  EXPECT_EQ(advance(tick_ms, 2), (Expired{2}));
  static_cast<void>(second);
  wheel_.remove(third);  // it waits on the pending list
  EXPECT_EQ(advance(2 * tick_ms), Expired{});
}

TEST_F(DeadlineWheelTest, FindsWhatWasInsertedBehindItsTime) {
  advance(10 * tick_ms);
  add(9 * tick_ms + 500);  // by a thread whose clock is half a second behind
  EXPECT_EQ(advance(11 * tick_ms), (Expired{9 * tick_ms + 500}));
}

TEST_F(DeadlineWheelTest, RecoversWhenTheClockJumps) {
  add(3 * turn_ms);
  advance(2 * turn_ms);
  add(5);  // the clock was set back
  EXPECT_EQ(advance(tick_ms), (Expired{5}));
  add(2 * tick_ms);
  EXPECT_EQ(advance(100 * turn_ms + tick_ms).size(), 2U);
}

}  // namespace
}  // namespace larder::cache
