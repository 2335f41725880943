// Looking up a host costs no caller more than its deadline. Method: lookups that a test holds back.
#include "client/resolver.h"

#include <atomic>
#include <future>
#include <gtest/gtest.h>
#include <new>
#include <sys/un.h>

namespace larder::client {
namespace {

TEST(Resolver, ReadsLiteralsWithoutLookingUp) {
  Resolver v4({"resp", "127.0.0.1", 6379});
  const auto found = v4.resolve(Deadline::after(Duration{0}));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(reinterpret_cast<const sockaddr_in&>(found->front().storage).sin_port, htons(6379));
  Resolver v6({"resp", "::1", 1});
  EXPECT_TRUE(v6.resolve(Deadline::after(Duration{0})));
  Resolver path({.scheme = "resp", .path = "/run/larder.sock"});
  const auto file = path.resolve(Deadline::after(Duration{0}));
  ASSERT_TRUE(file);
  EXPECT_STREQ(reinterpret_cast<const sockaddr_un&>(file->front().storage).sun_path, "/run/larder.sock");
}

TEST(Resolver, KnowsLocalhost) {
  Resolver resolver({"resp", "localhost", 6379});
  const auto found = resolver.resolve(Deadline::after(Duration{10000}));
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_FALSE(found->empty());
}

TEST(Resolver, LeavesALookupThatTakesTooLong) {
  std::promise<void> answer;
  const std::shared_future<void> answered = answer.get_future().share();
  std::atomic<int> lookup_count = 0;
  const auto count = std::make_shared<std::promise<void>>();
  Resolver resolver([&, answered]() -> Result<std::vector<Address>> {
    ++lookup_count;
    answered.wait();
    return std::vector<Address>(1);
  });
  for (int i = 0; i < 3; ++i) {
    const auto found = resolver.resolve(Deadline::after(Duration{20}));
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().kind, ErrorKind::timed_out);
  }
  answer.set_value();
  const auto found = resolver.resolve(Deadline::after(Duration{10000}));
  ASSERT_TRUE(found);
  EXPECT_LE(lookup_count, 2) << "callers who come during a lookup wait for that one";
}

// The lookup runs on a thread that nobody watches over.
TEST(Resolver, SurvivesALookupThatThrows) {
  bool throws = true;
  Resolver resolver([&]() -> Result<std::vector<Address>> {
    if (throws) throw std::bad_alloc();
    return std::vector<Address>(1);
  });
  const auto none = resolver.resolve(Deadline::after(Duration{10000}));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::overloaded);
  throws = false;
  EXPECT_TRUE(resolver.resolve(Deadline::after(Duration{10000})));
}

TEST(Resolver, MayGoBeforeItsLookupEnds) {
  std::promise<void> answer;
  const std::shared_future<void> answered = answer.get_future().share();
  const auto ended = std::make_shared<std::promise<void>>();
  {
    Resolver resolver([answered, ended]() -> Result<std::vector<Address>> {
      answered.wait();
      ended->set_value();
      return failure(ErrorKind::disconnected, "no such host");
    });
    EXPECT_FALSE(resolver.resolve(Deadline::after(Duration{10})));
  }
  answer.set_value();
  ended->get_future().wait();
}

}  // namespace
}  // namespace larder::client
