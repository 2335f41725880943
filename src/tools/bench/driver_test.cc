// A driver sends what its plan says, waits for every reply, and counts an open loop's latencies from when
// requests were due. Method: a server of a few lines on a loopback socket that speaks memcached's text
// protocol: a miss for every get, and mischief on demand.
#include "tools/bench/driver.h"

#include <atomic>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <utility>
#include <vector>

namespace larder::tools {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::HasSubstr;

struct Mischief {
  milliseconds pause{};               // before the first reply
  std::size_t reply_count_max = ~0U;  // of each connection, before it is closed
  std::string answer = "END\r\n";
};

// Answers lines. What it is sent may be larger than the kernel holds, so it must be read all the time.
class LineServer final {
 public:
  explicit LineServer(Mischief mischief = {}) : mischief_(std::move(mischief)) {
    listener_ = transport::Socket(::socket(AF_INET, SOCK_STREAM, 0));
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address_), sizeof address_), 0);
    EXPECT_EQ(::listen(listener_.get(), 16), 0);
    socklen_t size = sizeof address_;
    EXPECT_EQ(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address_), &size), 0);
  }

  // So many connections, each served by a thread until the other end closes it.
  std::vector<client::Stream> connect(std::size_t count) {
    std::vector<client::Stream> streams;
    for (std::size_t i = 0; i < count; ++i) {
      streams.emplace_back(::socket(AF_INET, SOCK_STREAM, 0));
      EXPECT_EQ(
          ::connect(streams.back().descriptor(), reinterpret_cast<sockaddr*>(&address_), sizeof address_), 0);
      threads_.emplace_back(
          [this, peer = transport::Socket(::accept(listener_.get(), nullptr, nullptr))] { serve(peer); });
      EXPECT_EQ(::fcntl(streams.back().descriptor(), F_SETFL, O_NONBLOCK), 0);
    }
    return streams;
  }

  std::atomic<std::size_t> get_count = 0;
  std::atomic<std::size_t> read_count = 0;

 private:
  void serve(const transport::Socket& peer) {
    std::size_t reply_count = 0;
    std::string unread;
    std::vector<char> buffer(1U << 16);
    for (;;) {
      const auto size = ::recv(peer.get(), buffer.data(), buffer.size(), 0);
      if (size <= 0) return;
      ++read_count;
      unread.append(buffer.data(), static_cast<std::size_t>(size));
      if (reply_count == 0) std::this_thread::sleep_for(mischief_.pause);
      std::string replies;
      for (std::size_t end = 0; (end = unread.find('\n')) != std::string::npos; unread.erase(0, end + 1)) {
        const bool is_get = unread.starts_with("get ");
        if (!is_get && !unread.starts_with("set ")) continue;  // a value
        if (reply_count++ == mischief_.reply_count_max) return;
        if (is_get) ++get_count;
        replies += is_get ? mischief_.answer : "STORED\r\n";
      }
      if (::send(peer.get(), replies.data(), replies.size(), MSG_NOSIGNAL) < 0) return;
    }
  }

  Mischief mischief_;
  transport::Socket listener_;
  sockaddr_in address_{};
  std::vector<std::jthread> threads_;
};

class DriverTest : public testing::Test {
 protected:
  Result<DriveOutcome> drive(LineServer& server, std::size_t connection_count, DrivePlan plan) {
    Driver driver(server.connect(connection_count), workload, plan.pipeline);
    RequestSource source(workload, 0, 1);
    // Connecting took its time.
    const auto delay = steady_clock::now() - plan.start;
    plan.start += delay;
    plan.measured_from += delay;
    if (plan.end != BenchTime::max()) plan.end += delay;
    return driver.run(source, plan, control);
  }

  static DrivePlan plan_from_now() {
    const BenchTime now = steady_clock::now();
    return {.start = now, .measured_from = now};
  }

  Workload workload{.protocol = BenchProtocol::memcached, .key_count = 100};
  DriveControl control;
};

TEST_F(DriverTest, SendsSoManyRequestsAndWaitsForTheirReplies) {
  LineServer server;
  DrivePlan plan = plan_from_now();
  plan.pipeline = 16;
  plan.request_count_max = 1000;  // not whole batches
  const auto outcome = drive(server, 3, plan);
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
  const Tally& tally = outcome->books.measured;
  EXPECT_EQ(tally.sent_count, 1000U);
  EXPECT_EQ(tally.replied_count, 1000U);
  EXPECT_EQ(tally.miss_count, 1000U);
  EXPECT_EQ(tally.reads.count(), 1000U);
  EXPECT_EQ(tally.sent_size, 1000U * 29);
  EXPECT_EQ(tally.received_size, 1000U * 5);
  EXPECT_EQ(server.get_count, 1000U);
  EXPECT_EQ(control.replied_count, 1000U);
  EXPECT_GT(outcome->processor_time.count(), 0);
}

TEST_F(DriverTest, SendsABatchAtOnce) {
  LineServer server;
  DrivePlan plan = plan_from_now();
  plan.pipeline = 50;
  plan.request_count_max = 5000;
  ASSERT_TRUE(drive(server, 1, plan).has_value());
  EXPECT_LE(server.read_count, 110U);
}

