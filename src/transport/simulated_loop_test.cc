// The simulated loop itself, and what it can say exactly: when a deadline ends a connection. Method: small
// scripts, each over a number of seeds and both ways of receiving; LARDER_SEED=N replays one.
#include "transport/simulated_loop.h"

#include <cerrno>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "base/test_seed.h"
#include "transport/loop_test_support.h"

namespace larder::transport {
namespace {

using namespace std::chrono_literals;
using PeerEnding = SimulatedPeer::Ending;

/// A loop that serves whoever comes with handlers of one kind.
struct Simulation {
  explicit Simulation(std::uint64_t seed, SimulationOptions options = {}, ConnectionLimits limits = {})
      : random(seed),
        loop(random, clock, {.limits = limits, .clock = nullptr, .observer = &observer}, with(options)) {}

  void serve(const Advance& advance, Duration idle_timeout = 0ms,
             const std::function<void(std::shared_ptr<Waker>)>& on_attach = {}) {
    loop.listen(Socket(), [this, advance, idle_timeout, on_attach](Socket socket) {
      ++live_count;
      loop.adopt(std::move(socket),
                 std::make_unique<FunctionHandler>(advance, idle_timeout, on_attach, [this] {
                   --live_count;
                   destroyed_at = clock.now().steady;
                 }));
    });
  }
  /// To the end; everything must be given back.
  void run(Duration shut_down_after = 3600s) {
    loop.after(shut_down_after, [this] { loop.shut_down(60s); });
    const auto ended = loop.run();
    EXPECT_TRUE(ended.has_value()) << ended.error().message;
    loop.let_peers_finish();
    EXPECT_EQ(live_count, 0);
    EXPECT_EQ(observer.buffer_size, 0U);
    EXPECT_EQ(observer.opened, observer.closed);
  }
  /// Half of the seeds receive one way, half the other.
  SimulationOptions with(SimulationOptions options) {
    options.completes = random.next() % 2 == 0;
    return options;
  }
  [[nodiscard]] SteadyTime time() const { return clock.now().steady; }

