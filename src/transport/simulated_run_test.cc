// A connection keeps its promises whatever happens when. Method: simulated_run.h, some hundred seeds a run;
// then mistakes are planted in loops and handlers, and each must be found: that tests the test.
//
// The first seed is printed; LARDER_SEED=N replays one of them.
#include "transport/simulated_run.h"

#include <gtest/gtest.h>
#include <optional>
#include <string>

#include "base/test_seed.h"

namespace larder::transport {
namespace {

using Outcome = std::optional<std::string>;

TEST(SimulatedRun, KeepsEveryPromise) {
  for (const std::uint64_t seed : test_seeds(400)) {
    ASSERT_EQ(run(seed), Outcome()) << "LARDER_SEED=" << seed;
  }
}

// ---- Planted mistakes. Each is one that a loop, or a connection, could make.

class LosesAByteOfASendThatFallsShort : public SimulatedLoop {
 public:
  using SimulatedLoop::SimulatedLoop;
  void tell_sent(NearEnd& end, std::size_t size, std::size_t offered_size) override {
    SimulatedLoop::tell_sent(end, size < offered_size ? size + 1 : size, offered_size);
  }
};

class SendsAByteTwice : public SimulatedLoop {
 public:
  using SimulatedLoop::SimulatedLoop;
  void tell_sent(NearEnd& end, std::size_t size, std::size_t offered_size) override {
    SimulatedLoop::tell_sent(end, size < offered_size && size > 1 ? size - 1 : size, offered_size);
  }
};

class LosesTheLastByteOfAReceive : public SimulatedLoop {
 public:
  using SimulatedLoop::SimulatedLoop;
  void tell_received(NearEnd& end, Bytes bytes) override {
    SimulatedLoop::tell_received(end, bytes.substr(0, bytes.size() - (bytes.size() == 100 ? 1 : 0)));
  }
};

class ClosesWithoutLingering : public SimulatedLoop {
 public:
  using SimulatedLoop::SimulatedLoop;
  void shut_write_side(NearEnd& end) override {
    SimulatedLoop::shut_write_side(end);
    tell_lost(end);
  }
};

class NeverHearsOfAReset : public SimulatedLoop {
 public:
  using SimulatedLoop::SimulatedLoop;
  void tell_lost(NearEnd& /*end*/) override {}
};

class Oversleeps : public SimulatedLoop {
 public:
  using SimulatedLoop::SimulatedLoop;
  Result<void> wait(int time_ms) override {
    return SimulatedLoop::wait(time_ms > 0 ? time_ms + 700 : time_ms);
  }
};

class ReadsWhoeverSends : public SimulatedLoop {
 public:
  using SimulatedLoop::SimulatedLoop;
  bool may_receive(const NearEnd& /*end*/) const override { return true; }
};

class IsCalledAfterItsEnd : public Witness {
 public:
  using Witness::Witness;
  Progress advance(Bytes input, const Now& now, Output& output) override {
    const Progress progress = Witness::advance(input, now, output);
    if (progress.wait == Wait::close) Witness::advance({}, now, output);
    return progress;
  }
};

class ForgetsWhatItHasConsumed : public Witness {
 public:
  using Witness::Witness;
  Progress advance(Bytes input, const Now& now, Output& output) override {
    Progress progress = Witness::advance(input, now, output);
    if (progress.consumed > 50) --progress.consumed;
    return progress;
  }
};

class NeverSaysThatTheOutputIsFull : public Witness {
 public:
  using Witness::Witness;
  Progress advance(Bytes input, const Now& now, Output& output) override {
    Progress progress = Witness::advance(input, now, output);
    if (progress.wait == Wait::output) progress.wait = Wait::input;
    return progress;
  }
};

/// What was wrong with the first of the runs from `seed` on that found something.
template <class Loop, class ItsHandler = Witness>
Outcome first_found(std::uint64_t seed) {
  for (const std::uint64_t end = seed + 5000; seed < end; ++seed) {
    if (Outcome outcome = run<Loop, ItsHandler>(seed)) return outcome;
  }
  return std::nullopt;
}

TEST(SimulatedRun, FindsPlantedMistakes) {
  const std::uint64_t seed = test_seed();
  EXPECT_NE(first_found<LosesAByteOfASendThatFallsShort>(seed), Outcome());
  EXPECT_NE(first_found<SendsAByteTwice>(seed), Outcome());
  EXPECT_NE(first_found<LosesTheLastByteOfAReceive>(seed), Outcome());
  EXPECT_NE(first_found<ClosesWithoutLingering>(seed), Outcome());
  EXPECT_NE(first_found<NeverHearsOfAReset>(seed), Outcome());
  EXPECT_NE(first_found<Oversleeps>(seed), Outcome());
  EXPECT_NE(first_found<ReadsWhoeverSends>(seed), Outcome());
  EXPECT_NE((first_found<SimulatedLoop, IsCalledAfterItsEnd>(seed)), Outcome());
  EXPECT_NE((first_found<SimulatedLoop, ForgetsWhatItHasConsumed>(seed)), Outcome());
  EXPECT_NE((first_found<SimulatedLoop, NeverSaysThatTheOutputIsFull>(seed)), Outcome());
}

}  // namespace
}  // namespace larder::transport
