// What a peer may not have of RESP: commands that break the protocol, arguments, values and replies beyond
// their bounds. Method: one bound at a time, just within and just beyond, and what stands behind it.
#include <algorithm>
#include <cstdint>
#include <gtest/gtest.h>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "protocol/resp/command_encoder.h"
#include "session/resp_test_support.h"

namespace larder::session {
namespace {

TEST(RespBounds, NamesWhatBreaksTheProtocolAndCloses) {
  for (const auto& [bytes, error] : std::vector<std::pair<std::string, std::string>>{
           {"*1\r\nx", "-ERR Protocol error: expected '$', got 'x'\r\n"},
           {"*1\r\n$-1\r\n", "-ERR Protocol error: invalid bulk length\r\n"},
           {"*x\r\n", "-ERR Protocol error: invalid multibulk length\r\n"},
           {"GET \"k\r\n", "-ERR Protocol error: unbalanced quotes in request\r\n"},
           {std::string(65537, 'x'), "-ERR Protocol error: too big inline request\r\n"},
           {"*" + std::string(65537, '1'), "-ERR Protocol error: too big mbulk count string\r\n"}}) {
    const World world;
    RespSession session(world.environment, 7);
    const Played played = play(session, "PING\r\n" + bytes + "PING\r\n");
    EXPECT_EQ(played.replies, "+PONG\r\n" + error);
    EXPECT_TRUE(played.closed);
    EXPECT_EQ(world.counters.protocol_errors.value(), 1U);
  }
}

TEST(RespBounds, RefusesKeysAndValuesBeyondTheirLimitsAndKeepsTheConnection) {
  World world;
  world.limits.key_size_max = 4;
  world.limits.value_size_max = 8;
  const std::string long_key = "-ERR a key is longer than 4 bytes\r\n";
  const std::string long_bulk = "-ERR string exceeds maximum allowed size\r\n";
  const std::string requests = command({"SET", "k", "12345678"}) + command({"SET", "12345", "v"}) +
                               command({"MGET", "k", "12345"}) + command({"SET", "k", "123456789"}) +
                               command({"GET", "k"}) + command({"MSET", "a", "1", "b", "2"}) +
                               command({"MSET", "a", "3", "b", std::string(100000, 'v'), "c", "4"}) +
                               command({"MGET", "a", "b", "c"}) + "PING\r\n";
  const std::string replies = "+OK\r\n" + long_key + long_key + long_bulk + "$-1\r\n+OK\r\n" + long_bulk +
                              "*3\r\n$-1\r\n$-1\r\n$-1\r\n+PONG\r\n";
  for (const std::size_t step : {0U, 1U, 3U, 1000U}) {
    RespSession session(world.environment, 7);
    const Played played = play(session, requests, step);
    EXPECT_EQ(played.replies, replies) << step;
    EXPECT_FALSE(played.closed);
    if (step > 0) {
      EXPECT_LE(played.buffer_size_max, 1200U) << "what is refused is not kept";
    }
  }
}

TEST(RespBounds, RefusesAValueLongerThanValuesMayBeWhereKeysMayBeLonger) {
  World world;
  world.limits.key_size_max = 8;
  world.limits.value_size_max = 4;
  EXPECT_EQ(
      talk(world, "SET k v\r\nSET k 12345\r\nGET k\r\nMSET k v\r\nMSET j 1 k 12345\r\nMGET j k\r\n"),
      "+OK\r\n-ERR a value is longer than 4 bytes\r\n$-1\r\n+OK\r\n-ERR a value is longer than 4 bytes\r\n"
      "*2\r\n$-1\r\n$-1\r\n");
}

TEST(RespBounds, LeavesAValueWhereItIsIfTheConditionOfARefusedSetFails) {
  World world;
  world.limits.key_size_max = 8;
  world.limits.value_size_max = 4;
  const std::string error = "-ERR a value is longer than 4 bytes\r\n";
  EXPECT_EQ(talk(world, "SET k v\r\nSET k 12345 NX\r\nSET k 12345 NX GET\r\nGET k\r\n"),
            "+OK\r\n" + error + error + "$1\r\nv\r\n");
  EXPECT_EQ(talk(world, "SET k 12345 XX\r\nGET k\r\nSET k 12345 XX\r\n"), error + "$-1\r\n" + error);
}

// Whatever a bound makes of a store, and whether or not the connection survives it, the old value is gone.
TEST(RespBounds, KeepsNoOldValueUnderTheKeysOfARefusedStore) {
  const std::string big(100, 'v');
  const std::string huge = "$600000000\r\n";
  const std::string requests[] = {
      command({"SET", "a", big}),
      command({"SET", "a", big, "NX"}),
      command({"MSET", "a", "1", "b", big}),
      command({"MSET", "b", "1", "a", "2", "c", big, "d", "4"}),
      command({"MSET", "a", "1", big, "2"}),
      command({"MSET", "b", big, "c", big, "a", "1"}),
      command({"MSET", big, "1", "a", big, "b", "2"}),
      "*7\r\n$4\r\nMSET\r\n$1\r\nb\r\n$17\r\n12345678901234567\r\n$1\r\na\r\n" + huge,
      command({"MSET", "a", "1", "123456789", "2"}),  // a key that only the key's own limit refuses
      "*3\r\n$3\r\nSET\r\n$1\r\na\r\n" + huge,
      "*5\r\n$4\r\nMSET\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n" + huge,
      "SET a " + std::string(70000, 'v'),
      "mset a 1 b \"" + std::string(70000, 'v') + "\"\r\n",
  };
  for (const std::string& request : requests) {
    for (const std::size_t step : {0U, 7U}) {
      World world;
      world.limits.key_size_max = 8;
      world.limits.value_size_max = 16;
      world.put("a", "old", 3);
      world.put("a", "other database", 0);
      RespSession session(world.environment, 7);
      EXPECT_TRUE(play(session, "SELECT 3\r\n" + request, step).replies.starts_with("+OK\r\n-ERR "))
          << request.substr(0, 60);
      EXPECT_EQ(talk(world, "GET a\r\nSELECT 3\r\nMGET a b\r\n"),
                "$14\r\nother database\r\n+OK\r\n*2\r\n$-1\r\n$-1\r\n")
          << request.substr(0, 60) << " by " << step;
    }
  }
  World world;
  world.put("a", "old");
  const Played reads =
      play(*std::make_unique<RespSession>(world.environment, 7), "MGET a " + std::string(70000, 'k'));
  EXPECT_TRUE(reads.closed);
  EXPECT_EQ(talk(world, "GET a\r\n"), "$3\r\nold\r\n") << "only a store does that";
}

TEST(RespBounds, RefusesAnItemThatTheCacheCannotHoldAndShowsNoHalfOfAnMset) {
  World world(std::size_t{1} << 20);
  const std::string value(1047000, 'v');
  const std::string error = "-ERR the item is larger than this cache ever holds\r\n";
  EXPECT_EQ(talk(world, command({"SET", "k", "v"}) + command({"SET", "k", value}) + "GET k\r\n" +
                            command({"SET", "k", "v"}) + command({"SET", "k", value, "GET"}) + "GET k\r\n" +
                            command({"MSET", "a", "1", "b", value, "c", "2"}) + "MGET a b c\r\n"),
            "+OK\r\n" + error + "$-1\r\n+OK\r\n" + error + "$-1\r\n" + error + "*3\r\n$-1\r\n$-1\r\n$-1\r\n");
}

TEST(RespBounds, StopsTakingCommandsWhileTheOutputIsFull) {
  World world;
  const std::string value(300000, 'v');
  world.put("k", value);
  std::string requests;
  std::string replies;
  for (int i = 0; i < 20; ++i) {
    requests += "GET k\r\n";
    replies += "$300000\r\n" + value + "\r\n";
  }
  RespSession session(world.environment, 7);
  Output output;
  const Progress progress = session.advance(requests, world.now, output);
  EXPECT_EQ(progress.wait, Wait::output);
  EXPECT_LT(output.size(), Output::turn_size + value.size() + 20);
  RespSession again(world.environment, 7);
  EXPECT_EQ(play(again, requests).replies, replies);
}

TEST(RespBounds, EndsTheConnectionWhenOneReplyOutgrowsAllBounds) {
  World world;
  world.limits.output_size_max = 1000000;
  world.put("k", std::string(300000, 'v'));
  std::string request = "MGET";
  for (int i = 0; i < 1000; ++i) request += " k";
  RespSession session(world.environment, 7);
  Output output;
  EXPECT_EQ(session.advance(request + "\r\n", world.now, output).wait, Wait::close);
  EXPECT_LE(output.size(), world.limits.output_size_max + 300020);
}

TEST(RespBounds, AsksForABufferOnlyAsFastAsThePeerPaysForIt) {
  const World world;
  RespSession session(world.environment, 7);
  Output output;
  const std::string header = "*2\r\n$4\r\nECHO\r\n$100000000\r\n";
  const Progress progress = session.advance(header, world.now, output);
  EXPECT_EQ(progress.consumed, 0U);
  EXPECT_EQ(progress.wait, Wait::input);
  EXPECT_GT(progress.input_size_min, header.size());
  EXPECT_LE(progress.input_size_min, 2 * header.size() + 65536);
  const std::string more = header + std::string(1000, 'x');
  EXPECT_GT(session.advance(more, world.now, output).input_size_min, more.size());
}

}  // namespace
}  // namespace larder::session
