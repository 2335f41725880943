// Requests that wait for their turn. Method: the same conversation in every dialect on a world with bounds:
// as many answers at once as the bound says, no more until the clock has moved and the clients' tick has
// woken the connection, and then one for each token; what is answered is what was asked, in order.
#include "session/request_meter.h"

#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "protocol/websocket/test_frames.h"
#include "session/http_session.h"
#include "session/line_session.h"
#include "session/resp_session.h"
#include "session/session_test_support.h"

namespace larder::session {
namespace {

using namespace std::chrono_literals;

namespace frames = protocol::websocket::test;

constexpr std::uint64_t per_second = 4;

struct MeteredDialect {
  std::string name;
  std::function<std::unique_ptr<Session>(const World& world, ConnectionFacts facts)> make;
  std::string hello;    // before it counts
  std::string request;  // whole
  std::string mark;     // once in each answer
};

std::unique_ptr<Session> metered_resp(const World& world, ConnectionFacts facts) {
  return std::make_unique<RespSession>(world.environment, std::move(facts));
}

std::unique_ptr<Session> metered_line(const World& world, const ConnectionFacts& facts) {
  return std::make_unique<LineSession>(world.environment, facts.id, facts.address);
}

std::unique_ptr<Session> metered_http(const World& world, const ConnectionFacts& facts) {
  return std::make_unique<HttpSession>(
      world.environment, [&world, facts] { return metered_resp(world, facts); }, facts);
}

std::vector<MeteredDialect> metered_dialects() {
  const std::string upgrade =
      "GET /v1/ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  return {{"RESP", metered_resp, "", "GET k\r\n", "$1\r\nv\r\n"},
          {"RESP error", metered_resp, "", "NOSUCH k\r\n", "-ERR unknown command"},
          {"line", metered_line, "", "get k\n", "v\r\nEND"},
          {"HTTP", metered_http, "", "GET /v1/keys/k HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200"},
          {"text", metered_http, upgrade, frames::text_frame(R"({"id":1,"get":"k"})"), "\"value\""},
          {"binary", metered_http, upgrade, frames::binary_frame("GET k\r\n"), "$1\r\nv\r\n"}};
}

class RequestMeters : public testing::TestWithParam<MeteredDialect> {
 protected:
  RequestMeters() { world_.put("k", "v"); }

  struct Connection {
    Connection(const World& world, const MeteredDialect& dialect, const ConnectionFacts& facts)
        : session(dialect.make(world, facts)), peer(*session, world.now) {
      session->attach(remote);
    }
    std::shared_ptr<Noted> remote = std::make_shared<Noted>();
    std::unique_ptr<Session> session;
    Peer peer;
  };

  std::unique_ptr<Connection> connect(const std::string& address, std::uint64_t id = 1) {
    return std::make_unique<Connection>(world_, GetParam(), ConnectionFacts{.id = id, .address = address});
  }

  /// Time passes, and who is to be woken is.
  void pass(Duration time, const std::vector<Connection*>& connections) {
    world_.now += time;
    world_.service.clients.tick(world_.now);
    for (Connection* const connection : connections) {
      connection->peer.set_now(world_.now);
      if (connection->remote->wake_count.exchange(0) > 0) connection->peer.send("");
    }
  }

  std::size_t take_answers(Connection& connection) const {
    const std::string replies = connection.peer.take_replies();
    std::size_t count = 0;
    for (std::size_t at = 0; (at = replies.find(GetParam().mark, at)) != std::string::npos; ++at) ++count;
    return count;
  }

  static std::string repeat(const std::string& text, std::size_t count) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all += text;
    return all;
  }

  World world_;
};

INSTANTIATE_TEST_SUITE_P(All, RequestMeters, testing::ValuesIn(metered_dialects()), [](const auto& each) {
  std::string name = each.param.name;
  std::erase(name, ' ');
  return name;
});

