// What several connections send before the loop looks is one turn's work. Method: a task holds up the loop
// while all of them send.
#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "transport/loop_test_support.h"

namespace larder::transport {
namespace {

class EventLoopTurns : public testing::TestWithParam<LoopKind> {};
LARDER_FOR_EACH_LOOP(EventLoopTurns);

// What comes to several connections in one turn is announced to all of them before the first answers.
TEST_P(EventLoopTurns, AnnouncesTheRequestsOfATurnFirst) {
  constexpr std::size_t peer_count = 3;
  std::vector<std::string> calls;
  TestServer server(GetParam(), [&] {
    auto handler = std::make_unique<FunctionHandler>([&](Bytes input, const Now& now, Output& output) {
      if (!input.empty()) calls.push_back("advance " + std::string(input));
      return echo_lines(input, now, output);
    });
    handler->on_announced = [&](Bytes input) { calls.push_back("announced " + std::string(input)); };
    return handler;
  });
  std::vector<std::unique_ptr<TestPeer>> peers;
  for (std::size_t i = 0; i < peer_count; ++i) {
    peers.push_back(std::make_unique<TestPeer>(server.port()));
    peers.back()->send("hello\n");
    EXPECT_EQ(peers.back()->receive(6), "hello\n");
  }
  server.on_loop([&] { calls.clear(); });
  // While this task holds up the loop, all send.
  server.on_loop([&] {
    for (std::size_t i = 0; i < peer_count; ++i) peers[i]->send(std::to_string(i) + "\n");
  });
  for (std::size_t i = 0; i < peer_count; ++i) EXPECT_EQ(peers[i]->receive(2), std::to_string(i) + "\n");
  server.on_loop([&] {
    ASSERT_EQ(calls.size(), 2 * peer_count);
    for (std::size_t i = 0; i < peer_count; ++i) {
      EXPECT_TRUE(calls[i].starts_with("announced ")) << calls[i];
      EXPECT_EQ(calls[peer_count + i].substr(8), calls[i].substr(10));
    }
  });
}

// A loop looks at its clock once a turn, or a few times.
class CountingClock final : public Clock {
 public:
  Now now() const override {
    ++look_count_;
    return clock_.now();
  }
  [[nodiscard]] std::size_t look_count() const { return look_count_; }

 private:
  SystemClock clock_;
  mutable std::atomic<std::size_t> look_count_ = 0;
};

// Such a peer's socket is always ready for something: to tell of its end.
TEST_P(EventLoopTurns, RestsWhileAPeerThatHasEndedItsSideDoesNotRead) {
  constexpr std::size_t reply_size = 20'000'000;
  constexpr int tick_count_max = 40;
  CountingClock clock;
  TestServer server(GetParam(), [] { return std::make_unique<FunctionHandler>(answer_sizes); }, {}, &clock);
  const TestPeer peer(server.port(), {.receive_buffer_size = 65'536});
  peer.send(std::to_string(reply_size) + "\n");
  peer.end_sending();
  ASSERT_TRUE(server.observer().await([&] { return server.observer().sent_size > 0; }));
  Watched watched;
  int tick_count = 0;
  std::size_t first_look = 0;
  std::size_t last_look = 0;
  server.on_loop([&] {
    server.loop().every(Duration{5}, [&](const Now&) {
      watched.change([&] {
        if (++tick_count == 1) first_look = clock.look_count();
        if (tick_count == tick_count_max) last_look = clock.look_count();
      });
    });
  });
  ASSERT_TRUE(watched.await([&] { return tick_count >= tick_count_max; }));
  EXPECT_LT(last_look - first_look, 10U * tick_count_max) << "a turn for each tick, and hardly more";
  EXPECT_EQ(peer.receive_to_end().bytes.size(), reply_size);
  server.loop().shut_down(Duration{0});
  server.join();
}

TEST_P(EventLoopTurns, ServesManyThatSendAtOnce) {
  constexpr std::size_t peer_count = 70;
  TestServer server(GetParam(), [] { return std::make_unique<FunctionHandler>(echo_lines); });
  std::vector<std::unique_ptr<TestPeer>> peers;
  peers.reserve(peer_count);
  for (std::size_t i = 0; i < peer_count; ++i) peers.push_back(std::make_unique<TestPeer>(server.port()));
  ASSERT_TRUE(server.observer().await([&] { return server.observer().opened == peer_count; }));
  // Short ones, some longer than what is received at first, and some that end behind their last line.
  const auto request_of = [](std::size_t i) {
    return std::string(i % 5 == 0 ? 10'000 + i : i % 7, static_cast<char>('a' + i % 26)) + "\n";
  };
  for (int round = 0; round < 3; ++round) {
    server.on_loop([&] {
      for (std::size_t i = 0; i < peer_count; ++i) peers[i]->send(request_of(i));
    });
    for (std::size_t i = 0; i < peer_count; ++i) {
      EXPECT_EQ(peers[i]->receive(request_of(i).size()), request_of(i)) << i;
    }
  }
  server.on_loop([&] {
    for (std::size_t i = 0; i < peer_count; ++i) {
      peers[i]->send(request_of(i));
      if (i % 3 == 0) peers[i]->reset();
      if (i % 3 == 1) peers[i]->end_sending();
    }
  });
  for (std::size_t i = 0; i < peer_count; ++i) {
    if (i % 3 == 0) continue;
    const std::string reply =
        i % 3 == 1 ? peers[i]->receive_to_end().bytes : peers[i]->receive(request_of(i).size());
    EXPECT_EQ(reply, request_of(i)) << i;
  }
  EXPECT_TRUE(server.observer().await([&] { return server.observer().closed == peer_count * 2 / 3 + 1; }));
}

}  // namespace
}  // namespace larder::transport
