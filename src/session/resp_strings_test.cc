// Values as strings, numbers and sequences. Method: conversations with the replies that redis-server 7.0.15
// gave to the same commands; what is newer, with those of its documentation.
#include <gtest/gtest.h>
#include <string>

#include "protocol/resp/command_encoder.h"
#include "session/resp_test_support.h"

namespace larder::session {
namespace {

using Connection = RespConnection;

TEST(RespStrings, ReadTheOptionsOfSetAndItsOlderForms) {
  expect_turns({
      {"SETEX k 100 v", "+OK\r\n"},
      {"TTL k", ":100\r\n"},
      {"SETEX k 0 v", "-ERR invalid expire time in 'setex' command\r\n"},
      {"SETEX k -1 v", "-ERR invalid expire time in 'setex' command\r\n"},
      {"SETEX k x v", "-ERR value is not an integer or out of range\r\n"},
      {"SETEX k 9223372036854775807 v", "-ERR invalid expire time in 'setex' command\r\n"},
      {"SETEX k 9223372036854775 v", "-ERR invalid expire time in 'setex' command\r\n"},
      {"PSETEX k 0 v", "-ERR invalid expire time in 'psetex' command\r\n"},
      {"PSETEX k 100000 w", "+OK\r\n"},
      {"GET k", "$1\r\nw\r\n"},
      {"TTL k", ":100\r\n"},
      {"SETNX k x", ":0\r\n"},
      {"SETNX j x", ":1\r\n"},
      {"GETSET k y", "$1\r\nw\r\n"},
      {"TTL k", ":-1\r\n"},
      {"GETSET none z", "$-1\r\n"},
      {"GET none", "$1\r\nz\r\n"},
      {"GETDEL none", "$1\r\nz\r\n"},
      {"GETDEL none", "$-1\r\n"},
      {"SET k v EX 10 PX 10", "-ERR syntax error\r\n"},
      {"SET k v NX XX", "-ERR syntax error\r\n"},
      {"SET k v KEEPTTL EX 1", "-ERR syntax error\r\n"},
      {"SET k v GET NX", "$1\r\ny\r\n"},
      {"SET k v EX", "-ERR syntax error\r\n"},
      {"SET k v EX 0", "-ERR invalid expire time in 'set' command\r\n"},
      {"SET k v EXAT 99999999999", "+OK\r\n"},
      {"SET k v PXAT 1", "+OK\r\n"},
      {"GET k", "$-1\r\n"},
  });
}

TEST(RespStrings, GetAndChangeTheDeadline) {
  expect_turns({
      {"GETEX none", "$-1\r\n"},
      {"GETEX none EX x", "$-1\r\n"},
      {"SET k v", "+OK\r\n"},
      {"GETEX k", "$1\r\nv\r\n"},
      {"GETEX k EX 100", "$1\r\nv\r\n"},
      {"TTL k", ":100\r\n"},
      {"GETEX k PERSIST", "$1\r\nv\r\n"},
      {"TTL k", ":-1\r\n"},
      {"GETEX k EXAT 99999999999", "$1\r\nv\r\n"},
      {"GETEX k PXAT 99999999999123", "$1\r\nv\r\n"},
      {"GETEX k EX 0", "-ERR invalid expire time in 'getex' command\r\n"},
      {"GETEX k EX x", "-ERR value is not an integer or out of range\r\n"},
      {"GETEX k EX", "-ERR syntax error\r\n"},
      {"GETEX k foo", "-ERR syntax error\r\n"},
      {"GETEX k PERSIST EX 1", "-ERR syntax error\r\n"},
      {"GETEX k EX 1 PERSIST", "-ERR syntax error\r\n"},
      {"GETEX k PXAT 1", "$1\r\nv\r\n"},
      {"EXISTS k", ":0\r\n"},
      {"GETEX", "-ERR wrong number of arguments for 'getex' command\r\n"},
  });
}

TEST(RespStrings, StoreSeveralOrNone) {
  expect_turns({
      {"MSETNX a 1 b 2", ":1\r\n"},
      {"MSETNX b 3 c 4", ":0\r\n"},
      {"MGET a b c", "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$-1\r\n"},
      {"MSETNX a", "-ERR wrong number of arguments for 'msetnx' command\r\n"},
      {"MSETNX a 1 b", "-ERR wrong number of arguments for 'msetnx' command\r\n"},
      {"MSETNX d 1 d 2", ":1\r\n"},
      {"GET d", "$1\r\n2\r\n"},
  });
}

TEST(RespNumbers, CountUpAndDown) {
  expect_turns({
      {"INCR n", ":1\r\n"},
      {"INCRBY n 41", ":42\r\n"},
      {"DECR n", ":41\r\n"},
      {"DECRBY n 1", ":40\r\n"},
      {"GET n", "$2\r\n40\r\n"},
      {"INCRBY n x", "-ERR value is not an integer or out of range\r\n"},
      {"INCRBY n 1.5", "-ERR value is not an integer or out of range\r\n"},
      {"INCRBY n 9223372036854775807", "-ERR increment or decrement would overflow\r\n"},
      {"SET n 9223372036854775807", "+OK\r\n"},
      {"INCR n", "-ERR increment or decrement would overflow\r\n"},
      {"DECRBY n -1", "-ERR increment or decrement would overflow\r\n"},
      {"SET n -9223372036854775808", "+OK\r\n"},
      {"DECR n", "-ERR increment or decrement would overflow\r\n"},
      {"DECRBY n 1", "-ERR increment or decrement would overflow\r\n"},
      {"DECRBY n -9223372036854775808", "-ERR decrement would overflow\r\n"},
      {"INCRBY n -1", "-ERR increment or decrement would overflow\r\n"},
      {"INCRBY n 99999999999999999999", "-ERR value is not an integer or out of range\r\n"},
      {"SET n \" 1\"", "+OK\r\n"},
      {"INCR n", "-ERR value is not an integer or out of range\r\n"},
      {"SET n 01", "+OK\r\n"},
      {"INCR n", "-ERR value is not an integer or out of range\r\n"},
      {"SET n \"\"", "+OK\r\n"},
      {"INCR n", "-ERR value is not an integer or out of range\r\n"},
      {"SET n 5 EX 1000", "+OK\r\n"},
      {"INCR n", ":6\r\n"},
      {"TTL n", ":1000\r\n"},
  });
}

TEST(RespNumbers, CountInFractions) {
  expect_turns({
      {"INCRBYFLOAT f 1", "$1\r\n1\r\n"},
      {"INCRBYFLOAT f 0.5", "$3\r\n1.5\r\n"},
      {"INCRBYFLOAT f -0.1", "$3\r\n1.4\r\n"},
      {"INCRBYFLOAT f 1e3", "$22\r\n1001.40000000000000002\r\n"},
      {"INCRBYFLOAT f 1e-20", "$22\r\n1001.40000000000000002\r\n"},
      {"INCRBYFLOAT f x", "-ERR value is not a valid float\r\n"},
      {"INCRBYFLOAT f inf", "-ERR increment would produce NaN or Infinity\r\n"},
      {"INCRBYFLOAT f -inf", "-ERR increment would produce NaN or Infinity\r\n"},
      {"INCRBYFLOAT f nan", "-ERR value is not a valid float\r\n"},
      {"INCRBYFLOAT f 0x10", "$22\r\n1017.40000000000000002\r\n"},
      {"INCRBYFLOAT f \" 1\"", "-ERR value is not a valid float\r\n"},
      {"INCRBYFLOAT f \"1 \"", "-ERR value is not a valid float\r\n"},
      {"INCRBYFLOAT f \"\"", "-ERR value is not a valid float\r\n"},
      {"SET f 3.0e3", "+OK\r\n"},
      {"INCRBYFLOAT f 200", "$4\r\n3200\r\n"},
      {"SET f text", "+OK\r\n"},
      {"INCRBYFLOAT f 1", "-ERR value is not a valid float\r\n"},
      {"SET f 10.50", "+OK\r\n"},
      {"INCRBYFLOAT f 0.1", "$4\r\n10.6\r\n"},
      {"INCRBYFLOAT f -10.6", "$1\r\n0\r\n"},
      {"SET f 17179869184", "+OK\r\n"},
      {"INCRBYFLOAT f 1.5", "$13\r\n17179869185.5\r\n"},
      {"INCRBYFLOAT g 3.141592653589793238462643383279", "$19\r\n3.14159265358979324\r\n"},
      {"INCRBYFLOAT h 1e100",
       "$100\r\n999999999999999999966935353220734261949869901982849607927139154175201866948264432441897784011"
       "7055488\r\n"},
      {"INCRBYFLOAT i 1.7e308",
       "$309\r\n170000000000000000003136778025197596795270213889694133733043585763202456051205820994061869588"
       "90030033697852384188563171266140349891800079348072863741001669654745065860000681240130543625762290706"
       "23802714627822444382704436913354527613190687095019025891820280260143672805063324057649155175620116793"
       "09777401282560\r\n"},
      {"INCRBYFLOAT z -0", "$1\r\n0\r\n"},
      {"INCRBYFLOAT y 1e-4950", "$1\r\n0\r\n"},
      {"INCRBYFLOAT y 1e5000", "-ERR value is not a valid float\r\n"},
  });
}

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
  Connection connection(world);
  connection.ask("MSET a ohmytext b mynewtext");
  connection.ask("HELLO 3");
  EXPECT_EQ(connection.ask("LCS a b IDX"),
            "%2\r\n$7\r\nmatches\r\n*2\r\n*2\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n*2\r\n*2\r\n:2\r\n:3\r\n*"
            "2\r\n:0\r\n:1\r\n$3\r\nlen\r\n:6\r\n");
}

TEST(RespLcs, RefusesATableThatIsTooLarge) {
  World world;
  world.put("a", std::string(5000, 'a'));
  world.put("b", std::string(5000, 'b'));
  Connection connection(world);
  EXPECT_EQ(connection.ask("LCS a b"),
            "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len\r\n");
  world.put("b", std::string(3000, 'a'));
  EXPECT_EQ(connection.ask("LCS a b LEN"), ":3000\r\n");
}

TEST(RespStrings, StoreByWhatIsThere) {
  expect_turns({{"SET k v IFEQ x", "$-1\r\n"},
                {"SET k v IFNE x", ok},
                {"SET k w IFEQ v", ok},
                {"SET k x IFEQ v", "$-1\r\n"},
                {"SET k x IFNE w", "$-1\r\n"},
                {"SET k x IFEQ v GET", "$1\r\nw\r\n"},
                {"SET k x IFEQ w GET EX 100", "$1\r\nw\r\n"},
                {"TTL k", ":100\r\n"},
                {"SET k y IFEQ x NX", syntax},
                {"SET k y NX IFEQ x", syntax},
                {"SET k y IFEQ", syntax},
                {"SET k y IFEQ a IFNE b", syntax},
                {"DIGEST none", "$-1\r\n"},
                {"SET k \"Hello world\"", ok},
                {"DIGEST k", "$16\r\nb6acb9d84a38ff74\r\n"},
                {"SET k 2 IFDEQ b6acb9d84a38ff75", "$-1\r\n"},
                {"SET k 2 IFDNE B6ACB9D84A38FF74", "$-1\r\n"},
                {"SET k 2 IFDEQ B6ACB9D84A38FF74", ok},
                {"SET k 3 IFDNE b6acb9d84a38ff74", ok},
                {"SET j 3 IFDEQ b6acb9d84a38ff74", "$-1\r\n"},
                {"SET j 3 IFDNE b6acb9d84a38ff74", ok},
                {"SET j 3 IFDEQ b6acb9d8", "-ERR a digest must be exactly 16 hexadecimal characters\r\n"}});
}

TEST(RespStrings, DeleteByWhatIsThere) {
  expect_turns({{"DELEX none", ":0\r\n"},
                {"SET k v", ok},
                {"DELEX k IFEQ x", ":0\r\n"},
                {"DELEX k IFNE v", ":0\r\n"},
                {"DELEX k FOO v", syntax},
                {"DELEX k IFEQ", "-ERR wrong number of arguments for 'delex' command\r\n"},
                {"DELEX k IFEQ v", ":1\r\n"},
                {"DELEX k IFNE x", ":0\r\n"},
                {"SET k v", ok},
                {"DELEX k", ":1\r\n"},
                {"SET k v", ok},
                {"DELIFEQ k x", ":0\r\n"},
                {"DELIFEQ k v", ":1\r\n"},
                {"DELIFEQ k v", ":0\r\n"}});
}

TEST(RespStrings, StoreSeveralWithOneDeadline) {
  expect_turns({{"MSETEX 2 a 1 b 2 EX 100", ":1\r\n"},
                {"TTL a", ":100\r\n"},
                {"TTL b", ":100\r\n"},
                {"MSETEX 2 b 3 c 4 NX", ":0\r\n"},
                {"GET c", "$-1\r\n"},
                {"MSETEX 2 b 3 c 4 XX", ":0\r\n"},
                {"MSETEX 2 a 5 b 6 XX KEEPTTL", ":1\r\n"},
                {"TTL a", ":100\r\n"},
                {"MGET a b", "*2\r\n$1\r\n5\r\n$1\r\n6\r\n"},
                {"MSETEX 1 c 7", ":1\r\n"},
                {"TTL c", ":-1\r\n"},
                {"MSETEX 0 a 1", "-ERR invalid numkeys value\r\n"},
                {"MSETEX x a 1", "-ERR invalid numkeys value\r\n"},
                {"MSETEX 2 a 1", "-ERR wrong number of arguments for 'msetex' command\r\n"},
                {"MSETEX 1 a 1 GET", syntax},
                {"MSETEX 1 a 1 EX 0", "-ERR invalid expire time in 'msetex' command\r\n"},
                {"COMMAND GETKEYS MSETEX 2 a 1 b 2 EX 100", "*2\r\n$1\r\na\r\n$1\r\nb\r\n"}});
}

TEST(RespStrings, AValueBeyondTheLimitLeavesNothing) {
  const std::string too_long(200, 'v');
  const std::string error = "-ERR a value is longer than 100 bytes\r\n";
  const std::vector<std::vector<std::string>> commands = {{"SET", "k", too_long},
                                                          {"GETSET", "k", too_long},
                                                          {"SETEX", "k", "10", too_long},
                                                          {"PSETEX", "k", "10", too_long},
                                                          {"MSET", "k", too_long},
                                                          {"MSETEX", "1", "k", too_long},
                                                          {"SET", "k", too_long, "IFEQ", "old"}};
  for (const auto& words : commands) {
    World world;
    world.limits.value_size_max = 100;
    world.put("k", "old");
    Connection connection(world);
    std::string command;
    const std::vector<Bytes> views(words.begin(), words.end());
    protocol::append_command(command, views);
    connection.peer.send(command);
    EXPECT_EQ(connection.peer.take_replies(), error) << words[0];
    EXPECT_EQ(connection.ask("EXISTS k"), ":0\r\n") << words[0];
  }
}

// What the codec refuses before the command is whole: a value beyond what any argument may have.
TEST(RespStrings, AnArgumentThatIsNotEvenReadLeavesNothingUnderItsKeys) {
  const std::string too_long(5000, 'v');
  const std::vector<std::vector<std::string>> commands = {{"SET", "k", too_long},
                                                          {"GETSET", "k", too_long},
                                                          {"SETEX", "k", "10", too_long},
                                                          {"MSET", "a", too_long, "k", "1"},
                                                          {"MSETEX", "2", "a", too_long, "k", "1"},
                                                          {"APPEND", "k", too_long}};
  for (const auto& words : commands) {
    World world;
    world.limits.value_size_max = 100;
    world.limits.key_size_max = 100;
    world.put("k", "old");
    Connection connection(world);
    std::string command;
    const std::vector<Bytes> views(words.begin(), words.end());
    protocol::append_command(command, views);
    connection.peer.send(command);
    EXPECT_TRUE(connection.peer.take_replies().starts_with("-ERR ")) << words[0];
    EXPECT_EQ(connection.ask("EXISTS k"), ":0\r\n") << words[0];
  }
}

TEST(RespRanges, RefuseToGrowBeyondTheLimitAndKeepWhatIsThere) {
  World world;
  world.limits.value_size_max = 10;
  world.put("k", "12345");
  Connection connection(world);
  const std::string error = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n";
  EXPECT_EQ(connection.ask("APPEND k 678901"), error);
  EXPECT_EQ(connection.ask("APPEND k 67890"), ":10\r\n");
  EXPECT_EQ(connection.ask("SETRANGE k 9 xy"), error);
  EXPECT_EQ(connection.ask("SETRANGE none 11 x"), error);
  EXPECT_EQ(connection.ask("GET k"), "$10\r\n1234567890\r\n");
}

}  // namespace
}  // namespace larder::session
