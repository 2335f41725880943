// Who makes a request over HTTP, and what he may do. Method: requests with and without logins on one
// connection to a real cache, whole and cut where it is not known yet who sends a body.
#include <gtest/gtest.h>
#include <string>
#include <tuple>

#include "session/http_test_support.h"

namespace larder::session {
namespace {

std::string login_needed(Bytes more_headers = {}) {
  const std::string sentence = "A login is needed.\n";
  return "HTTP/1.1 401 Unauthorized\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: "
         "nosniff\r\nContent-Length: " +
         std::to_string(sentence.size()) + "\r\n" + std::string(more_headers) +
         "WWW-Authenticate: Basic realm=\"larder\"\r\nConnection: close\r\n\r\n" + sentence;
}

TEST(HttpSession, ServesNobodyNewWithoutALoginButTellsThatItIsWell) {
  World world;
  world.put("k", "v");
  HttpSession before(world.environment, no_resp);
  world.service.accounts.password.set("secret");
  for (const char* const asked : {"GET /v1/keys/k", "PUT /v1/keys/k", "DELETE /v1/keys/k", "POST /v1/keys/k",
                                  "GET /v1/keys/", "GET /v1/stats", "GET /nowhere"}) {
    HttpSession session(world.environment, no_resp);
    const Played played = play(session, request(asked));
    EXPECT_EQ(played.replies, login_needed()) << asked;
    EXPECT_TRUE(played.closed);
  }
  HttpSession after(world.environment, no_resp);
  Peer peer(after);
  peer.send(request("GET /healthz"));
  EXPECT_EQ(status_of(peer.take_replies()), 200);
  peer.send(request("HEAD /healthz"));
  EXPECT_EQ(status_of(peer.take_replies()), 200);
  peer.send(request("PUT /healthz"));
  EXPECT_EQ(status_of(peer.take_replies()), 405);
  EXPECT_FALSE(peer.played().closed);
  EXPECT_EQ(play(before, request("GET /v1/keys/k")).replies, found("v"));
  EXPECT_EQ(world.counters.protocol_errors.value(), 0U);
  world.service.accounts.password.set("");
  peer.send(request("GET /v1/keys/k"));
  EXPECT_EQ(peer.take_replies(), found("v"));
}

TEST(HttpSession, WaitsForNoBodyOfWhoWouldHaveToLogIn) {
  const std::string put = request("PUT /v1/keys/k", "", "other");
  const std::string chunked =
      "PUT /v1/keys/k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nother\r\n0\r\n\r\n";
  const std::string too_large = "PUT /v1/keys/k HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n";
  const std::string waits = request("PUT /v1/keys/k", "Expect: 100-continue\r\nContent-Length: 5\r\n");
  for (const std::string& asked : {put, chunked, too_large, waits}) {
    for (std::size_t cut = 0; cut < asked.size(); ++cut) {
      World world;
      world.limits.value_size_max = 1000;
      world.put("k", "v");
      world.service.accounts.password.set("secret");
      HttpSession session(world.environment, no_resp);
      const Played played = play_cut(session, asked, cut);
      EXPECT_EQ(played.replies, login_needed()) << asked << " cut at " << cut;
      EXPECT_TRUE(played.closed);
      EXPECT_LT(session.held_size(), 100U);
      EXPECT_TRUE(world.cache->get(0, "k", world.now, [](const cache::ItemView&) {}));
    }
  }
  World world;
  world.service.accounts.password.set("secret");
  HttpSession session(world.environment, no_resp);
  EXPECT_EQ(status_of(play(session, "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n").replies),
            413);
}

TEST(HttpSession, LetsAnAllowedPageReadThatALoginIsNeeded) {
  World world;
  world.allowed_origins.emplace_back("https://page.example");
  world.service.accounts.password.set("secret");
  HttpSession session(world.environment, no_resp);
  EXPECT_EQ(play(session, request("PUT /v1/keys/k", "Origin: https://page.example\r\n")).replies,
            login_needed("Access-Control-Allow-Origin: https://page.example\r\nVary: Origin\r\n"));
}

const std::string basic = "Authorization: Basic ZGVmYXVsdDpzZWNyZXQ=\r\n";  // default:secret

TEST(HttpSession, LetsInWhoLogsInWithEachRequest) {
  World world;
  world.put("k", "v");
  world.service.accounts.password.set("secret");
  HttpSession session(world.environment, no_resp);
  Peer peer(session);
  for (const std::string& login : {basic, basic, std::string("Authorization: Bearer secret\r\n"),
                                   std::string("authorization: bearer default:secret\r\n")}) {
    peer.send(request("GET /v1/keys/k", login));
    EXPECT_EQ(peer.take_replies(), found("v")) << login;
  }
  peer.send(request("PUT /v1/keys/k", basic, "other"));
  EXPECT_EQ(status_of(peer.take_replies()), 204);
  // The next one on the same connection may be somebody else.
  peer.send(request("GET /v1/keys/k"));
  EXPECT_EQ(status_of(peer.take_replies()), 401);
  EXPECT_TRUE(peer.played().closed);
  for (const std::string login :
       {"Authorization: Bearer wrong\r\n", "Authorization: Basic secret\r\n", "Authorization: secret\r\n",
        "Authorization: Bearer secret\r\nAuthorization: Bearer secret\r\n"}) {
    HttpSession other(world.environment, no_resp);
    const Played played = play(other, request("GET /v1/keys/k", login));
    EXPECT_EQ(status_of(played.replies), 401) << login;
    EXPECT_TRUE(played.closed);
  }
  EXPECT_EQ(world.counters.logins_refused.value(), 1U);
  EXPECT_EQ(world.counters.protocol_errors.value(), 0U);
}

TEST(HttpSession, HoldsUsersToTheirRights) {
  World world;
  world.limits.value_size_max = 1000;
  world.put("k", "v");
  world.put("app:k", "v");
  world.service.accounts.users.set({{.name = "app",
                                     .password = make_scrypt_hash("x", {.n = 2, .r = 1, .salt = "12345678"}),
                                     .rights = read_right,
                                     .prefixes = {"app:"}}});
  const std::string login = "Authorization: Bearer app:x\r\n";
  for (const auto& [asked, status] : {std::pair("GET /v1/keys/app:k", 200),
                                      {"GET /v1/keys/k", 403},
                                      {"HEAD /v1/keys/k", 403},
                                      {"PUT /v1/keys/app:k", 403},
                                      {"DELETE /v1/keys/app:k", 403},
                                      {"GET /v1/stats", 200},
                                      {"GET /nowhere", 404}}) {
    HttpSession session(world.environment, no_resp);
    EXPECT_EQ(status_of(play(session, request(asked, login)).replies), status) << asked;
  }
  HttpSession session(world.environment, no_resp);
  EXPECT_EQ(status_of(play(session, "PUT /v1/keys/app:k HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n" +
                                        login + "\r\n")
                          .replies),
            403);
  EXPECT_TRUE(world.cache->get(0, "app:k", world.now, [](const cache::ItemView&) {}));
  EXPECT_EQ(world.counters.origins_refused.value(), 0U);
}

// The time to log in ends with one request of somebody's: proxies have those of many on one connection.
TEST(HttpSession, IsAStrangersUntilSomebodyHasLoggedIn) {
  World world;
  const HttpSession before(world.environment, no_resp);
  world.service.accounts.password.set("secret");
  EXPECT_FALSE(before.is_stranger());
  HttpSession session(world.environment, no_resp);
  Peer peer(session);
  EXPECT_TRUE(session.is_stranger());
  peer.send(request("GET /healthz"));
  EXPECT_TRUE(session.is_stranger());
  peer.send(request("GET /v1/keys/k", "Authorization: Bearer secret\r\n"));
  EXPECT_FALSE(session.is_stranger());
  peer.send(request("GET /healthz"));
  EXPECT_FALSE(session.is_stranger());
}

TEST(HttpSession, ReadsNoLongHeadBeforeSomebodyHasLoggedIn) {
  World world;
  const std::string long_line = "GET /v1/keys/" + std::string(10'000, 'k');
  const std::string login = "Authorization: Bearer secret\r\n";
  const std::string long_header = "X: " + std::string(10'000, 'x') + "\r\n";
  HttpSession before(world.environment, no_resp);
  EXPECT_EQ(status_of(play(before, request(long_line)).replies), 404);
  world.service.accounts.password.set("secret");
  for (const auto& [line, headers, status] : {std::tuple(long_line, login, 414),
                                              {"GET /v1/keys/k", login + long_header, 431},
                                              {"GET /v1/keys/k", login, 404}}) {
    HttpSession session(world.environment, no_resp);
    const Played played = play(session, request(line, headers));
    EXPECT_EQ(status_of(played.replies), status);
    EXPECT_EQ(played.closed, status != 404);
  }
  HttpSession session(world.environment, no_resp);
  Peer peer(session);
  peer.send(request("GET /v1/keys/k", login) + request(long_line, login + long_header));
  EXPECT_EQ(status_of(peer.take_replies()), 404);
  EXPECT_FALSE(peer.played().closed);
  for (const Bytes endless : {long_line, "GET / HTTP/1.1\r\n" + long_header}) {
    HttpSession stranger(world.environment, no_resp);
    const Played played = play(stranger, endless, 1000);
    EXPECT_TRUE(played.closed);
    EXPECT_LE(played.buffer_size_max, 2 * stranger_size_max);
  }
}

TEST(HttpSession, ReadsNoBodyBeforeItKnowsWhoSendsIt) {
  struct HandClock final : Clock {
    Now now() const override { return {.wall = TimePoint{Duration{1'700'000'000'000}}, .steady = {}}; }
  };
  World world;
  const std::string head =
      "PUT /v1/keys/k HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nAuthorization: Bearer a:x\r\n\r\n";
  for (std::size_t cut = 0; cut <= 5; ++cut) {
    const std::string salt = "1234567" + std::to_string(cut);  // so that nobody is remembered
    world.service.accounts.users.set({{.name = "a",
                                       .password = make_scrypt_hash("x", {.n = 2, .r = 1, .salt = salt}),
                                       .rights = all_rights}});
    HttpSession session(world.environment, no_resp);
    session.attach(std::make_shared<Noted>());
    Peer peer(session);
    peer.send(head + std::string("value").substr(0, cut));
    peer.send(std::string("value").substr(cut));
    EXPECT_EQ(peer.take_replies(), "");
    EXPECT_TRUE(world.service.logins.run_due(HandClock()));
    peer.send("");
    EXPECT_EQ(status_of(peer.take_replies()), 204) << cut;
    peer.send(request("GET /v1/keys/k", "Authorization: Bearer a:x\r\n"));
    EXPECT_EQ(peer.take_replies(), found("value"));
  }
}

TEST(HttpSession, StoresNothingOfWhoIsLoggedOutBeforeHisBodyIsHere) {
  World world;
  const User user{.name = "a",
                  .password = make_scrypt_hash("x", {.n = 2, .r = 1, .salt = "12345678"}),
                  .rights = all_rights};
  world.service.accounts.users.set({user});
  HttpSession session(world.environment, no_resp);
  Peer peer(session);
  const std::string login = "Authorization: Bearer a:x\r\n";
  peer.send("PUT /v1/keys/k HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n" + login + "\r\nval");
  world.service.accounts.users.set({});
  peer.send("ue");
  EXPECT_EQ(status_of(peer.take_replies()), 401);
  EXPECT_FALSE(world.cache->get(0, "k", world.now, [](const cache::ItemView&) {}));
}

TEST(HttpSession, AnswersABrowsersQuestionWithoutALogin) {
  World world;
  world.allowed_origins.emplace_back("https://page.example");
  world.service.accounts.password.set("secret");
  HttpSession session(world.environment, no_resp);
  EXPECT_EQ(status_of(play(session,
                           request("OPTIONS /v1/keys/k",
                                   "Origin: https://page.example\r\nAccess-Control-Request-Method: PUT\r\n"))
                          .replies),
            204);
}

}  // namespace
}  // namespace larder::session
