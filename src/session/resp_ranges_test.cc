// Parts of values. Method: conversations with the replies that redis-server 7.0.15 gave to the same commands.
#include <gtest/gtest.h>
#include <string>

#include "session/resp_test_support.h"

namespace larder::session {
namespace {

TEST(RespRanges, TakeAndPutParts) {
  expect_turns({
      {"APPEND k Hello", ":5\r\n"},
      {"APPEND k \" World\"", ":11\r\n"},
      {"GETRANGE k 0 4", "$5\r\nHello\r\n"},
      {"GETRANGE k -5 -1", "$5\r\nWorld\r\n"},
      {"GETRANGE k 0 -1", "$11\r\nHello World\r\n"},
      {"GETRANGE k 0 100", "$11\r\nHello World\r\n"},
      {"GETRANGE k 5 3", "$0\r\n\r\n"},
      {"GETRANGE k -3 -5", "$0\r\n\r\n"},
      {"GETRANGE k -100 2", "$3\r\nHel\r\n"},
      {"GETRANGE k 100 200", "$0\r\n\r\n"},
      {"GETRANGE k x 1", "-ERR value is not an integer or out of range\r\n"},
      {"GETRANGE k 1 x", "-ERR value is not an integer or out of range\r\n"},
      {"GETRANGE none 0 1", "$0\r\n\r\n"},
      {"SUBSTR k 6 -1", "$5\r\nWorld\r\n"},
      {"GETRANGE k -100 -100", "$1\r\nH\r\n"},
      {"GETRANGE k 0 -100", "$1\r\nH\r\n"},
      {"GETRANGE k -1 -100", "$0\r\n\r\n"},
      {"STRLEN k", ":11\r\n"},
      {"STRLEN none", ":0\r\n"},
      {"SETRANGE k 6 Redis", ":11\r\n"},
      {"GET k", "$11\r\nHello Redis\r\n"},
      {"SETRANGE k 11 \"!\"", ":12\r\n"},
      {"SETRANGE new 3 abc", ":6\r\n"},
      {"GETRANGE new 3 5", "$3\r\nabc\r\n"},
      {"STRLEN new", ":6\r\n"},
      {"SETRANGE none 0 \"\"", ":0\r\n"},
      {"EXISTS none", ":0\r\n"},
      {"SETRANGE none 5 \"\"", ":0\r\n"},
      {"SETRANGE k 2 \"\"", ":12\r\n"},
      {"SETRANGE k -1 x", "-ERR offset is out of range\r\n"},
      {"SETRANGE k x y", "-ERR value is not an integer or out of range\r\n"},
      {"SETRANGE k 536870912 x", "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n"},
      {"SETRANGE k 9223372036854775807 x",
       "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n"},
      {"APPEND a \"\"", ":0\r\n"},
      {"EXISTS a", ":1\r\n"},
      {"SET t v EX 1000", "+OK\r\n"},
      {"APPEND t w", ":2\r\n"},
      {"TTL t", ":1000\r\n"},
      {"SETRANGE t 0 x", ":2\r\n"},
      {"TTL t", ":1000\r\n"},
  });
}

TEST(RespRanges, RefuseToGrowBeyondTheLimitAndKeepWhatIsThere) {
  World world;
  world.limits.value_size_max = 10;
  world.put("k", "12345");
  RespConnection connection(world);
  const std::string error = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n";
  EXPECT_EQ(connection.ask("APPEND k 678901"), error);
  EXPECT_EQ(connection.ask("APPEND k 67890"), ":10\r\n");
  EXPECT_EQ(connection.ask("SETRANGE k 9 xy"), error);
  EXPECT_EQ(connection.ask("SETRANGE none 11 x"), error);
  EXPECT_EQ(connection.ask("GET k"), "$10\r\n1234567890\r\n");
}

}  // namespace
}  // namespace larder::session
