// HTTP on one connection. Method: whole conversations as bytes, played at once, byte by byte, and cut at each
// position against a real cache; the replies must be the same. Then each rule by itself.
#include "session/http_session.h"

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "session/http_test_support.h"

namespace larder::session {
namespace {

using namespace std::string_literals;

TEST(HttpSession, AnswersAConversationTheSameWayHoweverItIsCut) {
  const std::string conversation =
      request("PUT /v1/keys/a%2Fb/c%20d", "", "v\0\r\n1"s) + request("GET /v1/keys/a/b%2Fc%20d") +
      request("HEAD /v1/keys/a/b/c%20d") +
      "PUT /v1/keys/k?ttl=5 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n" +
      request("GET /v1/keys/k") + request("DELETE /v1/keys/k") + request("DELETE /v1/keys/k") +
      request("GET /healthz") + request("GET /v1/keys/k", "Connection: close\r\n") + request("GET /healthz");
  const std::string sentence = "There is no value under this key.\n"s;
  const std::string missing =
      "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: "
      "nosniff\r\nContent-Length: " +
      std::to_string(sentence.size()) + "\r\n";
  std::string head = found("v\0\r\n1"s);
  head.resize(head.size() - 5);
  const std::string expected =
      no_content + found("v\0\r\n1"s) + head + no_content + found("abcde") + no_content + missing + "\r\n" +
      sentence +
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n"
      "Content-Length: 3\r\n\r\nok\n" +
      missing + "Connection: close\r\n\r\n" + sentence;
  {
    Fixture whole;
    whole.peer.send(conversation);
    EXPECT_EQ(whole.peer.played().replies, expected);
    EXPECT_TRUE(whole.peer.played().closed);
  }
  {
    Fixture bytewise;
    EXPECT_EQ(play(bytewise.session, conversation, 1).replies, expected);
  }
  for (std::size_t cut = 0; cut <= conversation.size(); cut += 3) {
    Fixture halves;
    EXPECT_EQ(play_cut(halves.session, conversation, cut).replies, expected) << "cut at " << cut;
  }
}

TEST(HttpSession, AnswersAThousandPipelinedRequestsInOrder) {
  Fixture fixture;
  std::string requests;
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string key = "/v1/keys/k" + std::to_string(i % 7);
    const std::string value = "v" + std::to_string(i);
    requests += i % 2 == 0 ? request("PUT " + key, "", value) : request("GET /healthz");
    expected += i % 2 == 0 ? no_content
                           : "HTTP/1.1 200 OK\r\nContent-Type: text/plain; "
                             "charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n"
                             "Content-Length: 3\r\n\r\nok\n";
  }
  EXPECT_EQ(fixture.exchange(requests), expected);
  EXPECT_EQ(fixture.world.counters.commands.value(), 1000U);
}

TEST(HttpSession, KeepsEveryByteOfKeysAndValues) {
  Fixture fixture;
  std::string every;
  for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
  for (int byte = 0; byte < 256; ++byte) {
    static constexpr Bytes hex = "0123456789abcdef";
    const std::string path =
        "/v1/keys/k%"s + hex[static_cast<std::size_t>(byte) >> 4] + hex[static_cast<std::size_t>(byte) & 15];
    const std::string value = every + static_cast<char>(byte);
    EXPECT_EQ(fixture.exchange(request("PUT " + path, "", value)), no_content);
    EXPECT_EQ(fixture.exchange(request("GET " + path)), found(value));
    std::string stored;
    const std::string key = "k"s + static_cast<char>(byte);
    EXPECT_TRUE(fixture.world.cache->get(0, key, fixture.world.now,
                                         [&](const cache::ItemView& item) { stored = item.value; }));
    EXPECT_EQ(stored, value);
  }
}

TEST(HttpSession, TakesTheKeyAsEverythingUpToTheQuestionMarkDecodedOnce) {
  Fixture fixture;
  fixture.world.put("a/b//c", "1");
  fixture.world.put("%20+", "2");
  fixture.world.put("\xC3\xA4", "3");
  EXPECT_EQ(fixture.exchange(request("GET /v1/keys/a/b//c?x=y")), found("1"));
  EXPECT_EQ(fixture.exchange(request("GET /v1/keys/%2520+")), found("2"));
  EXPECT_EQ(fixture.exchange(request("GET /v1/keys/\xC3\xA4")), found("3"));
  EXPECT_EQ(fixture.exchange(request("GET http://cache:8080/v1/keys/%c3%A4")), found("3"));
}

TEST(HttpSession, ForgetsAValueWhenItsTtlHasPassed) {
  Fixture fixture;
  EXPECT_EQ(fixture.exchange(request("PUT /v1/keys/k?ttl=1.5", "", "v")), no_content);
  fixture.peer.set_now(fixture.world.now + Duration{1499});
  EXPECT_EQ(fixture.exchange(request("GET /v1/keys/k")), found("v"));
  fixture.peer.set_now(fixture.world.now + Duration{1500});
  EXPECT_EQ(status_of(fixture.exchange(request("GET /v1/keys/k"))), 404);
}

TEST(HttpSession, RefusesWithASentenceAndGoesOn) {
  const std::pair<std::string, const char*> samples[] = {
      {"GET /v1/keys/", "400 Bad Request"},
      {"GET /v1/keys/?ttl=5", "400 Bad Request"},
      {"GET /v1/keys/a%2", "400 Bad Request"},
      {"PUT /v1/keys/a%zz", "400 Bad Request"},
      {"PUT /v1/keys/a?ttl=0", "400 Bad Request"},
      {"PUT /v1/keys/a?ttl=-1", "400 Bad Request"},
      {"PUT /v1/keys/a?ttl=", "400 Bad Request"},
      {"PUT /v1/keys/a?ttl", "400 Bad Request"},
      {"PUT /v1/keys/a?ttl=1e3", "400 Bad Request"},
      {"PUT /v1/keys/a?ttl=5&ttl=6", "400 Bad Request"},
      {"PUT /v1/keys/a?tll=5", "400 Bad Request"},
      {"GET v1/keys/a", "400 Bad Request"},
      {"GET /v1/keys", "404 Not Found"},
      {"GET /", "404 Not Found"},
      {"GET /healthz/", "404 Not Found"},
      {"OPTIONS *", "404 Not Found"},
      {"POST /v1/keys/a", "405 Method Not Allowed"},
      {"get /v1/keys/a", "405 Method Not Allowed"},
      {"DELETE /healthz", "405 Method Not Allowed"},
      {"PUT /v1/stats", "405 Method Not Allowed"},
      {"POST /v1/ws", "405 Method Not Allowed"},
      {"GET /v1/ws", "426 Upgrade Required"},
      {"GET /v1/keys/" + std::string(17000, 'k'), "414 URI Too Long"},
      {"PUT /v1/keys/" + std::string(17000, 'k'), "414 URI Too Long"},
  };
  Fixture fixture;
  for (const auto& [target, status] : samples) {
    const std::string reply = fixture.exchange(request(target));
    EXPECT_EQ(status_line(reply), std::string("HTTP/1.1 ") + status) << target.substr(0, 60);
    EXPECT_TRUE(reply.ends_with(".\n")) << reply;
    EXPECT_FALSE(fixture.peer.played().closed);
  }
  EXPECT_EQ(fixture.world.cache->stats().items, 0U);
  EXPECT_EQ(fixture.exchange(request("PUT /v1/keys/a", "", "v")), no_content);
}

TEST(HttpSession, NamesTheMethodsThatItTakes) {
  Fixture fixture;
  EXPECT_NE(fixture.exchange(request("POST /v1/keys/a")).find("\r\nAllow: GET, HEAD, PUT, DELETE\r\n"),
            std::string::npos);
  EXPECT_NE(fixture.exchange(request("PUT /healthz")).find("\r\nAllow: GET, HEAD\r\n"), std::string::npos);
}

TEST(HttpSession, StoresAKeyOfTheLargestSizeWithEveryByteEscaped) {
  Fixture fixture;
  std::string path = "/v1/keys/";
  for (std::size_t i = 0; i < fixture.world.limits.key_size_max; ++i) path += "%ff";
  EXPECT_EQ(fixture.exchange(request("PUT " + path, "", "v")), no_content);
  EXPECT_EQ(fixture.exchange(request("GET " + path)), found("v"));
  EXPECT_EQ(status_of(fixture.exchange(request("GET " + path + "a"))), 414);
}

TEST(HttpSession, ClosesAfterARequestThatItCannotRead) {
  const std::pair<std::string, int> samples[] = {
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n", 400},
      {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400},
      {"PUT /v1/keys/k HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n", 413},
      {"PUT /v1/keys/k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n", 413},
      {"GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(20000, 'v') + "\r\n\r\n", 431},
      {"GET /" + std::string(60000, 'v') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"nonsense\r\n", 400},
  };
  for (const auto& [bytes, status] : samples) {
    World world;
    world.limits.value_size_max = 100;
    HttpSession session(world.environment, no_resp);
    const Played played = play(session, bytes + request("GET /healthz"));
    EXPECT_EQ(status_of(played.replies), status) << bytes.substr(0, 80);
    EXPECT_TRUE(played.closed);
    EXPECT_NE(played.replies.find("\r\nConnection: close\r\n"), std::string::npos);
    EXPECT_EQ(played.replies.find("ok\n"), std::string::npos) << "answered what follows";
    EXPECT_EQ(world.counters.protocol_errors.value(), 1U);
  }
}

TEST(HttpSession, TakesAValueOfExactlyTheLimit) {
  World world;
  world.limits.value_size_max = 100;
  HttpSession session(world.environment, no_resp);
  const std::string value(100, 'v');
  EXPECT_EQ(play(session, request("PUT /v1/keys/k", "", value) + request("GET /v1/keys/k")).replies,
            no_content + found(value));
}

TEST(HttpSession, KeepsNoOldValueUnderAKeyWhoseNewOneWasTooLarge) {
  for (const char* const body : {"Content-Length: 101\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n65\r\n"}) {
    World world;
    world.limits.value_size_max = 100;
    world.put("k", "old");
    HttpSession session(world.environment, no_resp);
    const std::string head = "PUT /v1/keys/k HTTP/1.1\r\nHost: x\r\n";
    EXPECT_EQ(status_of(play(session, head + "Origin: http://evil.example\r\n" + body).replies), 413);
    EXPECT_EQ(world.cache->stats().items, 1U) << "a foreign page may not remove it either";
    HttpSession another(world.environment, no_resp);
    EXPECT_EQ(status_of(play(another, head + body).replies), 413);
    EXPECT_EQ(world.cache->stats().items, 0U);
  }
}

TEST(HttpSession, SendsALargeValueFromWhereItLies) {
  World world(std::size_t{64} << 20, "segment");
  HttpSession session(world.environment, no_resp);
  const std::string value = std::string(std::size_t{3} << 20, 'v') + "end";
  world.put("k", value);
  Output output;
  session.advance(request("HEAD /v1/keys/k"), world.now, output);
  EXPECT_FALSE(output.has_loans());
  EXPECT_EQ(output.text() + value, found(value));
  output.clear();
  session.advance(request("GET /v1/keys/k"), world.now, output);
  EXPECT_TRUE(output.has_loans());
  world.put("k", "another");
  EXPECT_TRUE(output.text() == found(value));
}

TEST(HttpSession, ReceivesALargeValueWhereItStays) {
  World world(std::size_t{64} << 20, "segment");
  HttpSession session(world.environment, no_resp);
  Peer peer(session);
  const std::string value = std::string(std::size_t{3} << 20, 'v') + "end";
  const std::string conversation = request("PUT /v1/keys/k?ttl=5", "", value) + request("GET /v1/keys/k") +
                                   request("PUT /nowhere", "", value) +
                                   request("PUT /v1/keys/k", "", "short") + request("GET /v1/keys/k");
  for (std::size_t offset = 0; offset < conversation.size(); offset += 65'536) {
    peer.send(Bytes(conversation).substr(offset, 65'536));
    if (offset < value.size() - 65'536) {
      ASSERT_LT(session.held_size(), 100U);
    }
  }
  const std::string sentence = "There is nothing at this address.\n";
  EXPECT_TRUE(peer.take_replies() ==
              no_content + found(value) +
                  "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; "
                  "charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nContent-Length: " +
                  std::to_string(sentence.size()) + "\r\n\r\n" + sentence + no_content + found("short"));
  peer.send("PUT /v1/keys/k HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n" +
            std::string(1'000'000, 'x'));
  EXPECT_GT(world.cache->stats().memory_used, 1'000'000U);
}

TEST(HttpSession, RefusesALargeValueForWhichThereIsNoMemory) {
  World world(std::size_t{160} << 10, "segment");
  world.limits.key_size_max = std::size_t{80} << 10;
  HttpSession session(world.environment, no_resp);
  Peer peer(session);
  world.put("k", "old");
  peer.send(request("PUT /v1/keys/k", "", std::string(75'000, 'x')));
  EXPECT_EQ(status_of(peer.take_replies()), 507);
  EXPECT_TRUE(peer.played().closed);
  EXPECT_FALSE(world.cache->peek(0, "k", world.now, [](const cache::ItemView&) {}));
}

TEST(HttpSession, SaysWhenTheCacheCannotHoldAValueAndKeepsNoOldOne) {
  World world(std::size_t{4} << 20);
  world.put("k", "old");
  HttpSession session(world.environment, no_resp);
  const Played played =
      play(session, request("PUT /v1/keys/k", "", std::string(8 << 20, 'v')) + request("GET /v1/keys/k"));
  EXPECT_EQ(status_of(played.replies), 413);
  EXPECT_FALSE(played.closed);
  EXPECT_NE(played.replies.find("HTTP/1.1 404"), std::string::npos);
}

TEST(HttpSession, AsksForABodyThatWaitsToBeAskedFor) {
  Fixture fixture;
  const std::string head =
      "PUT /v1/keys/k HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
  for (const char byte : head) {
    EXPECT_EQ(fixture.peer.played().replies, "");
    fixture.peer.send(Bytes(&byte, 1));
  }
  EXPECT_EQ(fixture.peer.take_replies(), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(fixture.exchange("a"), "");
  EXPECT_EQ(fixture.exchange("bc"), no_content);
  EXPECT_EQ(fixture.exchange(head + "abc"), no_content) << "the body came unasked";
}

TEST(HttpSession, RefusesABodyBeforeItIsSent) {
  const auto refused = [](const std::string& line, Bytes header) {
    const World world;
    HttpSession session(world.environment, no_resp);
    const Played played = play(session, line + " HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n" +
                                            std::string(header) + "Content-Length: 3\r\n\r\n");
    EXPECT_TRUE(played.closed);
    return status_of(played.replies);
  };
  EXPECT_EQ(refused("PUT /v1/keys/k", "Origin: http://evil.example\r\n"), 403);
  EXPECT_EQ(refused("PUT /v1/keys/", ""), 400);
  EXPECT_EQ(refused("PUT /v1/keys/k?ttl=x", ""), 400);
  EXPECT_EQ(refused("POST /v1/keys/k", ""), 405);
  EXPECT_EQ(refused("PUT /elsewhere", ""), 404);
}

TEST(HttpSession, ShowsItsFigures) {
  Fixture fixture;
  fixture.world.put("k", "v");
  fixture.exchange(request("GET /v1/keys/k"));
  const std::string reply = fixture.exchange(request("GET /v1/stats"));
  EXPECT_EQ(status_of(reply), 200);
  EXPECT_NE(reply.find("\r\nContent-Type: application/json\r\n"), std::string::npos);
  for (const char* member : {"\"version\":\"0.1.0\"",
                             "\"uptime_s\":90",
                             "\"backend\":\"lru\"",
                             "\"items\":1",
                             "\"memory_used\":",
                             "\"memory_limit\":67108864",
                             "\"hits\":1",
                             "\"misses\":0",
                             "\"sets\":1",
                             "\"evictions\":0",
                             "\"expired\":0",
                             "\"connections\":0",
                             "\"connections_refused\":0",
                             "\"connections_refused_per_address\":0",
                             "\"sandbox\":\"off\"",
                             "\"connection_buffer_size\":0",
                             "\"protocol_errors\":0",
                             "\"http_on_wrong_port\":0",
                             "\"origins_refused\":0",
                             "\"logins_overdue\":0",
                             "\"requests_delayed_per_address\":0",
                             "\"requests_delayed_per_user\":0",
                             "\"slow_readers_closed\":0",
                             "\"idle_closed\":0",
                             "\"connection_buffer_limit\":",
                             "\"over_budget_closed\":0",
                             "\"tls_handshakes\":0",
                             "\"tls_resumed\":0",
                             "\"tls_failures\":0"}) {
    EXPECT_NE(reply.find(member), std::string::npos) << member;
  }
}

TEST(HttpSession, SpeaksToClientsOfHttp10) {
  const World world;
  HttpSession session(world.environment, no_resp);
  const Played played = play(session, "GET /healthz HTTP/1.0\r\n\r\n");
  EXPECT_EQ(status_of(played.replies), 200);
  EXPECT_TRUE(played.closed);
  HttpSession kept(world.environment, no_resp);
  const Played answered = play(kept, "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_FALSE(answered.closed);
  EXPECT_NE(answered.replies.find("\r\nConnection: keep-alive\r\n"), std::string::npos);
}

TEST(HttpSession, StopsTakingRequestsWhileTheOutputIsFull) {
  World world;
  world.put("k", std::string(300'000, 'v'));
  HttpSession session(world.environment, no_resp);
  std::string input;
  for (int i = 0; i < 20; ++i) input += request("GET /v1/keys/k");
  Output output;
  const Progress progress = session.advance(input, world.now, output);
  EXPECT_EQ(progress.wait, Wait::output);
  EXPECT_EQ(progress.consumed, input.size() / 20 * 4);
  EXPECT_LT(output.size(), Output::turn_size + 400'000);
}

TEST(HttpSession, SaysWhatItHoldsOfABody) {
  Fixture fixture;
  EXPECT_EQ(fixture.session.held_size(), 0U);
  fixture.peer.send("PUT /v1/keys/k HTTP/1.1\r\nHost: cache\r\nContent-Length: 300000\r\n\r\n");
  fixture.peer.send(std::string(200'000, 'v'));
  EXPECT_GE(fixture.session.held_size(), 200'000U);
  EXPECT_LE(fixture.session.held_size(), 400'000U);
  fixture.peer.send(std::string(100'000, 'v'));
  EXPECT_EQ(fixture.session.held_size(), 0U);
}

TEST(HttpSession, ForgivesSilenceForAMinute) {
  const Fixture fixture;
  EXPECT_EQ(fixture.session.idle_timeout(), std::chrono::seconds{60});
}

}  // namespace
}  // namespace larder::session