TEST_P(RequestMeters, LetABurstPassAndThenTheRate) {
  world_.service.rates.set_up({.per_address = per_second, .per_user = 0});
  const auto connection = connect("192.0.2.1:1");
  connection->peer.send(GetParam().hello);
  pass(10s, {connection.get()});
  static_cast<void>(take_answers(*connection));
  connection->peer.send(repeat(GetParam().request, 3 * per_second));
  EXPECT_EQ(take_answers(*connection), per_second);
  EXPECT_EQ(world_.counters.requests_delayed_per_address.value(), 1U);
  for (std::size_t quarter = 1; quarter <= 2 * per_second; ++quarter) {
    pass(1000ms / per_second, {connection.get()});
    EXPECT_EQ(take_answers(*connection), 1U) << quarter;
  }
  EXPECT_FALSE(connection->peer.played().closed);
  pass(10s, {connection.get()});
  EXPECT_EQ(take_answers(*connection), 0U) << "all were answered";
}

TEST_P(RequestMeters, CountTheConnectionsOfAnAddressTogetherAndNoOther) {
  world_.service.rates.set_up({.per_address = per_second, .per_user = 0});
  std::vector<std::unique_ptr<Connection>> all;
  for (const char* const address : {"192.0.2.1:1", "192.0.2.1:2", "192.0.2.2:1", "/run/larder.sock:0"}) {
    all.push_back(connect(address, all.size() + 1));
    all.back()->peer.send(GetParam().hello);
  }
  pass(10s, {all[0].get(), all[1].get(), all[2].get(), all[3].get()});
  for (const auto& connection : all) static_cast<void>(take_answers(*connection));
  all[0]->peer.send(repeat(GetParam().request, per_second));
  EXPECT_EQ(take_answers(*all[0]), per_second);
  all[1]->peer.send(GetParam().request);
  EXPECT_EQ(take_answers(*all[1]), 0U);
  all[2]->peer.send(GetParam().request);
  EXPECT_EQ(take_answers(*all[2]), 1U);
  all[3]->peer.send(repeat(GetParam().request, 10 * per_second));
  EXPECT_EQ(take_answers(*all[3]), 10 * per_second) << "whom the mode of a file has let in";
  pass(250ms, {all[1].get()});
  EXPECT_EQ(take_answers(*all[1]), 1U);
}

TEST_P(RequestMeters, CountAUserFromWhereverHeComes) {
  world_.service.rates.set_up({.per_address = 0, .per_user = per_second});
  const auto here = connect("192.0.2.1:1", 1);
  const auto there = connect("/run/larder.sock:0", 2);
  for (Connection* const connection : {here.get(), there.get()}) connection->peer.send(GetParam().hello);
  pass(10s, {here.get(), there.get()});
  static_cast<void>(take_answers(*there));
  here->peer.send(repeat(GetParam().request, per_second));
  EXPECT_EQ(take_answers(*here), per_second);
  there->peer.send(GetParam().request);
  EXPECT_EQ(take_answers(*there), 0U);
  pass(250ms, {there.get()});
  EXPECT_EQ(take_answers(*there), 1U);
}

TEST_P(RequestMeters, HoldNobodyUpWithoutBounds) {
  const auto connection = connect("192.0.2.1:1");
  connection->peer.send(GetParam().hello);
  connection->peer.send(repeat(GetParam().request, 1000));
  EXPECT_EQ(take_answers(*connection), 1000U);
  EXPECT_EQ(world_.counters.requests_delayed_per_address.value(), 0U);
  EXPECT_EQ(world_.counters.requests_delayed_per_user.value(), 0U);
}

// One who asks without end, and one who asks once: the second waits for one token, not for all of the
// first's.
TEST_P(RequestMeters, ServeWhoAsksOnceBesideWhoAsksWithoutEnd) {
  world_.service.rates.set_up({.per_address = per_second, .per_user = 0});
  const auto greedy = connect("192.0.2.1:1", 1);
  const auto modest = connect("192.0.2.1:2", 2);
  const std::vector<Connection*> both{greedy.get(), modest.get()};
  for (Connection* const connection : both) connection->peer.send(GetParam().hello);
  pass(10s, both);
  for (Connection* const connection : both) static_cast<void>(take_answers(*connection));
  greedy->peer.send(repeat(GetParam().request, 100 * per_second));
  EXPECT_EQ(take_answers(*greedy), per_second);
  modest->peer.send(GetParam().request);
  pass(250ms, both);
  EXPECT_EQ(take_answers(*greedy), 1U);
  EXPECT_EQ(take_answers(*modest), 0U);
  pass(250ms, both);
  EXPECT_EQ(take_answers(*modest), 1U);
  pass(1s, both);
  EXPECT_EQ(take_answers(*greedy), per_second);
}

