// transport/loop_test_support.h: what the tests of the event loops share: a loop on a thread of its own,
// peers with blocking sockets, handlers made of lambdas, a clock that is moved by hand.
//
// Tests wait for events, never for time to pass; the one time limit below is there to end a test that hangs.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <ostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "transport/event_loop.h"
#include "transport/handler.h"
#include "transport/listener.h"
#include "transport/loop_choice.h"
#include "transport/socket.h"

namespace larder::transport {

/// A way to make a loop. Every suite below runs once for each of all_loops().
struct LoopKind {
  const char* name;
  Result<std::unique_ptr<EventLoop>> (*make)(const LoopOptions& options);
  friend void PrintTo(const LoopKind& kind, std::ostream* out) { *out << kind.name; }
};

/// io_uring where the kernel offers it, and not under ThreadSanitizer, which does not see what the kernel
/// writes.
inline auto all_loops() {
  std::vector<LoopKind> kinds = {{"epoll", make_epoll_loop}};
#ifndef __SANITIZE_THREAD__
  if (choose_event_loop("io_uring").has_value()) kinds.push_back({"io_uring", make_uring_loop});
#endif
  return testing::ValuesIn(kinds);
}

#define LARDER_FOR_EACH_LOOP(suite)                   \
  INSTANTIATE_TEST_SUITE_P(Loops, suite, all_loops(), \
                           [](const testing::TestParamInfo<LoopKind>& kind) { return kind.param.name; })

/// Something that changes on one thread and is waited for on another.
class Watched {
 public:
  template <class Change>
  void change(Change&& change) {
    // Notifies under the lock: who waits may destroy this as soon as it sees the change.
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  /// False: it did not come true within a time that is long for any machine.
  template <class Condition>
  [[nodiscard]] bool await(Condition&& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(60), std::forward<Condition>(condition));
  }
  template <class Read>
  [[nodiscard]] auto read(Read&& read) {
    const std::lock_guard lock(mutex_);
    return read();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

/// Counts everything a loop reports.
class RecordingObserver final : public LoopObserver, public Watched {
 public:
  void on_received(std::size_t size) override {
    change([&] { received_size += size, ++received_calls; });
  }
  void on_sent(std::size_t size) override {
    change([&] { sent_size += size, ++sent_calls; });
  }
  void on_buffers_resized(std::size_t size_before, std::size_t size) override {
    change([&] { buffer_size += size - size_before; });
  }
  void on_opened() override {
    change([&] { ++opened; });
  }
  void on_closed() override {
    change([&] { ++closed; });
  }
  void on_slow_reader_closed() override {
    change([&] { ++slow_readers_closed; });
  }
  void on_idle_closed() override {
    change([&] { ++idle_closed; });
  }
  void on_stranger_closed(const Socket& /*socket*/) override {
    change([&] { ++strangers_closed; });
  }
  void on_over_budget_closed() override {
    change([&] { ++over_budget_closed; });
  }
  void on_accept_failed(int /*error_number*/) override {
    change([&] { ++accepts_failed; });
  }

  void on_tls_established(bool /*is_resumed*/) override {
    change([&] { ++tls_established; });
  }
  void on_tls_failed(std::string_view /*reason*/, const Socket& /*socket*/) override {
    change([&] { ++tls_failed; });
  }

  std::size_t tls_established = 0, tls_failed = 0;
  std::size_t received_size = 0, received_calls = 0, sent_size = 0, sent_calls = 0;
  std::size_t buffer_size = 0;  // of all connections
  std::size_t opened = 0, closed = 0, slow_readers_closed = 0, idle_closed = 0, accepts_failed = 0,
              over_budget_closed = 0, strangers_closed = 0;
};

class ManualClock final : public Clock {
 public:
  Now now() const override {
    const Duration time(time_ms_.load());
    return {TimePoint{time}, SteadyTime{time}};
  }
  void move(Duration by) { time_ms_ += by.count(); }

 private:
  std::atomic<Duration::rep> time_ms_{1'000'000};
};

using Advance = std::function<Progress(Bytes input, const Now& now, Output& output)>;

/// A handler made of a lambda.
class FunctionHandler final : public Handler {
 public:
  explicit FunctionHandler(Advance advance, Duration idle_timeout = Duration{0},
                           std::function<void(std::shared_ptr<Waker>)> on_attach = {},
                           std::function<void()> on_destroyed = {});
  ~FunctionHandler() override;
  void attach(std::shared_ptr<Waker> waker) override;
  Progress advance(Bytes input, const Now& now, Output& output) override {
    return advance_(input, now, output);
  }
  void announced(Bytes input) override {
    if (on_announced) on_announced(input);
  }
  [[nodiscard]] Duration idle_timeout() const override { return idle_timeout_; }
  [[nodiscard]] bool is_stranger() const override { return is_stranger_; }
  void set_idle_timeout(Duration idle_timeout) { idle_timeout_ = idle_timeout; }
  void set_advance(Advance advance) { advance_ = std::move(advance); }
  void set_stranger(bool is_stranger) { is_stranger_ = is_stranger; }

  std::function<void(Bytes)> on_announced;

 private:
  Advance advance_;
  Duration idle_timeout_;
  bool is_stranger_ = false;
  std::function<void(std::shared_ptr<Waker>)> on_attach_;
  std::function<void()> on_destroyed_;
};

using HandlerFactory = std::function<std::unique_ptr<Handler>()>;

/// Each connection gets a handler of its own that does that.
inline HandlerFactory each(const Advance& advance) {
  return [advance] { return std::make_unique<FunctionHandler>(advance); };
}

/// Answers each whole line with itself.
Progress echo_lines(Bytes input, const Now& now, Output& output);

/// Each line is a number of bytes to answer with; stops at a full output, as sessions do.
Progress answer_sizes(Bytes input, const Now& now, Output& output);

/// A blocking TCP socket to 127.0.0.1 whose calls give up, and fail the test, after a minute.
class TestPeer final {
 public:
  struct Options {
    int receive_buffer_size = 0;  // 0: the system's
  };
  explicit TestPeer(std::uint16_t port) : TestPeer(port, Options{}) {}
  TestPeer(std::uint16_t port, Options options);

  void send(Bytes bytes) const;
  /// False: the connection is gone.
  [[nodiscard]] bool try_send(Bytes bytes) const;
  /// Exactly `size` bytes, or fewer if the connection ended before.
  [[nodiscard]] std::string receive(std::size_t size) const;
  struct Rest {
    std::string bytes;
    int error_number = 0;  // 0: a plain end
  };
  [[nodiscard]] Rest receive_to_end() const;
  void end_sending() const;
  /// Closes with a reset.
  void reset();
  void close() { socket_.close(); }
  [[nodiscard]] int descriptor() const { return socket_.get(); }

 private:
  Socket socket_;
};

/// A loop on a thread of its own that serves what one listener accepts.
class TestServer final {
 public:
  TestServer(const LoopKind& kind, HandlerFactory make_handler, ConnectionLimits limits = {},
             const Clock* clock = nullptr, TlsUse tls = {});
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;
  ~TestServer();

  [[nodiscard]] EventLoop& loop() { return *loop_; }
  [[nodiscard]] RecordingObserver& observer() { return observer_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// Runs `task` on the loop's thread and waits for it.
  void on_loop(std::function<void()> task);
  /// Waits for run() to return.
  void join();

 private:
  SystemClock system_clock_;
  RecordingObserver observer_;
  std::unique_ptr<EventLoop> loop_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace larder::transport
