// Values as a whole. Method: conversations with the replies that redis-server 7.0.15 gave to the same
// commands; what is newer, with those of its documentation.
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "session/resp_test_support.h"

namespace larder::session {
namespace {

const std::string not_a_digest = "-ERR must be exactly 16 hexadecimal characters\r\n";

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
                {"SET j 4 IFDEQ b6acb9d8", not_a_digest},
                {"SET j 4 IFDNE b6acb9d84a38ff740 GET", not_a_digest},
                {"SET j 4 IFDNE b6acb9d84a38ff7x", not_a_digest},
                {"GET j", "$1\r\n3\r\n"},
                {"SET none 4 IFDEQ short", null},
                {"SET none 4 IFDNE short", ok}});
}

TEST(RespStrings, DeleteByWhatIsThere) {
  expect_turns({{"DELEX none", ":0\r\n"},
                {"SET k v", ok},
                {"DELEX k IFEQ x", ":0\r\n"},
                {"DELEX k IFNE v", ":0\r\n"},
                {"DELEX k FOO v", "-ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE\r\n"},
                {"DELEX none FOO v", ":0\r\n"},
                {"DELEX k IFDEQ short", not_a_digest},
                {"DELEX k IFDNE short", not_a_digest},
                {"DELEX none IFDNE short", ":0\r\n"},
                {"DELEX k IFDEQ 0000000000000001", ":0\r\n"},
                {"DELEX k IFEQ", "-ERR wrong number of arguments for 'delex' command\r\n"},
                {"DELEX k IFEQ v w", "-ERR wrong number of arguments for 'delex' command\r\n"},
                {"DELEX k IFEQ v", ":1\r\n"},
                {"DELEX k IFNE x", ":0\r\n"},
                {"SET k \"Hello world\"", ok},
                {"DELEX k IFDNE B6ACB9D84A38FF74", ":0\r\n"},
                {"DELEX k IFDEQ B6ACB9D84A38FF74", ":1\r\n"},
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
                {"MSETEX 2 a", "-ERR wrong number of arguments for 'msetex' command\r\n"},
                {"MSETEX 2 a 1 b", "-ERR wrong number of key-value pairs\r\n"},
                {"MSETEX 2147483647 a 1 EX 10", "-ERR wrong number of key-value pairs\r\n"},
                {"MSETEX 2147483648 a 1 EX 10", "-ERR invalid numkeys value\r\n"},
                {"MSETEX 1 a 1 NX XX", syntax},
                {"MSETEX 1 a 1 EX 1 KEEPTTL", syntax},
                {"MSETEX 1 a 1 GET", syntax},
                {"MSETEX 1 a 1 EX 0", "-ERR invalid expire time in 'msetex' command\r\n"},
                {"COMMAND GETKEYS MSETEX 2 a 1 b 2 EX 100", "*2\r\n$1\r\na\r\n$1\r\nb\r\n"}});
}

// Where the keys of a command are counted, there is no short form for their places; tips are bulk strings.
TEST(RespStrings, AreDescribedToClients) {
  expect_turns(
      {{"COMMAND INFO msetex",
        "*1\r\n*10\r\n$6\r\nmsetex\r\n:-4\r\n*3\r\n+write\r\n+denyoom\r\n+movablekeys\r\n:0\r\n:0\r\n:0\r\n"
        "*3\r\n+@write\r\n+@string\r\n+@slow\r\n"
        "*2\r\n$26\r\nrequest_policy:multi_shard\r\n$29\r\nresponse_policy:all_succeeded\r\n"
        "*1\r\n*6\r\n$5\r\nflags\r\n*2\r\n+OW\r\n+update\r\n"
        "$12\r\nbegin_search\r\n*4\r\n$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n*2\r\n$5\r\nindex\r\n:1\r\n"
        "$9\r\nfind_keys\r\n*4\r\n$4\r\ntype\r\n$6\r\nkeynum\r\n$4\r\nspec\r\n*6\r\n$9\r\nkeynumidx\r\n:0\r\n"
        "$8\r\nfirstkey\r\n:1\r\n$7\r\nkeystep\r\n:2\r\n*0\r\n"}});
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
    RespConnection connection(world);
    const std::string reply = connection.ask_words({words.begin(), words.end()});
    EXPECT_EQ(reply, error) << words[0];
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
    RespConnection connection(world);
    const std::string reply = connection.ask_words({words.begin(), words.end()});
    EXPECT_TRUE(reply.starts_with("-ERR ")) << words[0];
    EXPECT_EQ(connection.ask("EXISTS k"), ":0\r\n") << words[0];
  }
}

// Each of them answers in EXEC as it does alone.
TEST(RespStrings, RunInsideATransaction) {
  const std::vector<RespTurn> turns = {
      {"SET k v EX 100", ok},
      {"SET k w GET", "$1\r\nv\r\n"},
      {"GET k", "$1\r\nw\r\n"},
      {"SETEX k 100 v", ok},
      {"PSETEX k 100000 v", ok},
      {"SETNX k x", ":0\r\n"},
      {"GETSET k y", "$1\r\nv\r\n"},
      {"GETEX k EX 100", "$1\r\ny\r\n"},
      {"GETEX k EX 0", "-ERR invalid expire time in 'getex' command\r\n"},
      {"GETDEL k", "$1\r\ny\r\n"},
      {"MSET a 1 b 2", ok},
      {"MSETNX b 3 c 4", ":0\r\n"},
      {"MSETEX 2 a 5 b 6 XX EX 100", ":1\r\n"},
      {"MGET a b c", "*3\r\n$1\r\n5\r\n$1\r\n6\r\n$-1\r\n"},
      {"APPEND a x", ":2\r\n"},
      {"STRLEN a", ":2\r\n"},
      {"SETRANGE a 1 yz", ":3\r\n"},
      {"GETRANGE a 1 -1", "$2\r\nyz\r\n"},
      {"SUBSTR a 0 0", "$1\r\n5\r\n"},
      {"INCR b", ":7\r\n"},
      {"DECR b", ":6\r\n"},
      {"INCRBY b 4", ":10\r\n"},
      {"DECRBY b 3", ":7\r\n"},
      {"INCRBYFLOAT b 0.5", "$3\r\n7.5\r\n"},
      {"INCR b", not_an_integer},
      {"LCS a b LEN", ":1\r\n"},
      {"SET a \"Hello world\"", ok},
      {"DIGEST a", "$16\r\nb6acb9d84a38ff74\r\n"},
      {"SET a v IFDEQ b6acb9d84a38ff74", ok},
      {"SET a w IFEQ x", null},
      {"DELEX a IFNE v", ":0\r\n"},
      {"DELEX a IFEQ v", ":1\r\n"},
      {"DELIFEQ b 7.5", ":1\r\n"},
  };
  expect_turns(turns);
  World world;
  RespConnection connection(world);
  connection.ask("MULTI");
  std::string replies = "*" + std::to_string(turns.size()) + "\r\n";
  for (const RespTurn& turn : turns) {
    EXPECT_EQ(connection.ask(turn.command), "+QUEUED\r\n") << turn.command;
    replies += turn.reply;
  }
  EXPECT_EQ(connection.ask("EXEC"), replies);
}

}  // namespace
}  // namespace larder::session
