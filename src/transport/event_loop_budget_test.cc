// The budget of all buffers, on every event loop. Method: peers that ask for more than the kernel's buffers
// hold and do not read, and one that waits for room; a clock that is moved by hand where nobody is to be
// closed yet.
#include <cerrno>
#include <cstddef>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "transport/buffer_budget.h"
#include "transport/loop_test_support.h"

namespace larder::transport {
namespace {

class EventLoopBudget : public testing::TestWithParam<LoopKind> {
 protected:
  static constexpr std::size_t reply_size = 32'000'000;
  BufferBudget budget_{48'000'000, 1};
  ConnectionLimits limits_{.output_time_max = Duration{0}, .buffers = &budget_.share(0)};
};
LARDER_FOR_EACH_LOOP(EventLoopBudget);

HandlerFactory answering_sizes() {
  return [] { return std::make_unique<FunctionHandler>(answer_sizes); };
}

/// Asks for a large reply, of which it takes nothing until the server holds most of it.
std::unique_ptr<TestPeer> make_deaf(TestServer& server, std::size_t reply_size, std::size_t held_before) {
  auto peer = std::make_unique<TestPeer>(server.port(), TestPeer::Options{.receive_buffer_size = 65'536});
  peer->send(std::to_string(reply_size) + "\n");
  auto& observer = server.observer();
  EXPECT_TRUE(observer.await([&] { return observer.buffer_size > held_before + reply_size / 2; }));
  return peer;
}

TEST_P(EventLoopBudget, ClosesNobodyWhileNobodyWaits) {
  TestServer server(GetParam(), answering_sizes(), limits_);
  const auto deaf = make_deaf(server, 2 * reply_size, 0);
  EXPECT_EQ(deaf->receive(2 * reply_size).size(), 2 * reply_size);
  auto& observer = server.observer();
  ASSERT_TRUE(observer.await([&] { return observer.buffer_size == 0; }));
  deaf->send("3\n");
  EXPECT_EQ(deaf->receive(3), "xxx");
  EXPECT_EQ(observer.read([&] { return observer.over_budget_closed; }), 0U);
}

TEST_P(EventLoopBudget, ServesWhoHasWaitedOnceThereIsRoom) {
  ManualClock clock;
  TestServer server(GetParam(), answering_sizes(), limits_, &clock);
  const TestPeer known(server.port());
  known.send("1\n");
  ASSERT_EQ(known.receive(1), "x");
  const auto first = make_deaf(server, reply_size, 0);
  const auto second = make_deaf(server, reply_size, reply_size / 2);
  known.send("2\n");
  const TestPeer fresh(server.port());
  fresh.send("3\n");
  server.on_loop([] {});
  server.on_loop([] {});
  EXPECT_EQ(first->receive(reply_size).size(), reply_size);
  EXPECT_EQ(second->receive(reply_size).size(), reply_size);
  auto& observer = server.observer();
  ASSERT_TRUE(observer.await([&] { return observer.buffer_size < 1000; }));
  clock.move(Duration{50});
  server.on_loop([] {});
  EXPECT_EQ(known.receive(2), "xx");
  EXPECT_EQ(fresh.receive(3), "xxx");
  EXPECT_EQ(observer.read([&] { return observer.over_budget_closed; }), 0U);
}

TEST_P(EventLoopBudget, ClosesWhoHoldsMostForThoseWhoWait) {
  ManualClock clock;
  TestServer server(GetParam(), answering_sizes(), limits_, &clock);
  const TestPeer known(server.port());
  known.send("1\n");
  ASSERT_EQ(known.receive(1), "x");
  const auto small = make_deaf(server, reply_size * 3 / 4, 0);
  const auto large = make_deaf(server, reply_size, reply_size * 3 / 8);
  known.send("2\n");
  server.on_loop([] {});
  server.on_loop([] {});
  clock.move(Duration{200});
  server.on_loop([] {});
  clock.move(Duration{50});
  server.on_loop([] {});
  ASSERT_EQ(known.receive(2), "xx");
  const auto rest = large->receive_to_end();
  EXPECT_LT(rest.bytes.size(), reply_size);
  EXPECT_EQ(rest.error_number, ECONNRESET) << "the kernel is to keep nothing for it either";
  EXPECT_EQ(small->receive(reply_size * 3 / 4).size(), reply_size * 3 / 4);
  EXPECT_EQ(server.observer().read([&] { return server.observer().over_budget_closed; }), 1U);
}

/// Sends half of a long line and no more.
std::unique_ptr<TestPeer> make_slow_sender(TestServer& server) {
  auto peer = std::make_unique<TestPeer>(server.port());
  peer->send("1\n");
  EXPECT_EQ(peer->receive(1), "x");
  peer->send(std::string(4 * BufferBudget::closed_size_min, '0'));
  auto& observer = server.observer();
  EXPECT_TRUE(observer.await([&] { return observer.buffer_size >= BufferBudget::closed_size_min; }));
  return peer;
}

TEST_P(EventLoopBudget, ClosesNobodyWhoHoldsLittleBesideWhoHoldsMuchOnlySince) {
  ManualClock clock;
  TestServer server(GetParam(), answering_sizes(), limits_, &clock);
  auto& observer = server.observer();
  const auto slow = make_slow_sender(server);
  const TestPeer known(server.port());
  known.send("1\n");
  ASSERT_EQ(known.receive(1), "x");
  clock.move(Duration{2000});
  server.on_loop([] {});
  const auto one = make_deaf(server, reply_size, 0);
  const auto other = make_deaf(server, reply_size, reply_size);
  known.send("2\n");
  server.on_loop([] {});
  server.on_loop([] {});
  clock.move(Duration{50});  // long enough to look, too short to close who came last
  server.on_loop([] {});
  server.on_loop([] {});
  EXPECT_EQ(observer.read([&] { return observer.over_budget_closed; }), 0U);
  clock.move(Duration{150});
  server.on_loop([] {});
  server.on_loop([] {});
  EXPECT_EQ(observer.read([&] { return observer.over_budget_closed; }), 1U);
  EXPECT_TRUE(slow->try_send("0"));
  EXPECT_EQ(server.loop().connection_count(), 3U);
}

TEST_P(EventLoopBudget, HoldsAgainstAnyNumberOfReadersThatDoNotRead) {
  TestServer server(GetParam(), answering_sizes(), limits_);
  auto& observer = server.observer();
  const TestPeer known(server.port());
  std::vector<std::unique_ptr<TestPeer>> deaf;
  for (int i = 0; i < 30; ++i) {
    deaf.push_back(
        std::make_unique<TestPeer>(server.port(), TestPeer::Options{.receive_buffer_size = 65'536}));
    for (int request = 0; request < 4; ++request) deaf.back()->send("8000000\n");
    known.send("2\n");
    ASSERT_EQ(known.receive(2), "xx");
    // The budget, and one reply with the room that a string makes for as much again.
    ASSERT_LT(observer.read([&] { return observer.buffer_size; }), budget_.size_max() + 16'000'000);
  }
  // Each in its turn, and the last few may stay.
  ASSERT_TRUE(observer.await([&] { return observer.over_budget_closed >= 20; }));
  EXPECT_EQ(observer.read([&] { return observer.slow_readers_closed; }), 0U);
}

TEST_P(EventLoopBudget, EndsWithConnectionsThatStillWait) {
  ManualClock clock;
  TestServer server(GetParam(), answering_sizes(), limits_, &clock);
  const auto first = make_deaf(server, reply_size, 0);
  const auto second = make_deaf(server, reply_size, reply_size / 2);
  const TestPeer fresh(server.port());
  fresh.send("3\n");
  server.on_loop([] {});
  server.loop().shut_down(Duration{0});
  server.join();
  EXPECT_EQ(server.loop().connection_count(), 0U);
  EXPECT_EQ(server.observer().buffer_size, 0U);
}

}  // namespace
}  // namespace larder::transport
