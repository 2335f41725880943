// A large value that is lent to a reader and then overwritten is memory that no item can have. Method:
// sessions over the default back end on a simulated loop with a clock of its own; the reader takes nothing,
// or a little now and then. The end of its time must close it, and the memory must come back; who reads a
// value that others still use may take longer.
#include <array>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <utility>

#include "base/random.h"
#include "server/dialects.h"
#include "server/session_handler.h"
#include "session/session_test_support.h"
#include "transport/simulated_loop.h"

namespace larder::server {
namespace {

constexpr std::size_t value_size = std::size_t{4} << 20;
constexpr Duration long_after{300'000};

struct SlowReaders final : transport::LoopObserver {
  void on_slow_reader_closed() override { ++slow_reader_count; }
  std::size_t slow_reader_count = 0;
};

struct Scene {
  bool is_overwritten = false;
  bool reads_now_and_then = false;
};
struct LendingOutcome {
  std::size_t slow_reader_count = 0;   // closed when the time was over
  std::size_t memory_used_before = 0;  // while the value was lent
  std::size_t memory_used_after = 0;
};

LendingOutcome play(const Scene& scene, bool completes) {
  SplitMix64 random(1);
  transport::SimulatedClock clock;
  SlowReaders observer;
  session::World world(std::size_t{16} << 20, "segment");
  world.now = clock.now().wall;
  world.put("large", std::string(value_size, 'v'));
  LendingOutcome outcome;
  transport::SimulatedLoop loop(random, clock, {.limits = {}, .clock = nullptr, .observer = &observer},
                                {.completes = completes});
  loop.listen(transport::Socket(), [&](transport::Socket socket) {
    const session::ConnectionFacts facts{.id = 1, .address = "simulated", .accepted_at = clock.now().wall};
    loop.adopt(std::move(socket),
               std::make_unique<SessionHandler>(find_dialect("resp")->make_session(world.environment, facts),
                                                world.service.settings));
  });
  transport::SimulatedPeer& reader = loop.connect({.window_size = 4096, .read_size_max = 4096});
  reader.send("GET large\r\n");
  reader.stop_reading();
  loop.after(Duration(1000), [&] {
    if (scene.is_overwritten) world.put("large", "small");
  });
  loop.after(Duration(30'000), [&] { outcome.memory_used_before = world.cache->stats().memory_used; });
  if (scene.reads_now_and_then) {
    for (Duration time{5000}; time < long_after; time += Duration(5000)) {
      loop.after(time, [&] { reader.go_on_reading(); });
      loop.after(time + Duration(5), [&] { reader.stop_reading(); });
    }
  }
  loop.every(Duration(100), [&](const Now& now) { world.cache->sweep(now.wall, 64); });
  loop.after(long_after, [&] {
    outcome.slow_reader_count = observer.slow_reader_count;
    outcome.memory_used_after = world.cache->stats().memory_used;
    loop.shut_down(Duration{0});
  });
  const auto ended = loop.run();
  EXPECT_TRUE(ended.has_value()) << ended.error().message;
  return outcome;
}

class SimulatedLending : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Loops, SimulatedLending, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& way) {
                           return way.param ? "completes" : "is_ready";
                         });

TEST_P(SimulatedLending, ClosesWhoKeepsAnOverwrittenValue) {
  for (const bool reads_now_and_then : {false, true}) {
    const LendingOutcome outcome =
        play({.is_overwritten = true, .reads_now_and_then = reads_now_and_then}, GetParam());
    EXPECT_EQ(outcome.slow_reader_count, 1U) << reads_now_and_then;
    EXPECT_GE(outcome.memory_used_before, value_size) << "it counts while it is lent";
    EXPECT_LT(outcome.memory_used_after, value_size) << reads_now_and_then;
  }
}

TEST_P(SimulatedLending, HasPatienceWhileTheValueIsInUse) {
  const LendingOutcome outcome = play({.is_overwritten = false, .reads_now_and_then = true}, GetParam());
  EXPECT_EQ(outcome.slow_reader_count, 0U);
  EXPECT_GE(outcome.memory_used_after, value_size);
}

}  // namespace
}  // namespace larder::server
