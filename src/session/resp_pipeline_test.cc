// A pipeline is decoded and fetched together, and nobody can tell. Method: mixtures of commands that end a
// batch in every way, cut anywhere and announced or not; each has the replies that its commands have alone.
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "protocol/resp/command_encoder.h"
#include "session/resp_session.h"
#include "session/session_test_support.h"

namespace larder::session {
namespace {

using Words = std::vector<std::string>;

std::string encoded(const Words& words) {
  std::string wire;
  protocol::append_command(wire, std::vector<Bytes>(words.begin(), words.end()));
  return wire;
}

// Plain ones, more than one batch holds; inline; a long value, a wrong command, a transaction, other bases.
std::string mixture() {
  std::string wire;
  for (int i = 0; i < 20; ++i) wire += encoded({"SET", "k" + std::to_string(i), std::to_string(i)});
  for (int i = 0; i < 20; ++i) wire += encoded({"GET", "k" + std::to_string(i)});
  wire += "GET k3\r\n";
  wire += encoded({"SET", "long", std::string(100'000, 'x')});
  for (const Words& words : std::vector<Words>{{"STRLEN", "long"},
                                               {"nonsense", "k1"},
                                               {"MULTI"},
                                               {"INCR", "k1"},
                                               {"GET", "k1"},
                                               {"EXEC"},
                                               {"SELECT", "3"},
                                               {"GET", "k1"},
                                               {"SELECT", "0"},
                                               {"MGET", "k1", "k2", "absent"},
                                               {"CLIENT", "REPLY", "SKIP"},
                                               {"GET", "k4"},
                                               {"GET", "k5"}}) {
    wire += encoded(words);
  }
  return wire;
}

std::string answers(Bytes requests, std::size_t step, bool is_announced) {
  const World world;
  RespSession session(world.environment, 7);
  RespSession other(world.environment, 8);
  Peer peer(session);
  for (std::size_t offset = 0; offset < requests.size(); offset += step) {
    const Bytes next = requests.substr(offset, step);
    if (is_announced) {
      session.announced(next);
      other.announced(next);
    }
    peer.send(next);
  }
  EXPECT_FALSE(peer.played().closed);
  return peer.played().replies;
}

TEST(RespPipeline, HasTheSameRepliesHoweverItIsCut) {
  const std::string requests = mixture();
  const std::string expected = answers(requests, 1, false);
  EXPECT_TRUE(expected.ends_with("*3\r\n$1\r\n2\r\n$1\r\n2\r\n$-1\r\n$1\r\n5\r\n"))
      << expected.substr(expected.size() - 50);
  for (const std::size_t step : {std::size_t{2}, std::size_t{7}, std::size_t{31}, std::size_t{64},
                                 std::size_t{1000}, std::size_t{65'536}, requests.size()}) {
    EXPECT_EQ(answers(requests, step, false), expected) << step;
    EXPECT_EQ(answers(requests, step, true), expected) << step;
  }
}

TEST(RespPipeline, IsTakenUpWhereAFullOutputEndedIt) {
  World world;
  world.put("k", std::string(std::size_t{300} << 10, 'x'));
  RespSession session(world.environment, 7);
  Peer peer(session);
  std::string requests;
  for (int i = 0; i < 12; ++i) requests += encoded({"GET", "k"}) + encoded({"STRLEN", "k"});
  peer.send(requests);
  std::string expected;
  for (int i = 0; i < 12; ++i) {
    expected += "$307200\r\n" + std::string(std::size_t{300} << 10, 'x') + "\r\n:307200\r\n";
  }
  EXPECT_EQ(peer.played().replies, expected);
}

TEST(RespPipeline, BehindALogoutIsAStrangers) {
  World world;
  world.put("k", "v");
  ASSERT_EQ(
      play(*std::make_unique<RespSession>(world.environment, 6), "CONFIG SET requirepass secret\r\n").replies,
      "+OK\r\n");
  RespSession session(world.environment, 7);
  Peer peer(session);
  peer.send(encoded({"AUTH", "secret"}) + encoded({"GET", "k"}) + encoded({"RESET"}) + encoded({"GET", "k"}) +
            encoded(Words(11, "MGET")) + encoded({"GET", "k"}));
  EXPECT_EQ(peer.played().replies,
            "+OK\r\n$1\r\nv\r\n+RESET\r\n-NOAUTH Authentication required.\r\n"
            "-ERR Protocol error: unauthenticated multibulk length\r\n");
  EXPECT_TRUE(peer.played().closed);
}

TEST(RespPipeline, AnnouncementsAreNoUse) {
  World world;
  world.put("k", "v");
  RespSession session(world.environment, 7);
  for (const std::string& bytes :
       {encoded({"GET", "k"}), encoded({"GET", "absent"}), std::string("GET k\r\n"),
        std::string("*2\r\n$3\r\nGET"), std::string("*9999999\r\n"), std::string()}) {
    for (int i = 0; i < 20; ++i) session.announced(bytes);
  }
  EXPECT_EQ(world.cache->stats().hits, 0U);
  EXPECT_EQ(world.cache->stats().misses, 0U);
  EXPECT_EQ(world.counters.commands.value(), 0U);
  EXPECT_EQ(play(session, encoded({"GET", "k"})).replies, "$1\r\nv\r\n");
}

}  // namespace
}  // namespace larder::session
