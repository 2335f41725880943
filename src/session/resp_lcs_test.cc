// What two values have in common. Method: conversations with the replies that redis-server 7.0.15 gave to the
// same commands.
#include <gtest/gtest.h>
#include <string>

#include "session/resp_test_support.h"

namespace larder::session {
namespace {

TEST(RespLcs, FindsWhatTwoValuesHaveInCommon) {
  expect_turns({
      {"MSET a ohmytext b mynewtext", "+OK\r\n"},
      {"LCS a b", "$6\r\nmytext\r\n"},
      {"LCS a b LEN", ":6\r\n"},
      {"LCS a b IDX",
       "*4\r\n$7\r\nmatches\r\n*2\r\n*2\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n*2\r\n*2\r\n:2\r\n:3\r\n*"
       "2\r\n:0\r\n:1\r\n$3\r\nlen\r\n:6\r\n"},
      {"LCS a b IDX MINMATCHLEN 4",
       "*4\r\n$7\r\nmatches\r\n*1\r\n*2\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n$3\r\nlen\r\n:6\r\n"},
      {"LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN",
       "*4\r\n$7\r\nmatches\r\n*1\r\n*3\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n:4\r\n$3\r\nlen\r\n:6\r\n"},
      {"LCS a b IDX WITHMATCHLEN MINMATCHLEN 0",
       "*4\r\n$7\r\nmatches\r\n*2\r\n*3\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n:4\r\n*3\r\n*2\r\n:2\r\n:"
       "3\r\n*2\r\n:0\r\n:1\r\n:2\r\n$3\r\nlen\r\n:6\r\n"},
      {"LCS a b IDX MINMATCHLEN -5",
       "*4\r\n$7\r\nmatches\r\n*2\r\n*2\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n*2\r\n*2\r\n:2\r\n:3\r\n*"
       "2\r\n:0\r\n:1\r\n$3\r\nlen\r\n:6\r\n"},
      {"LCS a b LEN IDX", "-ERR If you want both the length and indexes, please just use IDX.\r\n"},
      {"LCS a b foo", "-ERR syntax error\r\n"},
      {"LCS a b MINMATCHLEN", "-ERR syntax error\r\n"},
      {"LCS a b MINMATCHLEN x", "-ERR value is not an integer or out of range\r\n"},
      {"LCS a none", "$0\r\n\r\n"},
      {"LCS a none LEN", ":0\r\n"},
      {"LCS none nobody IDX", "*4\r\n$7\r\nmatches\r\n*0\r\n$3\r\nlen\r\n:0\r\n"},
      {"LCS a a IDX WITHMATCHLEN",
       "*4\r\n$7\r\nmatches\r\n*1\r\n*3\r\n*2\r\n:0\r\n:7\r\n*2\r\n:0\r\n:7\r\n:8\r\n$3\r\nlen\r\n:8\r\n"},
      {"SET c \"\"", "+OK\r\n"},
      {"LCS c a LEN", ":0\r\n"},
      {"SET d ABCBDAB", "+OK\r\n"},
      {"SET e BDCABA", "+OK\r\n"},
      {"LCS d e", "$4\r\nBDAB\r\n"},
      {"LCS d e IDX WITHMATCHLEN",
       "*4\r\n$7\r\nmatches\r\n*2\r\n*3\r\n*2\r\n:5\r\n:6\r\n*2\r\n:3\r\n:4\r\n:2\r\n*3\r\n*2\r\n:3\r\n:"
       "4\r\n*2\r\n:0\r\n:1\r\n:2\r\n$3\r\nlen\r\n:4\r\n"},
      {"LCS a", "-ERR wrong number of arguments for 'lcs' command\r\n"},
  });
}

TEST(RespLcs, AnswersWithMapsInResp3) {
  World world;
  RespConnection connection(world);
  connection.ask("MSET a ohmytext b mynewtext");
  connection.ask("HELLO 3");
  EXPECT_EQ(connection.ask("LCS a b IDX"),
            "%2\r\n$7\r\nmatches\r\n*2\r\n*2\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n*2\r\n*2\r\n:2\r\n:3\r\n*"
            "2\r\n:0\r\n:1\r\n$3\r\nlen\r\n:6\r\n");
}

// At most 512 MiB for a table of four bytes for each pair of bytes, and one of each more.
TEST(RespLcs, RefusesWhereRedisDoes) {
  World world;
  RespConnection connection(world);
  world.put("a", std::string(11584, 'a'));
  world.put("b", std::string(11585, 'a'));
  EXPECT_EQ(connection.ask("LCS a b"),
            "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len\r\n");
  EXPECT_EQ(connection.ask("LCS a a LEN"), ":11584\r\n");
}

TEST(RespLcs, EndsAConnectionWhoseReplyOutgrowsItsBound) {
  World world;
  world.limits.output_size_max = 1000;
  std::string a;
  std::string b;
  for (int i = 0; i < 100; ++i) {
    a += "x1";
    b += "x2";
  }
  world.put("a", a);
  world.put("b", b);
  RespConnection connection(world);
  EXPECT_EQ(connection.ask("LCS a b LEN"), ":100\r\n");
  const std::string reply = connection.ask("LCS a b IDX");
  EXPECT_TRUE(reply.starts_with("*4\r\n$7\r\nmatches\r\n*100\r\n")) << reply.substr(0, 100);
  EXPECT_LT(reply.size(), 1100U);
  EXPECT_TRUE(connection.peer.played().closed);
}

}  // namespace
}  // namespace larder::session
