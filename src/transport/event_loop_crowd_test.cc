// Many connections on every event loop: thousands of idle ones, no descriptor left, and several loops that
// share what one accepts. Method: as in event_loop_conformance_test.cc.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <memory>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>
#include <vector>

#include "transport/accept_spread.h"
#include "transport/loop_test_support.h"

namespace larder::transport {
namespace {

class EventLoopCrowd : public testing::TestWithParam<LoopKind> {};
LARDER_FOR_EACH_LOOP(EventLoopCrowd);

/// The limit of open descriptors, put back at the end.
class DescriptorLimit final {
 public:
  DescriptorLimit() { ::getrlimit(RLIMIT_NOFILE, &before_); }
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;
  ~DescriptorLimit() { restore(); }
  void set(rlim_t count) const {
    const rlimit limit{count, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  }
  /// Leaves a few descriptors. Before a loop listens: io_uring accepts by the limit of that moment.
  void lower() const {
    const Socket next(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    set(static_cast<rlim_t>(next.get()) + 30);
  }
  void restore() const { ::setrlimit(RLIMIT_NOFILE, &before_); }
  [[nodiscard]] rlim_t hard() const { return before_.rlim_max; }

 private:
  rlimit before_{};
};

std::vector<Socket> take_all_descriptors() {
  std::vector<Socket> all;
  while (true) {
    Socket next(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!next.valid()) break;
    all.push_back(std::move(next));
  }
  EXPECT_EQ(errno, EMFILE);
  return all;
}

TEST_P(EventLoopCrowd, ServesBesideFiveThousandIdleConnections) {
  const DescriptorLimit limit;
  limit.set(limit.hard());
  // Both ends of each are in this process.
  const std::size_t idle_count = std::min<std::size_t>(5000, (limit.hard() - 100) / 2);
  TestServer server(GetParam(), each(echo_lines));
  const TestPeer before(server.port());
  auto& observer = server.observer();
  ASSERT_TRUE(observer.await([&] { return observer.opened == 1; }));

  std::vector<std::unique_ptr<TestPeer>> idle;
  idle.reserve(idle_count);
  for (std::size_t i = 0; i < idle_count; ++i) {
    idle.push_back(std::make_unique<TestPeer>(server.port()));
    idle.back()->send("hello\n");
    if (i % 500 == 499) {
      before.send("ping\n");
      ASSERT_EQ(before.receive(5), "ping\n");
    }
  }
  for (const auto& peer : idle) ASSERT_EQ(peer->receive(6), "hello\n");
  EXPECT_EQ(server.loop().connection_count(), idle_count + 1);
  const TestPeer after(server.port());
  for (int i = 0; i < 1000; ++i) {
    const TestPeer& peer = i % 2 == 0 ? before : after;
    peer.send("ping\n");
    ASSERT_EQ(peer.receive(5), "ping\n");
  }
  for (std::size_t i = 0; i < idle_count; i += 2) idle[i]->reset();
  for (std::size_t i = 1; i < idle_count; i += 2) idle[i]->close();
  ASSERT_TRUE(observer.await([&] { return observer.closed == idle_count; }));
  EXPECT_EQ(observer.read([&] { return observer.accepts_failed; }), 0U);
}

TEST_P(EventLoopCrowd, KeepsNoBuffersForIdleConnections) {
  TestServer server(GetParam(), each(echo_lines));
  const auto memory_used = [&] {
    std::size_t used = 0;
    server.on_loop([&] { used = ::mallinfo2().uordblks + ::mallinfo2().hblkhd; });
    return used;
  };
  if (memory_used() == 0) GTEST_SKIP() << "this allocator keeps no books";
  constexpr std::size_t peer_count = 200;
  std::vector<std::unique_ptr<TestPeer>> peers;
  peers.reserve(peer_count);
  const std::size_t before = memory_used();
  const std::string line = std::string(10'000, 'x') + "\n";
  for (std::size_t i = 0; i < peer_count; ++i) {
    peers.push_back(std::make_unique<TestPeer>(server.port()));
    peers.back()->send(line);
    ASSERT_EQ(peers.back()->receive(line.size()), line);
  }
  const std::size_t each_size = (memory_used() - before) / peer_count;
  RecordProperty("bytes_each", std::to_string(each_size));
  EXPECT_LT(each_size, 1024U) << "each has sent and received 10 KB";
}

TEST_P(EventLoopCrowd, ReportsTheMemoryOfBuffersWhileItIsInUse) {
  TestServer server(GetParam(), each(answer_sizes));
  auto& observer = server.observer();
  constexpr std::size_t reply_size = 32'000'000;
  {
    const TestPeer deaf(server.port(), {.receive_buffer_size = 65'536});
    deaf.send(std::to_string(reply_size) + "\n");
    // What does not fit into the kernel's buffers is owed.
    ASSERT_TRUE(observer.await([&] { return observer.buffer_size > reply_size / 2; }));
    const TestPeer slow(server.port());
    const std::size_t before = observer.read([&] { return observer.buffer_size; });
    slow.send("1");  // half of a request
    ASSERT_TRUE(observer.await([&] { return observer.buffer_size > before; }));
    slow.send("\n");
    EXPECT_EQ(slow.receive(1), "x");
    EXPECT_EQ(deaf.receive(reply_size).size(), reply_size);
    ASSERT_TRUE(observer.await([&] { return observer.buffer_size == 0; }));
    deaf.send(std::to_string(reply_size) + "\n");
    ASSERT_TRUE(observer.await([&] { return observer.buffer_size > reply_size / 2; }));
  }
  ASSERT_TRUE(observer.await([&] { return observer.closed == 2; }));
  EXPECT_EQ(observer.read([&] { return observer.buffer_size; }), 0U);
}

TEST_P(EventLoopCrowd, GoesOnAcceptingAfterDescriptorsRanOut) {
  const DescriptorLimit limit;
  limit.lower();
  TestServer server(GetParam(), each(echo_lines));
  auto& observer = server.observer();
  const TestPeer early(server.port());
  early.send("ping\n");
  ASSERT_EQ(early.receive(5), "ping\n");
  std::vector<Socket> fillers = take_all_descriptors();
  fillers.pop_back();  // the next peer will use it itself
  const TestPeer waiting(server.port());
  waiting.send("hello\n");
  ASSERT_TRUE(observer.await([&] { return observer.accepts_failed > 0; }));
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 1000; ++i) {
    early.send("ping\n");
    ASSERT_EQ(early.receive(5), "ping\n") << "those who are connected notice nothing";
  }
  const auto elapsed = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - start);
  EXPECT_LE(observer.read([&] { return observer.accepts_failed; }),
            static_cast<std::size_t>(elapsed.count()) / 100 + 3)
      << "it must not spin";
  limit.restore();
  EXPECT_EQ(waiting.receive(6), "hello\n");
}

TEST_P(EventLoopCrowd, AcceptsAgainAsSoonAsAConnectionCloses) {
  const DescriptorLimit limit;
  limit.lower();
  ManualClock clock;  // stands still, so that the pause itself never ends
  TestServer server(GetParam(), each(echo_lines), {}, &clock);
  TestPeer early(server.port());
  early.send("ping\n");
  ASSERT_EQ(early.receive(5), "ping\n");
  std::vector<Socket> fillers = take_all_descriptors();
  fillers.pop_back();
  const TestPeer waiting(server.port());
  waiting.send("hello\n");
  ASSERT_TRUE(server.observer().await([&] { return server.observer().accepts_failed > 0; }));
  early.close();
  EXPECT_EQ(waiting.receive(6), "hello\n");
}

TEST_P(EventLoopCrowd, SpreadsConnectionsEvenlyOverLoops) {
  constexpr std::size_t loop_count = 3;
  constexpr std::size_t peer_count = 90;
  const SystemClock clock;
  RecordingObserver observer;
  std::vector<std::unique_ptr<EventLoop>> loops;
  std::vector<EventLoop*> borrowed;
  for (std::size_t i = 0; i < loop_count; ++i) {
    auto loop = GetParam().make({{}, &clock, &observer});
    ASSERT_TRUE(loop.has_value());
    borrowed.push_back(loop->get());
    loops.push_back(std::move(*loop));
  }
  AcceptSpread spread(borrowed);
  std::vector<std::thread::id> thread_of(loop_count);
  std::atomic<int> strays = 0;
  auto listener = open_listener({"test", "127.0.0.1", 0});
  ASSERT_TRUE(listener.has_value());
  loops[0]->listen(std::move(listener->socket), [&](Socket socket) {
    spread.hand_over(0, std::move(socket), [&](std::size_t loop_index) {
      return std::make_unique<FunctionHandler>([&, loop_index](Bytes input, const Now& now, Output& output) {
        if (std::this_thread::get_id() != thread_of[loop_index]) ++strays;
        return echo_lines(input, now, output);
      });
    });
  });
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < loop_count; ++i) {
    loops[i]->post([&thread_of, i] { thread_of[i] = std::this_thread::get_id(); });
    threads.emplace_back([&loops, i] { EXPECT_TRUE(loops[i]->run().has_value()); });
  }
  std::vector<std::unique_ptr<TestPeer>> peers;
  for (std::size_t i = 0; i < peer_count; ++i) {
    peers.push_back(std::make_unique<TestPeer>(listener->endpoint.port));
    peers.back()->send("hello\n");
  }
  for (const auto& peer : peers) EXPECT_EQ(peer->receive(6), "hello\n");
  const auto expect_even = [&] {
    for (const auto& loop : loops) {
      EXPECT_GE(loop->connection_count() + 2, peer_count / loop_count);
      EXPECT_LE(loop->connection_count(), peer_count / loop_count + 2);
    }
  };
  const auto count_all = [&] {
    std::size_t count = 0;
    for (const auto& loop : loops) count += loop->connection_count();
    return count;
  };
  expect_even();
  EXPECT_EQ(count_all(), peer_count);

  // A loop that lost its connections gets the next ones.
  for (std::size_t i = 0; i < peer_count; i += loop_count) peers[i]->reset();
  ASSERT_TRUE(observer.await([&] { return observer.closed == peer_count / loop_count; }));
  for (std::size_t i = 0; i < peer_count; i += loop_count) {
    peers[i] = std::make_unique<TestPeer>(listener->endpoint.port);
    peers[i]->send("again\n");
    EXPECT_EQ(peers[i]->receive(6), "again\n");
  }
  expect_even();
  EXPECT_EQ(strays, 0);
  for (const auto& loop : loops) loop->shut_down(Duration{0});
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count_all(), 0U);
}

}  // namespace
}  // namespace larder::transport