TEST_F(DriverTest, SendsMoreThanTheKernelTakesAtOnce) {
  LineServer server;
  workload.read_percent = 0;
  workload.value_rule.size = 3'000'000;
  DrivePlan plan = plan_from_now();
  plan.pipeline = 5;
  plan.request_count_max = 12;
  const auto outcome = drive(server, 2, plan);
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
  EXPECT_EQ(outcome->books.measured.stored_count, 12U);
  EXPECT_GT(outcome->books.measured.sent_size, 36'000'000U);
}

TEST_F(DriverTest, StopsWhenTheTimeIsOver) {
  LineServer server;
  DrivePlan plan = plan_from_now();
  plan.measured_from = plan.start + milliseconds{20};
  plan.end = plan.start + milliseconds{60};
  const auto outcome = drive(server, 4, plan);
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
  const Books& books = outcome->books;
  EXPECT_GT(books.warm_up.replied_count + books.measured.replied_count, 0U);
  EXPECT_EQ(books.measured.sent_count, books.measured.replied_count);
  EXPECT_EQ(books.warm_up.sent_count, books.warm_up.replied_count);
  EXPECT_GE(steady_clock::now(), plan.end);
}

TEST_F(DriverTest, StopsWhenItIsTold) {
  LineServer server;
  const std::jthread caller([this] {
    while (control.replied_count < 100) std::this_thread::yield();
    control.is_stopping = true;
  });
  const auto outcome = drive(server, 2, plan_from_now());
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
  EXPECT_GE(outcome->books.measured.replied_count, 100U);
  EXPECT_EQ(outcome->books.measured.sent_count, outcome->books.measured.replied_count);
}

TEST_F(DriverTest, KeepsToTheRateOfAnOpenLoop) {
  LineServer server;
  DrivePlan plan = plan_from_now();
  plan.rate = 2000;
  plan.pipeline = 64;
  plan.request_count_max = 200;
  const auto outcome = drive(server, 3, plan);
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
  EXPECT_EQ(outcome->books.measured.replied_count, 200U);
  // The last of them is due after 199 intervals, and no earlier.
  EXPECT_GE(outcome->books.last_reply - plan.start, std::chrono::microseconds{199 * 500});
}

TEST_F(DriverTest, SendsAllThatIsDueBeforeTheEnd) {
  LineServer server;
  DrivePlan plan = plan_from_now();
  plan.rate = 1000;
  plan.pipeline = 256;
  plan.end = plan.start + milliseconds{100};
  const auto outcome = drive(server, 2, plan);
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
  EXPECT_EQ(outcome->books.measured.replied_count, 100U);
  EXPECT_EQ(outcome->overdue_count, 0U);
}

TEST_F(DriverTest, CountsWhatWasDueWhileTheServerStoodStill) {
  LineServer server({.pause = milliseconds{200}});
  DrivePlan plan = plan_from_now();
  plan.rate = 1000;
  plan.pipeline = 1;  // only one request meets the pause; the others wait for their turn
  plan.request_count_max = 200;
  const auto outcome = drive(server, 1, plan);
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
  const Histogram& times = outcome->books.measured.reads;
  EXPECT_EQ(times.count(), 200U);
  // Those due at the beginning of the pause waited for all of it, those in the middle for half of it.
  EXPECT_GE(times.max(), 199'000'000U);
  EXPECT_GE(times.quantile(0.5), 80'000'000U);
}

TEST_F(DriverTest, SaysHowManyWereDueAndNeverSent) {
  LineServer server({.pause = milliseconds{500}});
  DrivePlan plan = plan_from_now();
  plan.rate = 1000;
  plan.end = plan.start + milliseconds{100};
  const auto outcome = drive(server, 1, plan);
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
  EXPECT_EQ(outcome->books.measured.replied_count, 1U);
  EXPECT_EQ(outcome->overdue_count, 99U);
}

TEST_F(DriverTest, FailsWhenTheServerCloses) {
  LineServer server({.reply_count_max = 10});
  const auto outcome = drive(server, 1, plan_from_now());
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().kind, ErrorKind::disconnected);
  EXPECT_EQ(control.replied_count, 10U);
}

TEST_F(DriverTest, FailsWhenTheServerSaysNothing) {
  LineServer server({.answer = ""});
  DrivePlan plan = plan_from_now();
  plan.reply_timeout = milliseconds{150};
  const auto outcome = drive(server, 2, plan);
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().kind, ErrorKind::timed_out);
  EXPECT_THAT(outcome.error().message, HasSubstr("150 ms"));
}

TEST_F(DriverTest, FailsWhenTheServerMakesNoSense) {
  LineServer server({.answer = "HTTP/1.1 400 Bad Request\r\n"});
  const auto outcome = drive(server, 2, plan_from_now());
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().kind, ErrorKind::malformed);
  EXPECT_THAT(outcome.error().message, HasSubstr("'HTTP/1.1 400 Bad Request'"));
}

TEST_F(DriverTest, RunsOnePlanAfterTheOther) {
  LineServer server;
  Driver driver(server.connect(2), workload, 4);
  DrivePlan plan = plan_from_now();
  plan.request_count_max = 50;
  for (const std::size_t pipeline : {4U, 1U}) {
    plan.pipeline = pipeline;
    RequestSource source(workload, 0, 1);
    const auto outcome = driver.run(source, plan, control);
    ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
    EXPECT_EQ(outcome->books.measured.replied_count, 50U);
  }
}

}  // namespace
}  // namespace larder::tools