// What was taken by who has gone is there for others.
TEST_P(RequestMeters, GiveBackWhatWhoHasGoneDidNotUse) {
  world_.service.rates.set_up({.per_address = per_second, .per_user = 0});
  for (std::uint64_t id = 1; id < 1000; ++id) {
    const auto leaving = connect("192.0.2.1:1", id);
    leaving->peer.send(GetParam().hello);
    leaving->peer.send(repeat(GetParam().request, per_second + 1));
  }
  const auto connection = connect("192.0.2.1:2", 1000);
  pass(1s, {connection.get()});
  connection->peer.send(GetParam().hello);
  static_cast<void>(take_answers(*connection));
  pass(1s, {connection.get()});
  connection->peer.send(GetParam().request);
  EXPECT_EQ(take_answers(*connection), 1U);
}

TEST_P(RequestMeters, GoOnWhenTheClockIsSetBack) {
  world_.service.rates.set_up({.per_address = per_second, .per_user = 0});
  const auto connection = connect("192.0.2.1:1");
  connection->peer.send(GetParam().hello);
  world_.service.rates.tick(world_.now);
  pass(10s, {connection.get()});
  static_cast<void>(take_answers(*connection));
  connection->peer.send(repeat(GetParam().request, 2 * per_second));
  EXPECT_EQ(take_answers(*connection), per_second);
  world_.now -= 1h;
  world_.service.rates.tick(world_.now);
  world_.service.clients.tick(TimePoint::max());
  connection->peer.set_now(world_.now);
  connection->peer.send("");
  EXPECT_EQ(take_answers(*connection), per_second);
}

TEST(RequestMeter, LetsNobodyPassWhoseBodyIsRefusedBeforeItComes) {
  World world;
  world.service.rates.set_up({.per_address = per_second, .per_user = 0});
  std::vector<std::unique_ptr<Session>> sessions;
  std::size_t refused_count = 0;
  for (std::uint64_t id = 1; id <= 100; ++id) {
    sessions.push_back(metered_http(world, {.id = id, .address = "192.0.2.1:1"}));
    sessions.back()->attach(std::make_shared<Noted>());
    Peer peer(*sessions.back(), world.now);
    peer.send("PUT /nowhere HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n");
    refused_count += peer.played().closed ? 1U : 0U;
  }
  EXPECT_EQ(refused_count, per_second);
}

// Who has logged in is bounded by his name as well, and by it no longer once he has not.
TEST(RequestMeter, BoundsAStrangerByHisAddressAlone) {
  World world;
  world.service.accounts.password.set("secret");
  world.service.rates.set_up({.per_address = 0, .per_user = 2});
  RespSession session(world.environment, ConnectionFacts{.id = 1, .address = "192.0.2.1:1"});
  session.attach(std::make_shared<Noted>());
  Peer peer(session, world.now);
  peer.send("PING\r\nPING\r\nPING\r\nAUTH secret\r\nPING\r\nRESET\r\nPING\r\nPING\r\n");
  const std::string denied = "-NOAUTH Authentication required.\r\n";
  EXPECT_EQ(peer.take_replies(), denied + denied + denied + "+OK\r\n+PONG\r\n+RESET\r\n" + denied + denied);
  peer.send("AUTH secret\r\nPING\r\n");
  EXPECT_EQ(peer.take_replies(), "+OK\r\n") << "his two are used";
  EXPECT_EQ(world.service.rates.take_delayed(RequestRates::Kind::user), "default");
}

}  // namespace
}  // namespace larder::session
