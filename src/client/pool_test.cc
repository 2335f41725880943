// The pool's books: what is idle, leased, thrown away, and what a caller beyond the bound gets.
#include "client/pool.h"

#include <gtest/gtest.h>
#include <new>
#include <optional>
#include <thread>

#include "client/failing_memory.h"
#include "client/scripted_peer.h"

namespace larder::client {
namespace {

PoolOptions options_for(const ScriptedPeer& peer, std::size_t connection_count_max) {
  PoolOptions options;
  options.server = {.scheme = "resp", .host = "127.0.0.1", .port = peer.port()};
  options.connection_count_max = connection_count_max;
  return options;
}

void stay_silent(PeerConnection& connection) { connection.stay_silent(); }

TEST(Pool, HandsOutTheConnectionThatWasUsedLast) {
  const ScriptedPeer peer(stay_silent, ScriptedPeer::Mode::all_at_once);
  Pool pool(options_for(peer, 2));
  const Deadline deadline = Deadline::after(Duration{5000});
  const Connection* last = nullptr;
  {
    const auto first = pool.acquire(Freshness::any, deadline);
    const auto second = pool.acquire(Freshness::any, deadline);
    ASSERT_TRUE(first && second);
    last = first->operator->();  // leases end in reverse order
  }
  EXPECT_EQ(pool.connection_count(), 2U);
  const auto again = pool.acquire(Freshness::any, deadline);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->operator->(), last);
  EXPECT_EQ(pool.connection_count(), 2U);
}

TEST(Pool, TellsACallerBeyondItsBoundToComeBack) {
  const ScriptedPeer peer(stay_silent, ScriptedPeer::Mode::all_at_once);
  Pool pool(options_for(peer, 1));
  const auto lease = pool.acquire(Freshness::any, Deadline::after(Duration{5000}));
  ASSERT_TRUE(lease);
  const auto second = pool.acquire(Freshness::any, Deadline::after(Duration{10}));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::overloaded);
}

TEST(Pool, ServesACallerWhoWaitedForAConnection) {
  const ScriptedPeer peer(stay_silent, ScriptedPeer::Mode::all_at_once);
  Pool pool(options_for(peer, 1));
  std::optional<Result<Pool::Lease>> lease = pool.acquire(Freshness::any, Deadline::after(Duration{5000}));
  ASSERT_TRUE(lease->has_value());
  std::thread waiter([&] { EXPECT_TRUE(pool.acquire(Freshness::any, Deadline::after(Duration{30000}))); });
  lease.reset();
  waiter.join();
  EXPECT_EQ(pool.connection_count(), 1U);
}

TEST(Pool, ClosesWhatLiesIdleWhenAFreshOneIsAskedFor) {
  const ScriptedPeer peer(stay_silent, ScriptedPeer::Mode::all_at_once);
  Pool pool(options_for(peer, 2));
  const Deadline deadline = Deadline::after(Duration{5000});
  {
    EXPECT_TRUE(pool.acquire(Freshness::any, deadline));
  }
  const auto fresh = pool.acquire(Freshness::fresh, deadline);
  ASSERT_TRUE(fresh);
  EXPECT_EQ(pool.connection_count(), 1U);
}

TEST(Pool, ForgetsAFailureToConnect) {
  std::optional<ScriptedPeer> peer(std::in_place, stay_silent);
  Pool pool(options_for(*peer, 1));
  peer.reset();
  for (int i = 0; i < 3; ++i) {
    const auto lease = pool.acquire(Freshness::any, Deadline::after(Duration{5000}));
    ASSERT_FALSE(lease);
    EXPECT_EQ(lease.error().kind, ErrorKind::disconnected);
  }
  EXPECT_EQ(pool.connection_count(), 0U);
}

// Method: every allocation in turn is the one that fails, and all behind it. A place that got lost is missed
// by the caller that follows, for whom the pool has just this one.
TEST(Pool, LosesNoPlaceWhenMemoryRunsOut) {
  const ScriptedPeer peer(stay_silent, ScriptedPeer::Mode::all_at_once);
  for (const Freshness freshness : {Freshness::any, Freshness::fresh}) {
    bool has_failed = true;
    for (std::size_t count = 0; has_failed; ++count) {
      ASSERT_LT(count, 1000U);
      Pool pool(options_for(peer, 1));
      const Deadline deadline = Deadline::after(Duration{5000});
      if (freshness == Freshness::fresh) {
        EXPECT_TRUE(pool.acquire(Freshness::any, deadline));
      }
      bool has_thrown = false;
      memory_lasts_for(count);
      try {
        const auto lease = pool.acquire(freshness, deadline);
        EXPECT_TRUE(lease);
      } catch (const std::bad_alloc&) {
        has_thrown = true;
      }
      has_failed = memory_is_back();
      EXPECT_EQ(has_thrown, has_failed);
      EXPECT_TRUE(pool.acquire(Freshness::any, Deadline::after(Duration{1000}))) << count;
    }
  }
}

// Leases end in destructors. Method: as above, but nothing is left once both have been leased.
TEST(Pool, GivesBackWithoutMemory) {
  const ScriptedPeer peer(stay_silent, ScriptedPeer::Mode::all_at_once);
  Pool pool(options_for(peer, 2));
  {
    const auto first = pool.acquire(Freshness::any, Deadline::after(Duration{5000}));
    const auto second = pool.acquire(Freshness::fresh, Deadline::after(Duration{5000}));
    ASSERT_TRUE(first && second);
    memory_lasts_for(0);
  }
  EXPECT_FALSE(memory_is_back());
  EXPECT_EQ(pool.connection_count(), 2U);
}

}  // namespace
}  // namespace larder::client