  SplitMix64 random;
  SimulatedClock clock;
  RecordingObserver observer;
  int live_count = 0;
  SteadyTime destroyed_at{};
  SimulatedLoop loop;  // last: a run that failed leaves handlers to it
};

constexpr SimulationOptions stands_still{.step_max = 0ms};

template <class Run>
void for_seeds(Run&& run) {
  for (const std::uint64_t seed : test_seeds(30)) {
    SCOPED_TRACE("LARDER_SEED=" + std::to_string(seed));
    run(seed);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(SimulatedLoop, DeliversEverythingInAnyCut) {
  for_seeds([](std::uint64_t seed) {
    Simulation simulation(seed);
    simulation.serve(echo_lines);
    SimulatedPeer& patient = simulation.loop.connect({.window_size = 10, .read_size_max = 3});
    SimulatedPeer& hasty = simulation.loop.connect({});
    std::string lines;
    for (int i = 0; i < 200; ++i) lines += "line " + std::to_string(i) + "\n";
    for (SimulatedPeer* const peer : {&patient, &hasty}) {
      peer->send(lines);
      peer->end_sending();
    }
    simulation.run();
    for (const SimulatedPeer* const peer : {&patient, &hasty}) {
      EXPECT_EQ(peer->received(), lines);
      EXPECT_EQ(peer->ending(), PeerEnding::plain);
    }
    EXPECT_GT(simulation.observer.sent_calls, 200U) << "the small window takes a few bytes at a time";
  });
}

std::string transcript(std::uint64_t seed) {
  Simulation simulation(seed);
  std::string text;
  simulation.serve(
      [&](Bytes input, const Now& now, Output& output) {
        text +=
            std::to_string(now.steady.time_since_epoch().count()) + ":" + std::to_string(input.size()) + " ";
        return echo_lines(input, now, output);
      },
      30s);
  for (int i = 0; i < 5; ++i) {
    SimulatedPeer& peer = simulation.loop.connect({.window_size = 100});
    peer.send("some\nlines\nthat all\nsend\n");
    peer.on_progress = [&] {
      text += std::to_string(peer.received().size()) + " ";
      if (peer.received().size() > 1000) return peer.reset();
      peer.send(std::to_string(peer.received().size()) + "\n");
    };
  }
  simulation.run();
  return text;
}

TEST(SimulatedLoop, DoesTheSameWithTheSameSeed) {
  for_seeds([](std::uint64_t seed) {
    EXPECT_EQ(transcript(seed), transcript(seed));
    EXPECT_NE(transcript(seed), transcript(seed + 1));
  });
}

TEST(SimulatedLoop, EndsASilentPeerAtItsMoment) {
  for_seeds([](std::uint64_t seed) {
    Simulation simulation(seed, stands_still);
    simulation.serve(echo_lines, 30s);
    SimulatedPeer& peer = simulation.loop.connect({});
    const SteadyTime start = simulation.time();
    simulation.loop.after(20s, [&] { peer.send("I am here\n"); });
    simulation.run();
    EXPECT_EQ(simulation.destroyed_at, start + 50s);
    EXPECT_EQ(simulation.observer.idle_closed, 1U);
    EXPECT_EQ(peer.ending(), PeerEnding::plain);
    EXPECT_EQ(peer.ended_at(), start + 50s);
  });
}

TEST(SimulatedLoop, EndsAPeerThatTakesNothingAtItsMoment) {
  for_seeds([](std::uint64_t seed) {
    Simulation simulation(seed, stands_still);
    simulation.serve(answer_sizes);
    SimulatedPeer& peer = simulation.loop.connect({.window_size = 1000});
    const SteadyTime start = simulation.time();
    peer.send("100000\n");
    peer.stop_reading();
    simulation.loop.after(40s, [&] { peer.go_on_reading(); });  // a window's worth
    peer.on_progress = [&] { peer.stop_reading(); };
    simulation.run();
    EXPECT_EQ(simulation.destroyed_at, start + 100s);
    EXPECT_EQ(simulation.observer.slow_readers_closed, 1U);
  });
}

TEST(SimulatedLoop, LingersForThreeSeconds) {
  for_seeds([](std::uint64_t seed) {
    Simulation simulation(seed, stands_still);
    simulation.serve([](Bytes input, const Now& /*now*/, Output& output) {
      output.append("bye");
      return Progress{input.size(), input.empty() ? Wait::input : Wait::close, 0};
    });
    SimulatedPeer& stays = simulation.loop.connect({});
    const SteadyTime start = simulation.time();
    stays.send("quit" + std::string(100'000, 'y'));
    simulation.run();
    EXPECT_EQ(simulation.destroyed_at, start + 3s);
    EXPECT_EQ(stays.received(), "bye");
    EXPECT_EQ(stays.ending(), PeerEnding::plain) << "what came behind the last request was thrown away";
  });
}

TEST(SimulatedLoop, DeliversTheLastReplyToAPeerThatWritesAllItHasFirst) {
  for_seeds([](std::uint64_t seed) {
    Simulation simulation(seed);
    simulation.serve([](Bytes input, const Now& /*now*/, Output& output) {
      output.append(std::string(5000, 'x'));
      return Progress{input.size(), Wait::close, 0};
    });
    SimulatedPeer& peer = simulation.loop.connect({.window_size = 1000, .writes_first = true});
    peer.send("quit" + std::string(1'000'000, 'y'));
    peer.end_sending();
    simulation.run();
    EXPECT_EQ(peer.received().size(), 5000U);
    EXPECT_EQ(peer.ending(), PeerEnding::plain);
  });
}

// What a kernel does to who closes without that.
TEST(SimulatedLoop, ResetsAPeerWhoseBytesNobodyTakes) {
  for_seeds([](std::uint64_t seed) {
    Simulation simulation(seed);
    simulation.serve([](Bytes input, const Now& /*now*/, Output& /*output*/) {
      if (!input.empty()) throw std::bad_alloc();
      return Progress{};
    });
    SimulatedPeer& peer = simulation.loop.connect({});
    peer.send("first");
    simulation.loop.after(1s, [&] { peer.send(std::string(1000, 'y')); });
    simulation.run();
    EXPECT_EQ(simulation.observer.received_size > 0, true);
    EXPECT_NE(peer.ending(), PeerEnding::none);
    EXPECT_EQ(peer.received(), "");
  });
}

TEST(SimulatedLoop, HasAPeerThatIsGoneClosed) {
  for_seeds([](std::uint64_t seed) {
    Simulation simulation(seed);
    simulation.serve(answer_sizes);
    SimulatedPeer& peer = simulation.loop.connect({.window_size = 100});
    peer.send("100000\n");
    const SteadyTime start = simulation.time();
    simulation.loop.after(1s, [&] { peer.reset(); });
    peer.stop_reading();
    simulation.run();
    EXPECT_LT(simulation.destroyed_at, start + 2s);
    EXPECT_EQ(peer.ending(), PeerEnding::none) << "it went before";
  });
}

TEST(SimulatedLoop, SaysSoWhenNothingCanHappenAnyMore) {
  for_seeds([](std::uint64_t seed) {
    Simulation simulation(seed);
    simulation.serve([](Bytes input, const Now& /*now*/, Output& /*output*/) {
      return Progress{0, input.empty() ? Wait::input : Wait::wake, 0};
    });
    simulation.loop.connect({}).send("for ever");
    const auto ended = simulation.loop.run();
    ASSERT_FALSE(ended.has_value());
    EXPECT_EQ(ended.error().message, "nothing can happen any more");
  });
}

TEST(SimulatedLoop, WakesRunsTasksAndTicksByItsClock) {
  for_seeds([](std::uint64_t seed) {
    Simulation simulation(seed, stands_still);
    std::vector<std::string> events;
    std::shared_ptr<Waker> waker;
    const SteadyTime start = simulation.time();
    const auto note = [&](const char* what) {
      events.push_back(what + std::to_string((simulation.time() - start).count()));
    };
    simulation.serve(
        [&](Bytes input, const Now& now, Output& output) {
          if (input.empty() || now.steady >= start + 7s) return echo_lines(input, now, output);
          return Progress{0, Wait::wake, 0};
        },
        0ms, [&](std::shared_ptr<Waker> attached) { waker = std::move(attached); });
    SimulatedPeer& peer = simulation.loop.connect({});
    peer.send("late\n");
    peer.on_progress = [&] {
      if (peer.received() == "late\n") note("reply ");
    };
    simulation.loop.every(5s, [&](const Now&) { note("tick "); });
    simulation.loop.after(7s, [&] { waker->wake(); });
    simulation.loop.after(8s, [&] { simulation.loop.post([&] { note("task "); }); });
    simulation.run(12s);
    EXPECT_THAT(events, testing::IsSupersetOf({"tick 5000", "reply 7000", "task 8000", "tick 10000"}));
  });
}

TEST(SimulatedLoop, AcceptsAllWhenDescriptorsAreShort) {
  for_seeds([](std::uint64_t seed) {
    Simulation simulation(seed, {.accept_error = EMFILE});
    simulation.serve(echo_lines);
    std::vector<SimulatedPeer*> peers;
    for (int i = 0; i < 20; ++i) {
      peers.push_back(&simulation.loop.connect({}));
      peers.back()->send("hello\n");
    }
    simulation.run();
    for (const SimulatedPeer* const peer : peers) EXPECT_EQ(peer->received(), "hello\n");
    EXPECT_GT(simulation.observer.accepts_failed, 0U);
  });
}

TEST(SimulatedLoop, ShutsDownAtOnceWhenAllAreIdleAndLetsTheOthersHaveTheirGrace) {
  for_seeds([](std::uint64_t seed) {
    Simulation simulation(seed, stands_still);
    simulation.serve(answer_sizes);
    SimulatedPeer& idle = simulation.loop.connect({});
    SimulatedPeer& owed = simulation.loop.connect({.window_size = 1000});
    idle.send("3\n");
    owed.send("100000\n");
    owed.stop_reading();
    const SteadyTime start = simulation.time();
    simulation.loop.after(40s, [&] { owed.go_on_reading(); });
    simulation.run(10s);
    EXPECT_EQ(idle.received(), "xxx");
    EXPECT_EQ(idle.ending(), PeerEnding::plain);
    EXPECT_EQ(idle.ended_at(), start + 10s);
    EXPECT_EQ(owed.received().size(), 100'000U);
    EXPECT_EQ(simulation.destroyed_at, start + 43s) << "it lingers, since its peer says nothing";
    SimulatedPeer& late = simulation.loop.connect({});
    simulation.loop.let_peers_finish();
    EXPECT_EQ(late.ending(), PeerEnding::plain) << "nobody listens";
  });
}

}  // namespace
}  // namespace larder::transport
