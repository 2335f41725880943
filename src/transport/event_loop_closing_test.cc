// How connections end on every event loop: half-closed peers, resets, lingering, idle timeouts, shutting
// down. Method: as in event_loop_conformance_test.cc; each test looks at both ends of the wire.
#include <array>
#include <atomic>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <utility>
#include <vector>

#include "transport/loop_test_support.h"

namespace larder::transport {
namespace {

using namespace std::chrono_literals;

class EventLoopClosing : public testing::TestWithParam<LoopKind> {};
LARDER_FOR_EACH_LOOP(EventLoopClosing);

/// Answers "quit" with `size` bytes and closes.
Advance quit_with(std::size_t size) {
  return [size](Bytes input, const Now& /*now*/, Output& output) {
    if (!input.starts_with("quit")) return Progress{0, Wait::input, 4};
    output.append(std::string(size, 'x'));
    return Progress{input.size(), Wait::close, 0};
  };
}

TEST_P(EventLoopClosing, AnswersAPeerThatHasEndedItsSide) {
  TestServer server(GetParam(), each(answer_sizes));
  for (const std::size_t size : {1UL, 20'000'000UL}) {
    const TestPeer peer(server.port());
    peer.send(std::to_string(size) + "\n" + std::to_string(size) + "\nhalf a requ");
    peer.end_sending();
    const auto rest = peer.receive_to_end();
    EXPECT_EQ(rest.bytes.size(), 2 * size);
    EXPECT_EQ(rest.error_number, 0);
  }
  ASSERT_TRUE(server.observer().await([&] { return server.observer().closed == 2; }));
}

TEST_P(EventLoopClosing, ClosesAPeerThatLeavesWithoutAWord) {
  TestServer server(GetParam(), each(echo_lines));
  TestPeer peer(server.port());
  ASSERT_TRUE(server.observer().await([&] { return server.observer().opened == 1; }));
  peer.close();
  ASSERT_TRUE(server.observer().await([&] { return server.observer().closed == 1; }));
  EXPECT_EQ(server.loop().connection_count(), 0U);
}

// The reset comes at all distances behind the bytes, from two threads so that the loop is busy with others:
// while they lie in the backlog, while they are received, and after.
TEST_P(EventLoopClosing, NoticesAResetThatFollowsBytesWhichNeedNoAnswer) {
  TestServer server(GetParam(), each(echo_lines));
  constexpr std::size_t thread_count = 2;
  constexpr std::size_t peer_count = 5000;
  std::array<std::thread, thread_count> threads;
  for (std::thread& thread : threads) {
    thread = std::thread([&] {
      for (std::size_t count = 0; count < peer_count; ++count) {
        TestPeer peer(server.port());
        peer.send("half a requ");
        for (std::size_t delay = 0; delay < count % 16; ++delay) std::this_thread::yield();
        peer.reset();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  auto& observer = server.observer();
  ASSERT_TRUE(observer.await([&] { return observer.closed == thread_count * peer_count; }));
  EXPECT_EQ(observer.read([&] { return observer.buffer_size; }), 0U);
}

TEST_P(EventLoopClosing, SurvivesAResetInEveryState) {
  Watched handlers;
  int calls = 0;
  int destroyed = 0;
  TestServer server(GetParam(), [&] {
    return std::make_unique<FunctionHandler>(
        [&](Bytes input, const Now& now, Output& output) {
          handlers.change([&] { ++calls; });
          if (input.starts_with("wake")) return Progress{0, Wait::wake, 0};
          if (input.starts_with("large")) return Progress{0, Wait::input, 100'000'000};
          if (input.starts_with("quit")) return Progress{4, Wait::close, 0};
          return answer_sizes(input, now, output);
        },
        Duration{0}, std::function<void(std::shared_ptr<Waker>)>{},
        [&] { handlers.change([&] { ++destroyed; }); });
  });
  const TestPeer other(server.port());
  int expected = 0;
  for (const std::string& request :
       {std::string("half"), std::string("wake"), "large" + std::string(5'000'000, 'v'),
        std::string("64000000\n"), std::string("quit")}) {
    TestPeer peer(server.port());
    const int calls_before = handlers.read([&] { return calls; });
    peer.send(request);
    ASSERT_TRUE(handlers.await([&] { return calls > calls_before; }));
    peer.reset();
    ++expected;
    ASSERT_TRUE(handlers.await([&] { return destroyed == expected; })) << request.substr(0, 10);
    other.send("3\n");
    EXPECT_EQ(other.receive(3), "xxx");
  }
  EXPECT_EQ(server.observer().read([&] { return server.observer().closed; }),
            static_cast<std::size_t>(expected));
}

TEST_P(EventLoopClosing, DeliversTheLastReplyToAPeerThatStillSends) {
  for (const std::size_t size : {10UL, 8'000'000UL}) {
    const TestServer server(GetParam(), each(quit_with(size)));
    const TestPeer peer(server.port());
    // Sends all it has before it reads, as simple clients do. Closing at once would answer the surplus with a
    // reset, which takes the reply with it.
    peer.send("quit" + std::string(8'000'000, 'y'));
    const auto rest = peer.receive_to_end();
    EXPECT_EQ(rest.bytes.size(), size);
    EXPECT_EQ(rest.error_number, 0);
  }
}

TEST_P(EventLoopClosing, LingersForABoundedTime) {
  ManualClock clock;
  TestServer server(GetParam(), each(quit_with(3)), {}, &clock);
  const TestPeer peer(server.port());
  peer.send("quit");
  EXPECT_EQ(peer.receive_to_end().bytes, "xxx");
  clock.move(1s);
  server.on_loop([] {});
  EXPECT_EQ(server.loop().connection_count(), 1U) << "the peer has not ended its side";
  clock.move(10s);
  server.on_loop([] {});
  EXPECT_TRUE(server.observer().await([&] { return server.observer().closed == 1; }));
}

TEST_P(EventLoopClosing, ClosesAPeerThatIsSilentForTooLong) {
  ManualClock clock;
  TestServer server(
      GetParam(), [] { return std::make_unique<FunctionHandler>(echo_lines, 30s); }, {}, &clock);
  const TestPeer silent(server.port());
  const TestPeer lively(server.port());
  auto& observer = server.observer();
  ASSERT_TRUE(observer.await([&] { return observer.opened == 2; }));
  for (int i = 0; i < 2; ++i) {
    clock.move(20s);
    lively.send("I am here\n");
    EXPECT_EQ(lively.receive(10), "I am here\n");
  }
  EXPECT_EQ(silent.receive_to_end().error_number, 0);
  ASSERT_TRUE(observer.await([&] { return observer.closed == 1; }));
  EXPECT_EQ(observer.read([&] { return observer.idle_closed; }), 1U);
  lively.send("me, too\n");
  EXPECT_EQ(lively.receive(8), "me, too\n");
}

TEST_P(EventLoopClosing, ClosesASilentPeerByAnIdleTimeoutThatWasSetMeanwhile) {
  ManualClock clock;
  FunctionHandler* handler = nullptr;
  TestServer server(
      GetParam(),
      [&] {
        auto made = std::make_unique<FunctionHandler>(echo_lines);
        handler = made.get();
        return made;
      },
      {}, &clock);
  const TestPeer silent(server.port());
  auto& observer = server.observer();
  ASSERT_TRUE(observer.await([&] { return observer.opened == 1; }));
  clock.move(20s);
  server.on_loop([&] {
    handler->set_idle_timeout(30s);
    server.loop().idle_timeouts_changed();
  });
  clock.move(9s);
  server.on_loop([] {});
  EXPECT_EQ(observer.read([&] { return observer.closed; }), 0U);
  clock.move(1s);
  server.on_loop([] {});
  ASSERT_TRUE(observer.await([&] { return observer.closed == 1; }));
  EXPECT_EQ(observer.read([&] { return observer.idle_closed; }), 1U);
}

TEST_P(EventLoopClosing, WakesAllWhoWaitForInputOrToBeWoken) {
  Watched handlers;
  bool closes = false;
  int calls = 0;
  TestServer server(GetParam(), [&] {
    return std::make_unique<FunctionHandler>([&](Bytes input, const Now&, Output&) {
      handlers.change([&] { ++calls; });
      if (closes) return Progress{input.size(), Wait::close, 0};
      return Progress{0, input.starts_with("wake") ? Wait::wake : Wait::input, 0};
    });
  });
  const TestPeer silent(server.port());
  const TestPeer half(server.port());
  const TestPeer waiting(server.port());
  half.send("half a requ");
  waiting.send("wake me");
  ASSERT_TRUE(handlers.await([&] { return calls == 2; }));
  ASSERT_TRUE(server.observer().await([&] { return server.observer().opened == 3; }));
  server.on_loop([&] {
    closes = true;
    server.loop().wake_all();
  });
  for (const TestPeer* const peer : {&silent, &half, &waiting}) {
    EXPECT_EQ(peer->receive_to_end().error_number, 0);
  }
}

TEST_P(EventLoopClosing, AnswersAPeerThatHasEndedBeforeAPauseOfWhichHeIsNotKept) {
  TestServer server(GetParam(), each([](Bytes input, const Now&, Output& output) {
                      if (!input.ends_with("!")) return Progress{0, Wait::input, 0};
                      output.append("answered");
                      return Progress{5, Wait::pause, 0};
                    }));
  const TestPeer peer(server.port());
  peer.send("first and what waits!");
  peer.end_sending();
  const auto rest = peer.receive_to_end();
  EXPECT_EQ(rest.bytes, "answered");
  EXPECT_EQ(rest.error_number, 0);
  ASSERT_TRUE(server.observer().await([&] { return server.observer().closed == 1; }));
}

TEST_P(EventLoopClosing, ClosesAPeerThatIsAStrangerForTooLong) {
  ManualClock clock;
  TestServer server(
      GetParam(),
      [] {
        auto handler = std::make_unique<FunctionHandler>(Advance());
        FunctionHandler& itself = *handler;
        handler->set_stranger(true);
        handler->set_advance([&itself](Bytes input, const Now& now, Output& output) {
          if (input.starts_with("it is me")) itself.set_stranger(false);
          return echo_lines(input, now, output);
        });
        return handler;
      },
      {.stranger_time_max = 30s}, &clock);
  const TestPeer silent(server.port());
  const TestPeer talkative(server.port());
  const TestPeer known(server.port());
  auto& observer = server.observer();
  ASSERT_TRUE(observer.await([&] { return observer.opened == 3; }));
  for (int i = 0; i < 2; ++i) {
    clock.move(14s);
    talkative.send("never mind\n");
    EXPECT_EQ(talkative.receive(11), "never mind\n");
  }
  known.send("it is me\n");
  EXPECT_EQ(known.receive(9), "it is me\n");
  clock.move(2s);
  server.on_loop([] {});
  EXPECT_EQ(silent.receive_to_end().error_number, 0);
  EXPECT_EQ(talkative.receive_to_end().error_number, 0);
  ASSERT_TRUE(observer.await([&] { return observer.closed == 2; }));
  EXPECT_EQ(observer.read([&] { return observer.strangers_closed; }), 2U);
  known.send("me, too\n");
  EXPECT_EQ(known.receive(8), "me, too\n");
}

TEST_P(EventLoopClosing, ShutsDownAtOnceWhenAllAreIdle) {
  ManualClock clock;  // stands still: nothing here may depend on a time limit
  TestServer server(GetParam(), each(echo_lines), {}, &clock);
  std::vector<std::unique_ptr<TestPeer>> peers;
  peers.reserve(10);
  for (int i = 0; i < 10; ++i) peers.push_back(std::make_unique<TestPeer>(server.port()));
  ASSERT_TRUE(server.observer().await([&] { return server.observer().opened == 10; }));
  server.loop().shut_down(3600s);
  server.join();
  for (const auto& peer : peers) EXPECT_EQ(peer->receive_to_end().error_number, 0);
}

TEST_P(EventLoopClosing, ShutsDownAfterTheRepliesThatAreOwed) {
  Watched watched;
  std::shared_ptr<Waker> waker;
  bool waiting = false;
  TestServer server(GetParam(), [&] {
    return std::make_unique<FunctionHandler>(
        [&, woken = false](Bytes input, const Now& now, Output& output) mutable {
          if (!input.starts_with("later")) return answer_sizes(input, now, output);
          watched.change([&] { waiting = true; });
          if (!std::exchange(woken, true)) return Progress{0, Wait::wake, 0};
          output.append("at last");
          return Progress{input.size(), Wait::input, 0};
        },
        Duration{0},
        [&](std::shared_ptr<Waker> attached) { watched.change([&] { waker = std::move(attached); }); });
  });
  const TestPeer large(server.port());
  large.send("40000000\n");
  auto& observer = server.observer();
  ASSERT_TRUE(observer.await([&] { return observer.sent_calls > 0; }));
  TestPeer late(server.port());
  late.send("later");
  ASSERT_TRUE(watched.await([&] { return waiting; }));

  server.loop().shut_down(60s);
  std::thread([&] { server.on_loop([] {}); }).join();
  EXPECT_EQ(server.loop().connection_count(), 2U);
  waker->wake();
  const auto late_rest = late.receive_to_end();
  EXPECT_EQ(late_rest.bytes, "at last");
  EXPECT_EQ(late_rest.error_number, 0);
  late.close();
  EXPECT_EQ(large.receive_to_end().bytes.size(), 40'000'000U);
  large.end_sending();
  server.join();
}

TEST_P(EventLoopClosing, LosesNoReplyThatIsEarnedWhenItShutsDownUnderLoad) {
  for (int round = 0; round < 5; ++round) {
    std::atomic<std::size_t> earned_size = 0;
    std::atomic<std::size_t> received_size = 0;
    TestServer server(GetParam(), each([&](Bytes input, const Now& now, Output& output) {
                        const Progress progress = echo_lines(input, now, output);
                        earned_size += progress.consumed;
                        return progress;
                      }));
    const std::string batch = "one\ntwo\nthree\nfour\n";
    std::vector<std::thread> clients;
    clients.reserve(8);
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back([&] {
        const TestPeer peer(server.port());
        // Always one batch ahead, so that the end comes while requests are on their way.
        static_cast<void>(peer.try_send(batch));
        while (peer.try_send(batch)) {
          const std::size_t size = peer.receive(batch.size()).size();
          received_size += size;
          if (size < batch.size()) return;
        }
        received_size += peer.receive_to_end().bytes.size();
      });
    }
    ASSERT_TRUE(server.observer().await(
        [&] { return server.observer().opened == clients.size() && server.observer().sent_size > 100'000; }));
    server.loop().shut_down(60s);
    server.join();
    for (std::thread& client : clients) client.join();
    EXPECT_EQ(received_size, earned_size);
  }
}

TEST_P(EventLoopClosing, ShutsDownWithoutThoseWhoDoNotReadWhenTheGraceIsOver) {
  ManualClock clock;
  TestServer server(GetParam(), each(answer_sizes), {}, &clock);
  const TestPeer deaf(server.port(), {.receive_buffer_size = 65'536});
  deaf.send("64000000\n");
  ASSERT_TRUE(server.observer().await([&] { return server.observer().sent_calls > 0; }));
  server.loop().shut_down(100s);
  server.on_loop([] {});
  clock.move(10s);
  server.on_loop([] {});
  EXPECT_EQ(server.loop().connection_count(), 1U);
  server.loop().shut_down(5s);  // a second, shorter grace counts from now
  server.on_loop([] {});
  clock.move(5s);
  server.loop().post([] {});
  server.join();
  EXPECT_EQ(server.loop().connection_count(), 0U);
}

TEST_P(EventLoopClosing, TakesNobodyOnAfterShutDown) {
  bool destroyed = false;
  TestServer server(GetParam(), each(answer_sizes));
  const TestPeer deaf(server.port(), {.receive_buffer_size = 65'536});
  deaf.send("64000000\n");
  ASSERT_TRUE(server.observer().await([&] { return server.observer().sent_calls > 0; }));
  server.loop().shut_down(60s);
  server.on_loop([&] {
    server.loop().adopt(Socket(::dup(deaf.descriptor())),
                        std::make_unique<FunctionHandler>(echo_lines, Duration{0},
                                                          std::function<void(std::shared_ptr<Waker>)>{},
                                                          [&] { destroyed = true; }));
  });
  EXPECT_TRUE(destroyed);
  EXPECT_EQ(server.loop().connection_count(), 1U);
}

TEST_P(EventLoopClosing, EndsItsConnectionsWhenItIsDestroyedWithoutRunning) {
  auto loop = GetParam().make({});
  ASSERT_TRUE(loop.has_value());
  bool destroyed = false;
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
  const Socket ours(ends[0]);
  (*loop)->adopt(Socket(ends[1]), std::make_unique<FunctionHandler>(
                                      echo_lines, Duration{0}, std::function<void(std::shared_ptr<Waker>)>{},
                                      [&] { destroyed = true; }));
  EXPECT_EQ((*loop)->connection_count(), 1U);
  loop->reset();
  EXPECT_TRUE(destroyed);
}

}  // namespace
}  // namespace larder::transport
