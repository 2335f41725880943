// What every event loop does while connections live: bytes in any cut, batches, backpressure, large messages,
// waking, tasks, ticks. Method: real sockets on loopback against a loop on its own thread; what the loop
// reports through its observer is what the tests wait for.
#include <algorithm>
#include <atomic>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <utility>
#include <vector>

#include "base/sizes.h"
#include "transport/loop_test_support.h"

namespace larder::transport {
namespace {

using namespace std::chrono_literals;

class EventLoopConformance : public testing::TestWithParam<LoopKind> {};
LARDER_FOR_EACH_LOOP(EventLoopConformance);

TEST_P(EventLoopConformance, AnswersTheSameHoweverTheBytesAreCut) {
  const TestServer server(GetParam(), each(echo_lines));
  std::string lines;
  for (std::size_t i = 0; i < 60; ++i)
    lines += std::string(i * 7 % 50, static_cast<char>('a' + i % 26)) + "\n";
  for (const std::size_t cut : {1UL, 2UL, 3UL, 7UL, 64UL, 1000UL, lines.size()}) {
    const TestPeer peer(server.port());
    for (std::size_t at = 0; at < lines.size(); at += cut) peer.send(Bytes(lines).substr(at, cut));
    EXPECT_EQ(peer.receive(lines.size()), lines) << "cut into pieces of " << cut;
  }
}

TEST_P(EventLoopConformance, HasPatienceWithAPeerThatSendsByteAfterByte) {
  TestServer server(GetParam(), each(echo_lines));
  const TestPeer slow(server.port());
  const TestPeer other(server.port());
  const std::string line = "one byte at a time\n";
  for (std::size_t i = 0; i < line.size(); ++i) {
    const std::size_t before = server.observer().read([&] { return server.observer().received_size; });
    slow.send(Bytes(line).substr(i, 1));
    ASSERT_TRUE(server.observer().await([&] { return server.observer().received_size == before + 1; }));
    other.send("ping\n");
    ASSERT_EQ(other.receive(5), "ping\n");
  }
  EXPECT_EQ(slow.receive(line.size()), line);
}

TEST_P(EventLoopConformance, AnswersAThousandRequestsOfOneWriteInOneSend) {
  TestServer server(GetParam(), each(echo_lines));
  const TestPeer peer(server.port());
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "request " + std::to_string(i) + "\n";
  peer.send(lines);
  EXPECT_EQ(peer.receive(lines.size()), lines);
  auto& observer = server.observer();
  EXPECT_LE(observer.read([&] { return observer.sent_calls; }),
            observer.read([&] { return observer.received_calls; }));
  EXPECT_LE(observer.read([&] { return observer.received_calls; }), 3U);
}

TEST_P(EventLoopConformance, ServesOthersBesideAPeerThatNeverPauses) {
  constexpr std::size_t ahead_size = std::size_t{512} << 10;
  Watched flow;
  std::size_t sent_size = 0;
  std::size_t handled_size = 0;
  bool enough = false;
  const TestServer server(
      GetParam(), each([&](Bytes input, const Now& now, Output& output) {
        if (!input.starts_with('#')) return echo_lines(input, now, output);
        // Not before there is more to read, so that the loop never finds the socket empty.
        EXPECT_TRUE(flow.await([&] { return enough || sent_size >= handled_size + ahead_size; }));
        flow.change([&] { handled_size += input.size(); });
        return Progress{input.size(), Wait::input, 0};
      }));
  const TestPeer busy(server.port());
  std::thread flood([&] {
    const std::string noise(65'536, '#');
    while (!flow.read([&] { return enough; })) {
      busy.send(noise);
      flow.change([&] { sent_size += noise.size(); });
    }
  });
  const TestPeer other(server.port());
  for (int i = 0; i < 50; ++i) {
    other.send("ping\n");
    EXPECT_EQ(other.receive(5), "ping\n");
  }
  flow.change([&] { enough = true; });
  flood.join();
}

TEST_P(EventLoopConformance, GivesOneConnectionABoundedShareOfATurn) {
  // Moves at every look, so that each turn has a `now` of its own.
  struct RestlessClock final : Clock {
    mutable std::atomic<Duration::rep> looks = 1'000'000;
    Now now() const override {
      const Duration time(++looks);
      return {TimePoint{time}, SteadyTime{time}};
    }
  };
  const RestlessClock clock;
  std::map<SteadyTime, int> calls_by_turn;
  int calls = 0;
  TestServer server(GetParam(), each([&](Bytes input, const Now& now, Output& output) {
                      ++calls_by_turn[now.steady];
                      ++calls;
                      output.append(input.substr(0, 1));
                      return Progress{1, input.size() > 1 ? Wait::output : Wait::input, 0};
                    }),
                    {}, &clock);
  const TestPeer peer(server.port());
  const std::string requests(5000, 'r');
  peer.send(requests);
  EXPECT_EQ(peer.receive(requests.size()), requests);
  server.on_loop([&] {
    EXPECT_EQ(calls, 5000);
    for (const auto& [turn, count] : calls_by_turn) EXPECT_LE(count, 64);
  });
}

TEST_P(EventLoopConformance, SendsRepliesLargerThanAnySocketBuffer) {
  const TestServer server(GetParam(), each(answer_sizes));
  const TestPeer peer(server.port());
  peer.send("50000000\n1\n");
  EXPECT_EQ(peer.receive(50'000'001).size(), 50'000'001U);
}

TEST_P(EventLoopConformance, DoesNotReadAPeerThatDoesNotRead) {
  std::atomic<std::size_t> output_size_max_seen = 0;
  std::atomic<std::size_t> handled_size = 0;
  const TestServer server(GetParam(), each([&](Bytes input, const Now& now, Output& output) {
                            const Progress progress = answer_sizes(input, now, output);
                            output_size_max_seen = std::max<std::size_t>(output_size_max_seen, output.size());
                            handled_size += progress.consumed;
                            return progress;
                          }));
  const TestPeer deaf(server.port(), {.receive_buffer_size = 65'536});
  const TestPeer other(server.port());
  // 1,000 requests for 64 KiB: more than all the buffers on the way hold.
  std::string requests;
  for (int i = 0; i < 1000; ++i) requests += "65536\n";
  deaf.send(requests);
  for (int i = 0; i < 200; ++i) {
    other.send("3\n");
    ASSERT_EQ(other.receive(3), "xxx");
  }
  EXPECT_LT(handled_size, requests.size() / 2 + 400);
  EXPECT_EQ(deaf.receive(65'536'000).size(), 65'536'000U) << "it gets all once it reads";
  EXPECT_LT(output_size_max_seen, Output::turn_size + 65'536);
}

TEST_P(EventLoopConformance, ClosesAPeerThatLeavesTooMuchUnsentAndServesTheOthers) {
  TestServer server(GetParam(), each(answer_sizes), {.output_size_max = 2 * mib});
  const TestPeer deaf(server.port(), {.receive_buffer_size = 65'536});
  const TestPeer other(server.port());
  deaf.send("64000000\n");
  auto& observer = server.observer();
  ASSERT_TRUE(observer.await([&] { return observer.slow_readers_closed == 1 && observer.closed == 1; }));
  EXPECT_LT(deaf.receive_to_end().bytes.size(), 64'000'000U);
  other.send("3\n");
  EXPECT_EQ(other.receive(3), "xxx");
  EXPECT_EQ(server.loop().connection_count(), 1U);
}

TEST_P(EventLoopConformance, ClosesAPeerThatTakesNothingForTooLong) {
  ManualClock clock;
  TestServer server(GetParam(), each(answer_sizes), {.output_time_max = 60s}, &clock);
  const TestPeer deaf(server.port(), {.receive_buffer_size = 65'536});
  deaf.send("32000000\n");
  auto& observer = server.observer();
  ASSERT_TRUE(observer.await([&] { return observer.sent_calls > 0; }));
  // Bytes may still trickle into the kernel's buffers, and each is a sign of life: move on until it is over.
  while (server.loop().connection_count() > 0) {
    clock.move(61s);
    server.on_loop([] {});
  }
  EXPECT_EQ(observer.read([&] { return observer.slow_readers_closed; }), 1U);
}

TEST_P(EventLoopConformance, AssemblesALargeMessageWithoutShowingItAgainAndAgain) {
  constexpr std::size_t message_size = 100'000'000;
  std::atomic<int> calls = 0;
  std::atomic<bool> intact = false;
  const TestServer server(GetParam(), each([&](Bytes input, const Now& /*now*/, Output& output) {
                            ++calls;
                            if (input.size() < message_size) return Progress{0, Wait::input, message_size};
                            intact = std::ranges::all_of(input.substr(0, message_size - 1),
                                                         [](char c) { return c == 'v'; }) &&
                                     input[message_size - 1] == '!';
                            output.append("stored");
                            return Progress{message_size, Wait::input, 0};
                          }));
  const TestPeer peer(server.port());
  peer.send(std::string(message_size - 1, 'v') + "!");
  EXPECT_EQ(peer.receive(6), "stored");
  EXPECT_TRUE(intact);
  EXPECT_LE(calls, 2);
}

TEST_P(EventLoopConformance, WakesAConnectionFromAnotherThread) {
  Watched watched;
  std::shared_ptr<Waker> waker;
  int calls = 0;
  TestServer server(GetParam(), [&] {
    return std::make_unique<FunctionHandler>(
        [&](Bytes input, const Now& /*now*/, Output& output) {
          int call = 0;
          watched.change([&] { call = ++calls; });
          if (call == 1) return Progress{0, Wait::wake, 0};
          output.append(input);
          return Progress{input.size(), Wait::input, 0};
        },
        Duration{0},
        [&](std::shared_ptr<Waker> attached) { watched.change([&] { waker = std::move(attached); }); });
  });
  TestPeer peer(server.port());
  peer.send("first");
  ASSERT_TRUE(watched.await([&] { return calls == 1; }));
  peer.send(", second");
  server.on_loop([] {});
  EXPECT_EQ(watched.read([&] { return calls; }), 1) << "it is not read before it is woken";
  std::thread([&] { waker->wake(); }).join();
  EXPECT_EQ(peer.receive(13), "first, second");

  peer.close();
  ASSERT_TRUE(server.observer().await([&] { return server.observer().closed == 1; }));
  waker->wake();
  server.on_loop([] {});
  server.loop().shut_down(Duration{0});
  server.join();
  waker->wake();
}

TEST_P(EventLoopConformance, ClosesAConnectionFromAnotherThreadWhateverItIsOwed) {
  Watched watched;
  std::shared_ptr<Waker> waker;
  int calls = 0;
  TestServer server(GetParam(), [&] {
    return std::make_unique<FunctionHandler>(
        [&](Bytes input, const Now& /*now*/, Output& output) {
          output.append(std::string(64U << 20, 'x'));
          watched.change([&] { ++calls; });
          return Progress{input.size(), Wait::input, 0};
        },
        Duration{0},
        [&](std::shared_ptr<Waker> attached) { watched.change([&] { waker = std::move(attached); }); });
  });
  const TestPeer deaf(server.port(), {.receive_buffer_size = 65'536});
  deaf.send("a");
  ASSERT_TRUE(watched.await([&] { return calls == 1; }));
  std::thread([&] { waker->close(); }).join();
  ASSERT_TRUE(server.observer().await([&] { return server.observer().closed == 1; }));
  waker->close();
  server.on_loop([] {});
}

TEST_P(EventLoopConformance, ShowsAPeerItsEndBeforeCloseReturns) {
  Watched watched;
  std::shared_ptr<Waker> waker;
  TestServer server(GetParam(), [&] {
    return std::make_unique<FunctionHandler>(echo_lines, Duration{0}, [&](std::shared_ptr<Waker> attached) {
      watched.change([&] { waker = std::move(attached); });
    });
  });
  const TestPeer peer(server.port());
  peer.send("a\n");
  EXPECT_EQ(peer.receive(2), "a\n");
  server.on_loop([&] {  // so that the loop does nothing else meanwhile
    waker->close();
    char byte = 0;
    EXPECT_EQ(::recv(peer.descriptor(), &byte, 1, MSG_DONTWAIT), 0);
  });
  ASSERT_TRUE(server.observer().await([&] { return server.observer().closed == 1; }));
}

TEST_P(EventLoopConformance, SendsWhatIsBorrowedBetweenWhatIsNot) {
  class Library final : public Lender, public Watched {
   public:
    Loan lend(Bytes bytes) override { return {*this, this, bytes}; }
    void take_back(const void* /*owner*/) noexcept override {
      change([&] { ++return_count; });
    }
    bool is_orphan(const void* /*owner*/) const noexcept override { return false; }
    int return_count = 0;
  } library;
  std::string text(std::size_t{3} << 20, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 31 / 7);
  constexpr int reply_count = 40;
  const TestServer server(GetParam(), [&] {
    return std::make_unique<FunctionHandler>([&](Bytes input, const Now& /*now*/, Output& output) {
      std::size_t consumed = 0;
      while (consumed < input.size() && !output.full()) {
        const auto number = static_cast<std::size_t>(static_cast<unsigned char>(input[consumed++]));
        output.append("<" + std::to_string(number) + ">");
        output.append(library.lend(Bytes(text).substr(0, number % 7 == 0 ? text.size() : number * 1000)));
      }
      return Progress{consumed, consumed < input.size() ? Wait::output : Wait::input, 0};
    });
  });
  const TestPeer peer(server.port(), {.receive_buffer_size = 65'536});
  std::string requests;
  std::string expected;
  for (int i = 1; i <= reply_count; ++i) {
    requests += static_cast<char>(i);
    expected += "<" + std::to_string(i) + ">";
    expected += text.substr(0, i % 7 == 0 ? text.size() : static_cast<std::size_t>(i) * 1000);
  }
  peer.send(requests);
  EXPECT_TRUE(peer.receive(expected.size()) == expected);
  ASSERT_TRUE(library.await([&] { return library.return_count == reply_count; }));
  {
    const TestPeer deaf(server.port(), {.receive_buffer_size = 65'536});
    deaf.send(Bytes("\7", 1));
    EXPECT_EQ(deaf.receive(3), "<7>");
  }
  ASSERT_TRUE(library.await([&] { return library.return_count == reply_count + 1; })) << "cut off";
}

TEST_P(EventLoopConformance, WakesManyConnectionsFromManyThreads) {
  TestServer server(GetParam(), [] {
    struct State {
      std::shared_ptr<Waker> waker;
      std::atomic<bool> done = false;
      std::thread worker;
    };
    auto state = std::make_shared<State>();
    return std::make_unique<FunctionHandler>(
        [state](Bytes input, const Now& /*now*/, Output& output) {
          if (input.empty()) return Progress{};
          if (!state->done && !state->worker.joinable()) {
            state->worker = std::thread([state_raw = state.get()] {
              state_raw->done = true;
              state_raw->waker->wake();
            });
            return Progress{0, Wait::wake, 0};
          }
          if (!state->done) return Progress{0, Wait::wake, 0};
          state->worker.join();
          state->done = false;
          output.append(input.substr(0, 1));
          return Progress{1, input.size() > 1 ? Wait::output : Wait::input, 0};
        },
        Duration{0}, [state](std::shared_ptr<Waker> waker) { state->waker = std::move(waker); },
        [state] {
          if (state->worker.joinable()) state->worker.join();
        });
  });
  std::vector<std::unique_ptr<TestPeer>> peers;
  peers.reserve(20);
  for (int i = 0; i < 20; ++i) peers.push_back(std::make_unique<TestPeer>(server.port()));
  for (const auto& peer : peers) peer->send("0123456789");
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(peers[i]->receive(10), "0123456789");
  // The rest leave while their answers are under way.
  for (std::size_t i = 10; i < peers.size(); ++i) peers[i]->reset();
  ASSERT_TRUE(server.observer().await([&] { return server.observer().closed == 10; }));
}

TEST_P(EventLoopConformance, RunsTheTasksOfEachThreadInOrder) {
  TestServer server(GetParam(), each(echo_lines));
  constexpr std::size_t thread_count = 4;
  constexpr int task_count = 1000;
  std::vector<std::vector<int>> ran(thread_count);
  std::vector<std::thread> threads;
  threads.reserve(thread_count);
  for (std::size_t t = 0; t < thread_count; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < task_count; ++i) server.loop().post([&ran, t, i] { ran[t].push_back(i); });
    });
  }
  for (std::thread& thread : threads) thread.join();
  server.on_loop([] {});
  for (const std::vector<int>& order : ran) {
    EXPECT_EQ(order.size(), static_cast<std::size_t>(task_count));
    EXPECT_TRUE(std::ranges::is_sorted(order));
  }
}

TEST_P(EventLoopConformance, DestroysTasksThatComeTooLate) {
  TestServer server(GetParam(), each(echo_lines));
  server.loop().shut_down(Duration{0});
  server.join();
  const auto token = std::make_shared<bool>(false);
  server.loop().post([token] { *token = true; });
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_FALSE(*token);
}

TEST_P(EventLoopConformance, TicksByTheClockItWasGiven) {
  ManualClock clock;
  TestServer server(GetParam(), each(echo_lines), {}, &clock);
  std::vector<SteadyTime> ticks;
  server.on_loop([&] { server.loop().every(10s, [&](const Now& now) { ticks.push_back(now.steady); }); });
  const SteadyTime start = clock.now().steady;
  const auto count_after = [&](Duration by) {
    clock.move(by);
    std::size_t count = 0;
    server.on_loop([] {});  // the turn whose end ticks
    server.on_loop([&] { count = ticks.size(); });
    return count;
  };
  EXPECT_EQ(count_after(9s), 0U);
  EXPECT_EQ(count_after(1s), 1U);
  EXPECT_EQ(count_after(5s), 1U);
  EXPECT_EQ(count_after(100s), 2U) << "missed ticks are not made up for";
  EXPECT_EQ(ticks, (std::vector{start + 10s, start + 115s}));
}

TEST_P(EventLoopConformance, TicksByItself) {
  TestServer server(GetParam(), each(echo_lines));
  Watched watched;
  int ticks = 0;
  server.on_loop(
      [&] { server.loop().every(Duration{5}, [&](const Now&) { watched.change([&] { ++ticks; }); }); });
  EXPECT_TRUE(watched.await([&] { return ticks >= 3; }));
  server.loop().shut_down(Duration{0});
  server.join();
}

TEST_P(EventLoopConformance, LosesOnlyTheConnectionWhoseHandlerRunsOutOfMemory) {
  const TestServer server(GetParam(), each([](Bytes input, const Now& now, Output& output) {
                            if (input.starts_with("boom")) throw std::bad_alloc();
                            return echo_lines(input, now, output);
                          }));
  const TestPeer unlucky(server.port());
  const TestPeer other(server.port());
  unlucky.send("boom\n");
  EXPECT_EQ(unlucky.receive_to_end().bytes, "");
  other.send("ping\n");
  EXPECT_EQ(other.receive(5), "ping\n");
}

}  // namespace
}  // namespace larder::transport
