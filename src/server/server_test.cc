// The wiring: every address answers in its dialect, the figures are gathered over all workers, and the end is
// an end. Method: a whole server in the test's process on ports that the kernel picks; the health check plays
// the client.
#include "server/server.h"

#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <utility>

#include "program/health_check.h"
#include "program/options.h"

namespace larder::server {
namespace {

using testing::HasSubstr;

constexpr Duration long_enough{10'000};

ServerOptions server_options(const std::vector<std::string>& arguments) {
  const auto parsed = program::read_options(server_option_table(), arguments, {});
  EXPECT_TRUE(parsed.has_value());
  auto options = make_server_options(parsed->values);
  EXPECT_TRUE(options.has_value());
  return *std::move(options);
}

TEST(Server, AnswersOnEveryAddressInItsDialect) {
  auto server = Server::make(server_options({"--workers", "2", "--listen", "http://127.0.0.1:0", "--listen",
                                             "line://127.0.0.1:0", "--listen", "resp://127.0.0.1:0"}));
  ASSERT_TRUE(server.has_value()) << server.error().message;
  (*server)->start({});
  ASSERT_EQ((*server)->endpoints().size(), 3U);
  EXPECT_EQ((*server)->endpoints()[0].scheme, "http");
  for (const Endpoint& endpoint : (*server)->endpoints()) {
    EXPECT_NE(endpoint.port, 0) << endpoint.url();
    const auto answer = program::check_health(endpoint, long_enough);
    EXPECT_TRUE(answer.has_value()) << endpoint.url() << ": " << answer.error().message;
  }
  EXPECT_EQ((*server)->counter_totals().connections_accepted, 3U);
  EXPECT_EQ((*server)->counter_totals().connections_refused, 0U);
}

TEST(Server, EndsWhenItIsToldToAndSaysSo) {
  auto server = Server::make(server_options({"--workers", "2", "--listen", "resp://127.0.0.1:0"}));
  ASSERT_TRUE(server.has_value()) << server.error().message;
  std::promise<void> finished;
  (*server)->start([&] { finished.set_value(); });
  (*server)->shut_down(long_enough);
  finished.get_future().wait();
  EXPECT_TRUE((*server)->join().has_value());
  EXPECT_FALSE(program::check_health((*server)->endpoints().front(), long_enough).has_value());
}

TEST(Server, NamesTheOptionThatMovesABusyPort) {
  auto first = Server::make(server_options({"--listen", "resp://127.0.0.1:0"}));
  ASSERT_TRUE(first.has_value()) << first.error().message;
  const std::string url = (*first)->endpoints().front().url();
  const auto second = Server::make(server_options({"--listen", url}));
  ASSERT_FALSE(second.has_value());
  EXPECT_THAT(second.error().message,
              testing::AllOf(HasSubstr(url.substr(7)), HasSubstr("--listen moves it")));
}

TEST(Server, ListensBeyondLoopbackWithAPassword) {
  const auto server = Server::make(server_options({"--listen", "resp://0.0.0.0:0", "--password", "secret"}));
  ASSERT_TRUE(server.has_value()) << server.error().message;
  (*server)->start({});
  const Endpoint endpoint{.scheme = "resp", .host = "127.0.0.1", .port = (*server)->endpoints().front().port};
  EXPECT_TRUE(program::check_health(endpoint, long_enough).has_value()) << "to be asked is an answer";
}

TEST(Server, NeedNotHaveBeenStarted) {
  EXPECT_TRUE(Server::make(server_options({"--listen", "line://127.0.0.1:0"})).has_value());
}

}  // namespace
}  // namespace larder::server
