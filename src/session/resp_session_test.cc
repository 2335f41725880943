// RESP, bytes in and bytes out, on a real cache. Method: conversations with the replies that Redis 7 gives,
// played whole, byte by byte and cut at each position; then the bounds, one by one.
#include "session/resp_session.h"

#include <algorithm>
#include <cstdint>
#include <gtest/gtest.h>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "protocol/resp/command_encoder.h"
#include "protocol/resp/reply_decoder.h"
#include "session/resp_test_support.h"

namespace larder::session {
namespace {

/// One command, typed, and its reply.
struct Turn {
  std::string command;
  std::string reply;
};

void expect_conversation(const std::vector<Turn>& turns) {
  std::string requests;
  std::string replies;
  {
    const World world;
    RespSession session(world.environment, 7);
    Peer peer(session);
    for (const Turn& turn : turns) {
      peer.send(turn.command + "\r\n");
      EXPECT_EQ(peer.take_replies(), turn.reply) << turn.command;
      requests += turn.command + "\r\n";
      replies += turn.reply;
    }
  }
  for (std::size_t cut = 0; cut <= requests.size(); ++cut) {
    const World world;
    RespSession session(world.environment, 7);
    ASSERT_EQ(play_cut(session, requests, cut).replies, replies) << "cut at " << cut;
  }
  World world;
  EXPECT_EQ(talk(world, requests, 1), replies);
}

const std::string syntax = "-ERR syntax error\r\n";
const std::string not_an_integer = "-ERR value is not an integer or out of range\r\n";

TEST(RespSession, AnswersStringsAsRedisDoes) {
  expect_conversation({
      {"GET k", "$-1\r\n"},
      {"SET k v", "+OK\r\n"},
      {"get k", "$1\r\nv\r\n"},
      {"SET k \"\"", "+OK\r\n"},
      {"GET k", "$0\r\n\r\n"},
      {"MSET a 1 b 2 a 3", "+OK\r\n"},
      {"MGET a nosuch b a", "*4\r\n$1\r\n3\r\n$-1\r\n$1\r\n2\r\n$1\r\n3\r\n"},
      {"MSET a", "-ERR wrong number of arguments for 'mset' command\r\n"},
      {"MSET a b c", "-ERR wrong number of arguments for 'mset' command\r\n"},
      {"DEL a nosuch b a", ":2\r\n"},
      {"EXISTS k k nosuch", ":2\r\n"},
      {"DBSIZE", ":1\r\n"},
      {"INCR n", ":1\r\n"},
      {"INCR n", ":2\r\n"},
      {"INCR k", not_an_integer},
      {"SET n 9223372036854775807", "+OK\r\n"},
      {"INCR n", "-ERR increment or decrement would overflow\r\n"},
      {"SET n -1", "+OK\r\n"},
      {"INCR n", ":0\r\n"},
      {"SET n 01", "+OK\r\n"},
      {"INCR n", not_an_integer},
      {"FLUSHALL", "+OK\r\n"},
      {"DBSIZE", ":0\r\n"},
      {"FLUSHALL ASYNC", "+OK\r\n"},
      {"FLUSHALL SYNC", "+OK\r\n"},
      {"FLUSHALL NOW", syntax},
  });
}

TEST(RespSession, ReadsTheOptionsOfSetAsRedisDoes) {
  const std::string invalid = "-ERR invalid expire time in 'set' command\r\n";
  expect_conversation({
      {"SET k v XX", "$-1\r\n"},
      {"SET k v NX", "+OK\r\n"},
      {"SET k w NX", "$-1\r\n"},
      {"SET k w xx get", "$1\r\nv\r\n"},
      {"SET k x GET", "$1\r\nw\r\n"},
      {"SET k y NX GET", "$1\r\nx\r\n"},
      {"GET k", "$1\r\nx\r\n"},
      {"SET j v NX GET", "$-1\r\n"},
      {"GET j", "$1\r\nv\r\n"},
      {"SET i v XX GET", "$-1\r\n"},
      {"GET i", "$-1\r\n"},
      {"SET k v EX 100", "+OK\r\n"},
      {"TTL k", ":100\r\n"},
      {"SET k w KEEPTTL", "+OK\r\n"},
      {"PTTL k", ":100000\r\n"},
      {"SET k w KEEPTTL KEEPTTL GET", "$1\r\nw\r\n"},
      {"TTL k", ":100\r\n"},
      {"INCR k", not_an_integer},
      {"SET k 5 KEEPTTL", "+OK\r\n"},
      {"INCR k", ":6\r\n"},
      {"TTL k", ":100\r\n"},
      {"SET k w", "+OK\r\n"},
      {"TTL k", ":-1\r\n"},
      {"SET k v PX 1500 NX", "$-1\r\n"},
      {"SET k v PX 1500 XX GET", "$1\r\nw\r\n"},
      {"TTL k", ":2\r\n"},
      {"PTTL k", ":1500\r\n"},
      {"SET k v EXAT 1700000010", "+OK\r\n"},
      {"PTTL k", ":10000\r\n"},
      {"SET k v PXAT 1700000000001", "+OK\r\n"},
      {"PTTL k", ":1\r\n"},
      {"SET k v EXAT 1", "+OK\r\n"},
      {"GET k", "$-1\r\n"},
      {"SET k v EX 1 EX 2", "+OK\r\n"},
      {"TTL k", ":2\r\n"},
      {"SET k v EX 1 PX 2", syntax},
      {"SET k v EX", syntax},
      {"SET k v NX XX", syntax},
      {"SET k v XX NX", syntax},
      {"SET k v KEEPTTL EX 1", syntax},
      {"SET k v EX 1 KEEPTTL", syntax},
      {"SET k v foo", syntax},
      {"SET k v EX abc", not_an_integer},
      {"SET k v EX 0", invalid},
      {"SET k v PX -1", invalid},
      {"SET k v EX 9223372036854775807", invalid},
      {"SET k v PX 9223372036854775807", invalid},
      {"SET k v EX 9223372036854775", invalid},
      {"SET k", "-ERR wrong number of arguments for 'set' command\r\n"},
  });
}

TEST(RespSession, SetsAndTellsDeadlinesAsRedisDoes) {
  expect_conversation({
      {"TTL k", ":-2\r\n"},
      {"PTTL k", ":-2\r\n"},
      {"EXPIRE k 10", ":0\r\n"},
      {"SET k v", "+OK\r\n"},
      {"PTTL k", ":-1\r\n"},
      {"EXPIRE k 10 XX", ":0\r\n"},
      {"EXPIRE k 10 GT", ":0\r\n"},
      {"EXPIRE k 10 LT", ":1\r\n"},
      {"EXPIRE k 20 NX", ":0\r\n"},
      {"EXPIRE k 20 xx", ":1\r\n"},
      {"EXPIRE k 20 GT", ":0\r\n"},
      {"EXPIRE k 30 GT XX", ":1\r\n"},
      {"EXPIRE k 30 LT", ":0\r\n"},
      {"TTL k", ":30\r\n"},
      {"EXPIRE k abc", not_an_integer},
      {"EXPIRE k 10 FOO", "-ERR Unsupported option FOO\r\n"},
      {"EXPIRE k 10 NX XX", "-ERR NX and XX, GT or LT options at the same time are not compatible\r\n"},
      {"EXPIRE k 10 GT LT", "-ERR GT and LT options at the same time are not compatible\r\n"},
      {"EXPIRE k 9223372036854775807", "-ERR invalid expire time in 'expire' command\r\n"},
      {"EXPIRE k -9223372036854775807", "-ERR invalid expire time in 'expire' command\r\n"},
      {"EXPIRE k", "-ERR wrong number of arguments for 'expire' command\r\n"},
      {"EXPIRE k -1", ":1\r\n"},
      {"EXISTS k", ":0\r\n"},
      {"SET k v", "+OK\r\n"},
      {"EXPIRE k 0", ":1\r\n"},
      {"GET k", "$-1\r\n"},
  });
}

TEST(RespSession, AnswersConnectionCommandsAsRedisDoes) {
  expect_conversation({
      {"PING", "+PONG\r\n"},
      {"ping \"a b\"", "$3\r\na b\r\n"},
      {"PING a b", "-ERR wrong number of arguments for 'ping' command\r\n"},
      {"ECHO hello", "$5\r\nhello\r\n"},
      {"ECHO", "-ERR wrong number of arguments for 'echo' command\r\n"},
      {"SELECT 1", "+OK\r\n"},
      {"SET k one", "+OK\r\n"},
      {"SELECT 0", "+OK\r\n"},
      {"GET k", "$-1\r\n"},
      {"SELECT 15", "+OK\r\n"},
      {"DBSIZE", ":0\r\n"},
      {"SELECT 16", "-ERR DB index is out of range\r\n"},
      {"SELECT -1", "-ERR DB index is out of range\r\n"},
      {"SELECT a", not_an_integer},
      {"CLIENT ID", ":7\r\n"},
      {"CLIENT GETNAME", "$-1\r\n"},
      {"CLIENT SETNAME jack", "+OK\r\n"},
      {"client getname", "$4\r\njack\r\n"},
      {"CLIENT SETNAME \"a b\"",
       "-ERR Client names cannot contain spaces, newlines or special characters.\r\n"},
      {"CLIENT SETINFO LIB-NAME redis-py(django_v1.0)", "+OK\r\n"},
      {"CLIENT SETINFO lib-ver 5.0", "+OK\r\n"},
      {"CLIENT SETINFO lib-ver \"5 0\"",
       "-ERR lib-ver cannot contain spaces, newlines or special characters.\r\n"},
      {"CLIENT SETINFO foo bar", "-ERR Unrecognized option 'foo'\r\n"},
      {"CLIENT SETNAME", "-ERR wrong number of arguments for 'client|setname' command\r\n"},
      {"CLIENT", "-ERR wrong number of arguments for 'client' command\r\n"},
      {"CLIENT FOO", "-ERR unknown subcommand 'FOO'. Try CLIENT HELP.\r\n"},
      {"CLIENT MAINT_NOTIFICATIONS on",
       "-ERR unknown subcommand 'MAINT_NOTIFICATIONS'. Try CLIENT HELP.\r\n"},
      {"AUTH x",
       "-ERR AUTH <password> called without any password configured for the default user. Are you sure your "
       "configuration is correct?\r\n"},
      {"AUTH default x", "+OK\r\n"},
      {"AUTH jack x", "-WRONGPASS invalid username-password pair or user is disabled.\r\n"},
      {"AUTH a b c", syntax},
      {"RESET", "+RESET\r\n"},
      {"CLIENT GETNAME", "$-1\r\n"},
      {"SELECT 1", "+OK\r\n"},
      {"GET k", "$3\r\none\r\n"},
  });
}

const std::string hello2 =
    "*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.4.0\r\n$5\r\nproto\r\n:2\r\n$2\r\nid\r\n:"
    "7\r\n"
    "$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n";
const std::string hello3 =
    "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.4.0\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:"
    "7\r\n"
    "$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n";

TEST(RespSession, SpeaksTheVersionThatHelloAsksFor) {
  expect_conversation({
      {"HELLO", hello2},
      {"HELLO 3", hello3},
      {"GET k", "_\r\n"},
      {"MGET k", "*1\r\n_\r\n"},
      {"SET k v NX", "+OK\r\n"},
      {"SET k v NX", "_\r\n"},
      {"HELLO", hello3},
      {"HELLO 4", "-NOPROTO unsupported protocol version\r\n"},
      {"HELLO 1", "-NOPROTO unsupported protocol version\r\n"},
      {"HELLO a", "-ERR Protocol version is not an integer or out of range\r\n"},
      {"HELLO 2 FOO", "-ERR Syntax error in HELLO option 'FOO'\r\n"},
      {"HELLO 2 AUTH x", "-ERR Syntax error in HELLO option 'AUTH'\r\n"},
      {"HELLO 2 AUTH x y", "-WRONGPASS invalid username-password pair or user is disabled.\r\n"},
      {"HELLO 2 SETNAME \"a b\"",
       "-ERR Client names cannot contain spaces, newlines or special characters.\r\n"},
      {"GET j", "_\r\n"},
      {"HELLO 2 AUTH default y SETNAME jack", hello2},
      {"CLIENT GETNAME", "$4\r\njack\r\n"},
      {"GET j", "$-1\r\n"},
      {"HELLO 3", hello3},
      {"RESET", "+RESET\r\n"},
      {"GET j", "$-1\r\n"},
  });
}

TEST(RespSession, NamesWhatItDoesNotKnowAsRedisDoes) {
  expect_conversation({
      {"foo", "-ERR unknown command 'foo', with args beginning with: \r\n"},
      {"FOO a \"b c\"", "-ERR unknown command 'FOO', with args beginning with: 'a' 'b c' \r\n"},
      {"foo \"a\\r\\n+OK\\r\\n\"", "-ERR unknown command 'foo', with args beginning with: 'a  +OK  ' \r\n"},
      {"\"f\\r\\no\"", "-ERR unknown command 'f  o', with args beginning with: \r\n"},
      {"foo " + std::string(300, 'x'),
       "-ERR unknown command 'foo', with args beginning with: '" + std::string(128, 'x') + "' \r\n"},
      {"foo " + std::string(126, 'x') + " b c",
       "-ERR unknown command 'foo', with args beginning with: '" + std::string(126, 'x') + "' \r\n"},
      {std::string(200, 'y'),
       "-ERR unknown command '" + std::string(128, 'y') + "', with args beginning with: \r\n"},
      {"\"\"", "-ERR unknown command '', with args beginning with: \r\n"},
      {"GET", "-ERR wrong number of arguments for 'get' command\r\n"},
      {"GET a b", "-ERR wrong number of arguments for 'get' command\r\n"},
      {"SENTINEL MASTERS now",
       "-ERR unknown command 'SENTINEL', with args beginning with: 'MASTERS' 'now' \r\n"},
  });
}

TEST(RespSession, DescribesItsCommandsFromTheTable) {
  const std::string get2 =
      "*10\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n*3\r\n+@read\r\n+@string\r\n+@"
      "fast\r\n"
      "*0\r\n*1\r\n*6\r\n$5\r\nflags\r\n*2\r\n+RO\r\n+access\r\n$12\r\nbegin_search\r\n*4\r\n$4\r\ntype\r\n$"
      "5\r\nindex\r\n"
      "$4\r\nspec\r\n*2\r\n$5\r\nindex\r\n:1\r\n$9\r\nfind_keys\r\n*4\r\n$4\r\ntype\r\n$5\r\nrange\r\n$"
      "4\r\nspec\r\n"
      "*6\r\n$7\r\nlastkey\r\n:0\r\n$7\r\nkeystep\r\n:1\r\n$5\r\nlimit\r\n:0\r\n*0\r\n";
  expect_conversation({
      {"COMMAND INFO get nosuch", "*2\r\n" + get2 + "$-1\r\n"},
      {"COMMAND COUNT",
       ":" + std::to_string(std::ranges::count_if(command_table(), &CommandSpec::is_served)) + "\r\n"},
      {"COMMAND COUNT x", "-ERR wrong number of arguments for 'command|count' command\r\n"},
      {"COMMAND GETKEYS mset a b c d", "*2\r\n$1\r\na\r\n$1\r\nc\r\n"},
      {"COMMAND GETKEYS echo a", "-ERR The command has no key arguments\r\n"},
      {"COMMAND GETKEYS get", "-ERR wrong number of arguments for 'command|getkeys' command\r\n"},
      {"COMMAND GETKEYS get a b", "-ERR Invalid number of arguments specified for command\r\n"},
      {"COMMAND GETKEYS nosuch a", "-ERR Invalid command specified\r\n"},
      {"COMMAND DOCS nosuch", "*0\r\n"},
      {"COMMAND DOCS get",
       "*2\r\n$3\r\nget\r\n*8\r\n$7\r\nsummary\r\n$34\r\nReturns the string value of a "
       "key.\r\n$5\r\nsince\r\n$5\r\n"
       "1.0.0\r\n$5\r\ngroup\r\n$6\r\nstring\r\n$9\r\narguments\r\n*1\r\n*6\r\n$4\r\nname\r\n"
       "$3\r\nkey\r\n$4\r\ntype\r\n$3\r\nkey\r\n$14\r\nkey_spec_index\r\n:0\r\n"},
      {"COMMAND LIST FOO", syntax},
      {"COMMAND FOO", "-ERR unknown subcommand 'FOO'. Try COMMAND HELP.\r\n"},
  });
}

TEST(RespSession, RepliesToEveryCommandWithOneWellFormedReply) {
  // Every row of the table, with no, few and many arguments, in both versions. UNSUBSCRIBE and its like have
  // one for each argument.
  for (const Bytes hello : {"HELLO 2\r\n", "HELLO 3\r\n"}) {
    for (const CommandSpec& spec : command_table()) {
      for (const Bytes arguments :
           {"", " a", " 1", " a 1", " a b c", " HELP", " ID", " INFO", " DOCS", " LIST"}) {
        World world;
        const std::string requests =
            std::string(hello) + std::string(spec.name) + std::string(arguments) + "\r\n";
        const std::string replies = talk(world, requests);
        protocol::ReplyDecoder decoder;
        Bytes rest = replies;
        const bool is_for_each = spec.name.ends_with("unsubscribe");
        const auto reply_count =
            is_for_each ? std::max<std::ptrdiff_t>(1, std::ranges::count(arguments, ' ')) : 1;
        for (std::ptrdiff_t i = 0; i < 1 + reply_count; ++i) {
          const auto reply = decoder.next(rest);
          ASSERT_TRUE(reply.has_value() && reply->has_value()) << requests << replies;
          rest.remove_prefix(decoder.consumed());
        }
        EXPECT_EQ(rest, "") << requests;
      }
    }
  }
}

TEST(RespSession, HandsOverInfoAsMonitorsReadIt) {
  World world;
  world.put("k", "v");
  world.put("k", "v", 3);
  RespSession session(world.environment, 7);
  Peer peer(session);
  peer.send("GET k\r\nGET nosuch\r\n");
  peer.take_replies();
  peer.send("INFO\r\n");
  const std::string info = peer.take_replies();
  for (const Bytes line : {"# Server\r\n",
                           "redis_version:7.4.0\r\n",
                           "larder_version:0.1.0\r\n",
                           "larder_backend:lru\r\n",
                           "larder_connection_buffer_size:0\r\n",
                           "multiplexing_api:epoll\r\n",
                           "tcp_port:6379\r\n",
                           "uptime_in_seconds:90\r\n",
                           "# Clients\r\n",
                           "maxclients:10000\r\n",
                           "# Memory\r\n",
                           "used_memory:",
                           "maxmemory:67108864\r\n",
                           "maxmemory_human:64.00M\r\n",
                           "# Persistence\r\n",
                           "loading:0\r\n",
                           "# Stats\r\n",
                           "keyspace_hits:1\r\n",
                           "keyspace_misses:1\r\n",
                           "# Replication\r\nrole:master\r\n",
                           "# Cluster\r\ncluster_enabled:0\r\n",
                           "# Keyspace\r\ndb0:keys=1,expires=0,avg_ttl=0\r\ndb3:keys=1,"}) {
    EXPECT_TRUE(info.contains(line)) << line;
  }
  peer.send("INFO nosuch\r\n");
  EXPECT_EQ(peer.take_replies(), "$0\r\n\r\n");
  peer.send("info cluster keyspace cluster\r\n");
  EXPECT_EQ(peer.take_replies(),
            "$108\r\n# Cluster\r\ncluster_enabled:0\r\n\r\n# Keyspace\r\ndb0:keys=1,expires=0,avg_ttl=0\r\n"
            "db3:keys=1,expires=0,avg_ttl=0\r\n\r\n");
  peer.send("HELLO 3\r\nINFO cluster\r\n");
  EXPECT_TRUE(peer.take_replies().ends_with("=34\r\ntxt:# Cluster\r\ncluster_enabled:0\r\n\r\n"));
}

TEST(RespSession, KeepsKeysAndValuesOfEveryByte) {
  std::string every;
  for (int byte = 0; byte < 256; ++byte) every.push_back(static_cast<char>(byte));
  World world;
  const std::string requests = command({"SET", every, every + every}) + command({"GET", every});
  const std::string replies = "+OK\r\n$512\r\n" + every + every + "\r\n";
  for (std::size_t step = 0; step < 40; ++step) {
    EXPECT_EQ(talk(world, requests, step), replies);
  }
}

TEST(RespSession, AnswersAThousandCommandsOfOneWriteInOrder) {
  World world;
  std::string requests;
  std::string replies;
  for (int i = 0; i < 500; ++i) {
    const std::string n = std::to_string(i);
    requests += command({"SET", "k" + n, "v" + n}) + command({"GET", "k" + n});
    replies.append("+OK\r\n$").append(std::to_string(n.size() + 1)).append("\r\nv").append(n).append("\r\n");
  }
  EXPECT_EQ(talk(world, requests), replies);
  EXPECT_EQ(world.counters.commands.value(), 1000U);
  EXPECT_EQ(world.counters.protocol_errors.value(), 0U);
}

TEST(RespSession, ForgetsWhatHasExpiredWithTheTimeItIsHanded) {
  const World world;
  RespSession session(world.environment, 7);
  Peer peer(session, world.now);
  peer.send("SET k v PX 1500\r\nSET j v\r\n");
  peer.set_now(world.now + Duration{1499});
  peer.take_replies();
  peer.send("GET k\r\nPTTL k\r\nTTL k\r\n");
  EXPECT_EQ(peer.take_replies(), "$1\r\nv\r\n:1\r\n:0\r\n");
  peer.set_now(world.now + Duration{1500});
  peer.send("EXISTS k j\r\nGET k\r\nTTL k\r\nEXPIRE k 1\r\nSET k w XX\r\nSET k w NX\r\n");
  EXPECT_EQ(peer.take_replies(), ":1\r\n$-1\r\n:-2\r\n:0\r\n$-1\r\n+OK\r\n");
}

TEST(RespSession, ClosesAfterQuitAndReadsNothingBehindIt) {
  World world;
  RespSession session(world.environment, 7);
  const Played played = play(session, "SET k v\r\nQUIT a b\r\nSET k w\r\n");
  EXPECT_EQ(played.replies, "+OK\r\n+OK\r\n");
  EXPECT_TRUE(played.closed);
  EXPECT_EQ(talk(world, "GET k\r\n"), "$1\r\nv\r\n");
}

TEST(RespSession, ClosesWithoutAWordOnHttp) {
  World world;
  std::uint64_t count = 0;
  for (const Bytes request :
       {"GET / HTTP/1.1\r\nHost: localhost\r\n\r\nSET k v\r\n", "POST /\"x HTTP/1.1\r\n\r\nSET k v\r\n",
        "Host: localhost\r\nSET k v\r\n", "post\r\nSET k v\r\n"}) {
    for (const std::size_t step : {0U, 1U, 5U}) {
      RespSession session(world.environment, 7);
      const Played played = play(session, request, step);
      EXPECT_EQ(played.replies, "") << request;
      EXPECT_TRUE(played.closed);
      EXPECT_EQ(world.counters.http_on_wrong_port.value(), ++count);
    }
  }
  EXPECT_EQ(talk(world, "GET k\r\nPOST a\r\nSET k v\r\n"), "$-1\r\n") << "as Redis, at any line";
  EXPECT_EQ(talk(world, "GET k\r\nGET / HTTP/1.1\r\n"),
            "$-1\r\n-ERR wrong number of arguments for 'get' command\r\n");
}

TEST(RespSession, CountsWhatItAnswers) {
  World world;
  talk(world, "PING\r\nfoo\r\n*0\r\n\r\nGET\r\nSET k v\r\n");
  EXPECT_EQ(world.counters.commands.value(), 4U);
}

TEST(CommandTable, SaysOfWhatIsNotServedYetWhatIsMissing) {
  World world;
  EXPECT_EQ(talk(world, "LPUSH k v\r\nsubscribe c\r\nPING\r\n"),
            "-ERR unknown command 'lpush': lists are not served yet\r\n"
            "-ERR unknown command 'subscribe': channels are not served yet\r\n+PONG\r\n");
  EXPECT_EQ(talk(world, "COMMAND INFO lpush\r\n"), "*1\r\n$-1\r\n");
  EXPECT_EQ(talk(world, "COMMAND GETKEYS lpush a b\r\n"), "-ERR Invalid command specified\r\n");
}

// Nobody is subscribed, and whoever unsubscribes to be sure is told so, once for each channel.
TEST(RespSession, EndsSubscriptionsThatThereAreNot) {
  World world;
  EXPECT_EQ(talk(world, "UNSUBSCRIBE\r\npunsubscribe a*\r\nSUNSUBSCRIBE a b\r\nPING\r\n"),
            "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n"
            "*3\r\n$12\r\npunsubscribe\r\n$2\r\na*\r\n:0\r\n"
            "*3\r\n$12\r\nsunsubscribe\r\n$1\r\na\r\n:0\r\n*3\r\n$12\r\nsunsubscribe\r\n$1\r\nb\r\n:0\r\n"
            "+PONG\r\n");
  RespConnection third(world);
  third.ask("HELLO 3");
  EXPECT_EQ(third.ask("UNSUBSCRIBE"), ">3\r\n$11\r\nunsubscribe\r\n_\r\n:0\r\n");
  third.ask("MULTI");
  EXPECT_EQ(third.ask("UNSUBSCRIBE a"), "+QUEUED\r\n");
  EXPECT_EQ(third.ask("EXEC"), "*1\r\n>3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n");
}

// One command has as many answers as channels: they end where any reply ends.
TEST(RespSession, EndsAConnectionWhoseAnswersAreTooManyToKeep) {
  World world;
  world.limits.output_size_max = 1000;
  RespSession session(world.environment, 7);
  std::string command = "UNSUBSCRIBE";
  for (int i = 0; i < 100; ++i) command += " channel";
  const Played played = play(session, command + "\r\n");
  EXPECT_TRUE(played.closed);
  EXPECT_LT(played.replies.size(), 1100U);
}

TEST(CommandTable, IsFoundInAnyCaseAndWholeOnly) {
  ASSERT_NE(find_command("gEt"), nullptr);
  EXPECT_EQ(find_command("gEt")->name, "get");
  for (const Bytes name : {"", "ge", "gets", "zzz", "a", "client|id"})
    EXPECT_EQ(find_command(name), nullptr) << name;
  const CommandSpec* client = find_command("client");
  ASSERT_NE(client, nullptr);
  ASSERT_NE(find_subcommand(*client, "ID"), nullptr);
  EXPECT_EQ(find_subcommand(*client, "i"), nullptr);
}

}  // namespace
}  // namespace larder::session
