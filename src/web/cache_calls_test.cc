// Every call that was started is answered, and the log is told of the cache only what an outcome shows.
// Method: a real client with a scripted cache behind it; memory that runs out on the thread that makes the
// call.
#include "web/cache_calls.h"

#include <future>
#include <gtest/gtest.h>
#include <thread>
#include <utility>

#include "client/failing_memory.h"
#include "client/scripted_peer.h"

namespace larder::web {
namespace {

/// Asked for the time by the pool's thread right before it runs a task.
class MemoryClock final : public Clock {
 public:
  Now now() const override {
    if (std::this_thread::get_id() != maker_) client::memory_lasts_for(allocation_count);
    return {};
  }
  std::atomic<std::size_t> allocation_count = 0;

 private:
  const std::thread::id maker_ = std::this_thread::get_id();
};

// Method: every allocation in turn is the one that fails, and all behind it.
TEST(CacheCalls, AnswerThoughMemoryRunsOut) {
  const client::ScriptedPeer peer([](client::PeerConnection& connection) {
    while (!connection.receive().empty()) connection.send("$5\r\nvalue\r\n");
  });
  auto client = make_client({.address = peer.url(), .connection_count_max = 1});
  ASSERT_TRUE(client);
  MemoryClock clock;
  WebCounts counts;
  CacheCalls calls(*client, counts, {.thread_count = 1, .clock = &clock});
  bool has_failed = true;
  for (std::size_t count = 0; has_failed; ++count) {
    ASSERT_LT(count, 1000U);
    clock.allocation_count = count;
    std::promise<std::pair<WebResponse, bool>> answered;
    ASSERT_TRUE(calls.start(ReadValue{"k"}, [&](WebResponse response) {
      const bool failed = client::memory_is_back();
      answered.set_value({std::move(response), failed});
    }));
    auto answer = answered.get_future().get();
    has_failed = answer.second;
    EXPECT_FALSE(answer.first.body.empty());
    if (!has_failed) {
      EXPECT_EQ(answer.first.body, "value");
    }
  }
}

// A pool without a free connection says nothing about the cache; a line in the log for each would flap.
TEST(CacheSign, IsSilentWhenTheCacheWasNotAsked) {
  const auto sign = [](ErrorKind kind) {
    const Error error{kind, ""};
    return sign_of(&error);
  };
  EXPECT_EQ(sign_of(nullptr), CacheSign::answers);
  EXPECT_EQ(sign(ErrorKind::refused), CacheSign::answers);
  EXPECT_EQ(sign(ErrorKind::denied), CacheSign::away);
  EXPECT_EQ(sign(ErrorKind::too_large), CacheSign::answers);
  EXPECT_EQ(sign(ErrorKind::overloaded), CacheSign::none);
  EXPECT_EQ(sign(ErrorKind::disconnected), CacheSign::away);
  EXPECT_EQ(sign(ErrorKind::timed_out), CacheSign::away);
  EXPECT_EQ(sign(ErrorKind::malformed), CacheSign::away);
}

}  // namespace
}  // namespace larder::web
