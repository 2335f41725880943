// Which web pages may do what over HTTP: origins, names that were rebound, and the questions that browsers
// ask. Method: requests as browsers send them, on one connection to a real cache.
#include <gtest/gtest.h>
#include <string>

#include "session/http_test_support.h"

namespace larder::session {
namespace {

TEST(HttpSession, LetsNoForeignPageChangeTheCache) {
  Fixture fixture;
  fixture.world.put("k", "v");
  const auto status = [&](Bytes line, Bytes origin) {
    return status_of(fixture.exchange(request(line, "Origin: " + std::string(origin) + "\r\n")));
  };
  for (const Bytes origin : {"http://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1:8081"}) {
    EXPECT_EQ(status("PUT /v1/keys/k", origin), 403) << origin;
    EXPECT_EQ(status("DELETE /v1/keys/k", origin), 403) << origin;
    EXPECT_EQ(status("GET /v1/ws", origin), 403) << origin;
    EXPECT_EQ(status("GET /v1/keys/k", origin), 200) << origin;
  }
  EXPECT_EQ(fixture.world.counters.origins_refused.value(), 12U);
  EXPECT_EQ(status("PUT /v1/keys/k", "http://127.0.0.1:8080"), 204);
  EXPECT_EQ(status("DELETE /v1/keys/k", "https://127.0.0.1:8080"), 204);
  EXPECT_EQ(status("PUT /v1/keys/k", "http://127.0.0.1:8080\r\nOrigin: http://evil.example"), 403);
  const std::string rebound = "PUT http://evil.example:8080/v1/keys/k";
  EXPECT_EQ(status(rebound, "http://evil.example:8080"), 403)
      << "a name that may be made to mean this machine";
  fixture.world.allowed_origins.emplace_back("http://evil.example");
  EXPECT_EQ(status("PUT /v1/keys/k", "http://evil.example"), 204);
}

TEST(HttpSession, AnswersNoNameThatMayHaveBeenReboundOverLoopback) {
  World world;
  world.put("k", "v");
  HttpSession session(world.environment, no_resp, {.local_address = "127.0.0.1:8080"});
  Peer peer(session);
  const auto status = [&](Bytes line, Bytes host) {
    peer.send(std::string(line) + " HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n");
    return status_of(peer.take_replies());
  };
  for (const Bytes line :
       {"GET /v1/keys/k", "HEAD /v1/keys/k", "PUT /v1/keys/k", "DELETE /v1/keys/k", "GET /v1/stats",
        "GET /v1/ws", "GET /", "OPTIONS /v1/keys/k", "GET http://evil.example/v1/keys/k"}) {
    EXPECT_EQ(status(line, line.contains("http:") ? "127.0.0.1" : "evil.example:8080"), 421) << line;
  }
  EXPECT_EQ(world.counters.origins_refused.value(), 9U);
  EXPECT_EQ(world.counters.protocol_errors.value(), 0U);
  EXPECT_EQ(status("GET /healthz", "evil.example:8080"), 200);
  for (const Bytes host : {"127.0.0.1:8080", "localhost:8080", "[::1]:8080", "cache"}) {
    EXPECT_EQ(status("GET /v1/keys/k", host), 200) << host;
  }
  world.allowed_origins.emplace_back("https://cache.example");
  EXPECT_EQ(status("GET /v1/keys/k", "cache.example:8080"), 200);
  EXPECT_FALSE(peer.played().closed);
}

TEST(HttpSession, AnswersTheQuestionThatABrowserAsksBeforeAPut) {
  Fixture fixture;
  fixture.world.allowed_origins.emplace_back("https://page.example");
  const std::string asked = "Origin: https://page.example\r\nAccess-Control-Request-Method: PUT\r\n";
  const std::string head =
      "HTTP/1.1 204 No Content\r\nAccess-Control-Allow-Origin: https://page.example\r\nVary: Origin\r\n"
      "Access-Control-Allow-Methods: GET, HEAD, PUT, DELETE\r\n";
  EXPECT_EQ(fixture.exchange(request("OPTIONS /v1/keys/a", asked)),
            head + "Access-Control-Max-Age: 600\r\n\r\n");
  EXPECT_EQ(fixture.exchange(
                request("OPTIONS /v1/keys/a", asked + "Access-Control-Request-Headers: content-type\r\n"
                                                      "Access-Control-Request-Private-Network: true\r\n")),
            head +
                "Access-Control-Allow-Headers: Authorization, "
                "Content-Type\r\nAccess-Control-Allow-Private-Network: true\r\n"
                "Access-Control-Max-Age: 600\r\n\r\n");
  EXPECT_EQ(
      status_of(fixture.exchange(request(
          "OPTIONS /v1/keys/a", "Origin: http://127.0.0.1:8080\r\nAccess-Control-Request-Method: PUT\r\n"))),
      204)
      << "the cache's own origin";
  const std::string refused = fixture.exchange(request(
      "OPTIONS /v1/keys/a", "Origin: https://evil.example\r\nAccess-Control-Request-Method: PUT\r\n"));
  EXPECT_EQ(status_of(refused), 403);
  EXPECT_EQ(refused.find("Access-Control"), std::string::npos);
  EXPECT_EQ(fixture.world.counters.origins_refused.value(), 1U);
  for (const Bytes headers :
       {"", "Origin: https://page.example\r\n", "Access-Control-Request-Method: PUT\r\n"}) {
    EXPECT_EQ(status_of(fixture.exchange(request("OPTIONS /v1/keys/a", headers))), 405) << headers;
  }
  EXPECT_EQ(status_of(fixture.exchange(request("OPTIONS /v1/stats", asked))), 405);
}

TEST(HttpSession, LetsOnlyAnAllowedPageReadItsAnswers) {
  Fixture fixture;
  fixture.world.limits.value_size_max = 100;
  fixture.world.allowed_origins.emplace_back("https://page.example");
  const std::string allowed = "Origin: https://page.example\r\n";
  const std::pair<const char*, int> samples[] = {
      {"PUT /v1/keys/k", 204},    {"GET /v1/keys/k", 200}, {"HEAD /v1/keys/k", 200}, {"GET /v1/keys/j", 404},
      {"DELETE /v1/keys/k", 204}, {"PUT /v1/keys/", 400},  {"POST /v1/keys/k", 405},
  };
  for (const auto& [line, status] : samples) {
    const std::string reply = fixture.exchange(request(line, allowed));
    EXPECT_EQ(status_of(reply), status) << line;
    EXPECT_EQ(header_of(reply, "Access-Control-Allow-Origin"), "https://page.example") << line;
    EXPECT_EQ(header_of(reply, "Vary"), "Origin") << line;
  }
  for (const char* const line : {"GET /v1/stats", "GET /healthz", "GET /v1/nothing"}) {
    EXPECT_EQ(fixture.exchange(request(line, allowed)).find("Access-Control"), std::string::npos) << line;
  }
  for (const Bytes headers : {"", "Origin: https://evil.example\r\n"}) {
    EXPECT_EQ(fixture.exchange(request("GET /v1/keys/k", headers)).find("Access-Control"), std::string::npos);
  }
  HttpSession session(fixture.world.environment, no_resp);
  const std::string too_large =
      play(session, request("PUT /v1/keys/k", allowed + "Content-Length: 101\r\n")).replies;
  EXPECT_EQ(status_of(too_large), 413);
  EXPECT_EQ(header_of(too_large, "Access-Control-Allow-Origin"), "https://page.example");
}

}  // namespace
}  // namespace larder::session
