// Settings, questions about the server, and about features that it does not have. Method: conversations with
// the replies that Redis 7 gives.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <utility>

#include "session/resp_test_support.h"

namespace larder::session {
namespace {

using Connection = RespConnection;
using testing::HasSubstr;

std::string pair(const std::string& name, const std::string& value) {
  return "$" + std::to_string(name.size()) + "\r\n" + name + "\r\n$" + std::to_string(value.size()) + "\r\n" +
         value + "\r\n";
}

std::string refused(const std::string& name, const std::string& reason) {
  return "-ERR CONFIG SET failed (possibly related to argument '" + name + "') - " + reason + "\r\n";
}

TEST(RespConfig, ShowsAndChangesWhatCanBeChanged) {
  World world;
  Connection connection(world);
  EXPECT_EQ(connection.ask("CONFIG GET timeout"), "*2\r\n" + pair("timeout", "0"));
  EXPECT_EQ(connection.ask("CONFIG GET nosuch"), "*0\r\n");
  EXPECT_EQ(connection.ask("CONFIG GET TIMEOUT maxclients timeout"),
            "*4\r\n" + pair("TIMEOUT", "0") + pair("maxclients", "10000"));
  EXPECT_EQ(connection.ask("CONFIG GET TIME* maxclien[t]s"),
            "*4\r\n" + pair("timeout", "0") + pair("maxclients", "10000"));
  EXPECT_THAT(connection.ask("CONFIG GET max*"), HasSubstr(pair("maxmemory-policy", "allkeys-lru")));
  EXPECT_EQ(connection.ask("CONFIG SET timeout 30 maxclients 100"), ok);
  EXPECT_EQ(world.service.settings.idle_timeout_ms, 30'000);
  EXPECT_EQ(world.service.settings.connection_count_max, 100U);
  EXPECT_EQ(connection.ask("CONFIG GET save"), "*2\r\n" + pair("save", ""));
  EXPECT_EQ(connection.ask("CONFIG SET save \"\""), ok) << "it is that already";
  EXPECT_EQ(connection.ask("CONFIG SET appendonly no"), ok);
}

TEST(RespConfig, RefusesAsRedisDoes) {
  expect_turns(
      {{"CONFIG SET", "-ERR wrong number of arguments for 'config|set' command\r\n"},
       {"CONFIG SET a", "-ERR wrong number of arguments for 'config|set' command\r\n"},
       {"CONFIG SET timeout 1 maxclients", syntax},
       {"CONFIG SET nosuch 1", "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'\r\n"},
       {"CONFIG SET maxclients x", refused("maxclients", "argument couldn't be parsed into an integer")},
       {"CONFIG SET maxclients 0",
        refused("maxclients", "argument must be between 1 and 4294967295 inclusive")},
       {"CONFIG SET timeout -1", refused("timeout", "argument must be between 0 and 2147483647 inclusive")},
       {"CONFIG SET timeout 1 timeout 2", refused("timeout", "duplicate parameter")},
       {"CONFIG SET databases 3", refused("databases", "can't set immutable config")},
       {"CONFIG SET maxmemory 1x", refused("maxmemory", "argument must be a memory value")},
       {"CONFIG SET maxmemory-policy foo",
        refused("maxmemory-policy",
                "argument(s) must be one of the following: volatile-lru, volatile-lfu, volatile-random, "
                "volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, noeviction")},
       {"CONFIG REWRITE", "-ERR The server is running without a config file\r\n"},
       {"CONFIG GET", "-ERR wrong number of arguments for 'config|get' command\r\n"},
       {"CONFIG foo", "-ERR unknown subcommand 'foo'. Try CONFIG HELP.\r\n"}});
}

TEST(RespConfig, MovesTheMemoryLimit) {
  for (const Bytes backend : cache::backend_names()) {
    World world(std::size_t{64} << 20, backend);
    Connection connection(world);
    EXPECT_EQ(connection.ask("CONFIG GET maxmemory"), "*2\r\n" + pair("maxmemory", "67108864"));
    EXPECT_EQ(connection.ask("CONFIG SET maxmemory 100mb"), ok) << backend;
    EXPECT_EQ(connection.ask("CONFIG GET maxmemory"), "*2\r\n" + pair("maxmemory", "104857600"));
    EXPECT_THAT(connection.ask("INFO memory"), HasSubstr("\r\nmaxmemory:104857600\r\n"));
    EXPECT_EQ(world.cache->stats().memory_limit_in_force, 104857600U);
    EXPECT_EQ(connection.ask("CONFIG SET maxmemory 20MB timeout x"),
              refused("timeout", "argument couldn't be parsed into an integer"));
    EXPECT_EQ(world.cache->memory_limit(), 104857600U) << "all or nothing";
    EXPECT_EQ(connection.ask("CONFIG SET maxmemory 20000000 timeout 9"), ok);
    EXPECT_EQ(world.cache->memory_limit(), 20000000U);
    EXPECT_THAT(connection.ask("INFO memory"), HasSubstr("\r\nmaxmemory:20000000\r\n"));
    EXPECT_EQ(connection.ask("MULTI"), ok);
    connection.ask("SET k v");
    connection.ask("CONFIG SET maxmemory 10mb");
    connection.ask("CONFIG GET maxmemory");
    EXPECT_EQ(connection.ask("EXEC"), "*3\r\n+OK\r\n+OK\r\n*2\r\n" + pair("maxmemory", "10485760"));
  }
}

TEST(RespConfig, NamesTheMemoryLimitsThatCannotWork) {
  for (const Bytes backend : cache::backend_names()) {
    World world(std::size_t{64} << 20, backend);
    Connection connection(world);
    const cache::MemoryLimitRange range = world.cache->memory_limit_range();
    for (const Bytes nothing : {"0", "''", "kb", "0GB"}) {
      EXPECT_EQ(connection.ask("CONFIG SET maxmemory " + std::string(nothing)),
                refused("maxmemory", "argument must not be 0: a cache always has a limit"));
    }
    EXPECT_EQ(connection.ask("CONFIG SET maxmemory 1kb"),
              refused("maxmemory",
                      "the smallest limit that this cache can work with is " + std::to_string(range.least)));
    EXPECT_EQ(connection.ask("CONFIG SET maxmemory " + std::to_string(range.least)), ok);
    if (backend == "segment") {
      EXPECT_EQ(connection.ask("CONFIG SET maxmemory 1gb"),
                refused("maxmemory",
                        "the cache has addresses for 268435456 bytes; start the server with "
                        "another --memory"));
      EXPECT_EQ(connection.ask("CONFIG SET maxmemory 256mb"), ok);
    }
  }
}

TEST(RespConfig, CountsFromAResetOn) {
  World world;
  Connection connection(world);
  connection.ask("GET none");
  EXPECT_THAT(connection.ask("INFO stats"), HasSubstr("keyspace_misses:1\r\n"));
  EXPECT_EQ(connection.ask("CONFIG RESETSTAT"), ok);
  EXPECT_THAT(connection.ask("INFO stats"), HasSubstr("keyspace_misses:0\r\n"));
  connection.ask("GET none");
  connection.ask("GET none");
  EXPECT_THAT(connection.ask("INFO stats"), HasSubstr("keyspace_misses:2\r\n"));
}

TEST(RespServer, InsideATransactionAsOutside) {
  World world;
  Connection connection(world);
  connection.ask("MULTI");
  for (const std::string command :
       {"INFO", "CONFIG GET maxmemory", "CONFIG RESETSTAT", "CLIENT LIST", "DEBUG SLEEP 1", "DEBUG OBJECT k",
        "TIME", "SLOWLOG GET", "FLUSHALL", "COMMAND COUNT", "LOLWUT", "ACL WHOAMI"}) {
    EXPECT_EQ(connection.ask(command), "+QUEUED\r\n") << command;
  }
  EXPECT_TRUE(connection.ask("EXEC").starts_with("*12\r\n"));
}

struct Ended final : Control {
  void shut_down(bool at_once) override { words += at_once ? "now " : "soon "; }
  void log(Bytes line) override { words += std::string(line) + "|"; }
  Result<void> rewrite_config() override {
    words += "rewritten ";
    return written;
  }
  std::string words;
  Result<void> written;
};

TEST(RespConfig, HasTheFileWrittenByTheServer) {
  World world;
  Ended control;
  world.service.control = &control;
  Connection connection(world);
  EXPECT_EQ(connection.ask("CONFIG REWRITE"), ok);
  EXPECT_EQ(control.words, "rewritten ");
  control.written = failure(ErrorKind::refused, "No space left\r\non device");
  EXPECT_EQ(connection.ask("CONFIG REWRITE"), "-ERR Rewriting config file: No space left  on device\r\n");
  control.written = failure(ErrorKind::unsupported, "none");
  EXPECT_EQ(connection.ask("CONFIG REWRITE"), "-ERR The server is running without a config file\r\n");
}

TEST(RespServer, IsNobodysReplica) {
  const std::string no_port = "-ERR Invalid master port\r\n";
  expect_turns({{"REPLICAOF NO ONE", ok},
                {"slaveof no one", ok},
                {"REPLICAOF NO 65536", no_port},
                {"REPLICAOF NO -1", no_port},
                {"SLAVEOF ONE NO", no_port},
                {"REPLICAOF host 6379", "-ERR replication is not served yet\r\n"}});
}

TEST(RespServer, EndsWhenItIsAskedTo) {
  expect_turns({{"SHUTDOWN foo", syntax},
                {"SHUTDOWN NOSAVE SAVE", syntax},
                {"SHUTDOWN ABORT", "-ERR No shutdown in progress.\r\n"},
                {"SHUTDOWN", "-ERR Errors trying to SHUTDOWN. Check logs.\r\n"}});
  Ended control;
  for (const std::string command : {"SHUTDOWN", "shutdown nosave now"}) {
    World world;
    world.service.control = &control;
    Connection connection(world);
    EXPECT_EQ(connection.ask(command), "");
    EXPECT_TRUE(connection.peer.played().closed);
  }
  EXPECT_EQ(control.words, "soon now ");
}

TEST(RespServer, TellsTheTime) { expect_turns({{"TIME", "*2\r\n$10\r\n1700000000\r\n$1\r\n0\r\n"}}); }

TEST(RespServer, TellsTheTimeToTheMicrosecond) {
  World world;
  world.service.wall_clock_us = [] { return std::int64_t{1'700'000'001'000'023}; };
  RespSession session(world.environment, 7);
  EXPECT_EQ(play(session, "TIME\r\n").replies, "*2\r\n$10\r\n1700000001\r\n$2\r\n23\r\n");
}

// Nobody can fill a disk by it, nor write lines that look like others'.
TEST(RespDebug, LogsALineASecondOfPrintableBytes) {
  Ended control;
  World world;
  Connection connection(world);
  EXPECT_EQ(connection.ask("DEBUG LOG nobody"), ok);
  world.service.control = &control;
  EXPECT_EQ(connection.ask("DEBUG LOG \"one\\n\\x00two\""), ok);
  EXPECT_EQ(connection.ask("DEBUG LOG three"), ok);
  connection.peer.set_now(world.now + Duration{999});
  EXPECT_EQ(connection.ask("DEBUG LOG four"), ok);
  EXPECT_EQ(control.words, "DEBUG LOG: one ?two|");
  control.words.clear();
  connection.peer.set_now(world.now + Duration{1000});
  connection.ask("DEBUG LOG " + std::string(1000, 'x'));
  EXPECT_EQ(control.words, "DEBUG LOG: " + std::string(512, 'x') + " (2 more were left out before)|");
  control.words.clear();
  connection.peer.set_now(world.now - Duration{5000});
  connection.ask("DEBUG LOG back");
  EXPECT_EQ(control.words, "DEBUG LOG: back|") << "the clock was set back";
}

TEST(RespServer, SaysWhatIsNotServedYet) {
  expect_turns({{"LPUSH l v", "-ERR unknown command 'lpush': lists are not served yet\r\n"},
                {"REPLCONF a", "-ERR unknown command 'replconf': replication is not served yet\r\n"},
                {"SORT l", "-ERR unknown command 'sort': sorting is not served yet\r\n"},
                {"VADD v", "-ERR unknown command 'vadd': vector sets are not served yet\r\n"},
                {"Function Load", "-ERR unknown subcommand 'load': functions are not served yet\r\n"},
                {"ACL SETUSER me", "-ERR unknown subcommand 'setuser': users are not served yet\r\n"},
                {"CLUSTER ADDSLOTS 1", "-ERR This instance has cluster support disabled\r\n"},
                {"ASKING", "-ERR This instance has cluster support disabled\r\n"},
                {"CLUSTER NOSUCH", "-ERR unknown subcommand 'NOSUCH'. Try CLUSTER HELP.\r\n"},
                {"FUNCTION LIST LIBRARYNAME a WITHCODE", "*0\r\n"},
                {"FUNCTION LIST LIBRARYNAME", "-ERR library name argument was not given\r\n"},
                {"FUNCTION LIST WITHCODE WITHCODE", "-ERR Unknown argument WITHCODE\r\n"},
                {"MULTI", ok},
                {"FUNCTION LOAD x", "-ERR unknown subcommand 'load': functions are not served yet\r\n"},
                {"EXEC", "-EXECABORT Transaction discarded because of previous errors.\r\n"}});
}

TEST(RespDebug, StopsAndStartsTheSweep) {
  World world;
  RespConnection connection(world);
  for (const auto& [word, sweeps] :
       {std::pair("0", false), std::pair("1", true), std::pair("no", false), std::pair("2", true)}) {
    EXPECT_EQ(connection.ask("DEBUG SET-ACTIVE-EXPIRE " + std::string(word)), ok);
    EXPECT_EQ(world.service.settings.sweeps, sweeps) << word;
  }
}

TEST(RespDebug, RepliesWithASampleOfEachType) {
  expect_turns(
      {{"DEBUG PROTOCOL string", "$11\r\nHello World\r\n"},
       {"DEBUG PROTOCOL double", "$5\r\n3.141\r\n"},
       {"DEBUG PROTOCOL map", "*6\r\n:0\r\n:0\r\n:1\r\n:1\r\n:2\r\n:0\r\n"},
       {"DEBUG PROTOCOL attrib", "$39\r\nSome real reply following the attribute\r\n"},
       {"DEBUG PROTOCOL push", "-ERR RESP2 is not supported by this command\r\n"},
       {"DEBUG PROTOCOL verbatim", "$25\r\nThis is a verbatim\nstring\r\n"},
       {"DEBUG PROTOCOL foo",
        "-ERR Wrong protocol type name. Please use one of the following: "
        "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false\r\n"},
       {"DEBUG OBJECT none", "-ERR no such key\r\n"},
       {"DEBUG STRINGMATCH-LEN a* abc", ":1\r\n"},
       {"DEBUG STRINGMATCH-LEN b* abc", ":0\r\n"},
       {"DEBUG LOG text", ok},
       {"DEBUG foo", "-ERR unknown subcommand or wrong number of arguments for 'foo'. Try DEBUG HELP.\r\n"},
       {"DEBUG", "-ERR wrong number of arguments for 'debug' command\r\n"}});
  World world;
  Connection connection(world);
  connection.ask("HELLO 3");
  EXPECT_EQ(connection.ask("DEBUG PROTOCOL true"), "#t\r\n");
  EXPECT_EQ(connection.ask("DEBUG PROTOCOL map"), "%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n");
  EXPECT_EQ(connection.ask("DEBUG PROTOCOL bignum"), "(1234567999999999999999999999999999999\r\n");
  EXPECT_EQ(connection.ask("DEBUG PROTOCOL verbatim"), "=29\r\ntxt:This is a verbatim\nstring\r\n");
}

TEST(RespAnswers, AreThoseOfAServerWithoutTheFeature) {
  const std::string no_cluster = "-ERR This instance has cluster support disabled\r\n";
  expect_turns({{"WAIT 1 10", ":0\r\n"},
                {"WAIT x 0", "-ERR value is not an integer or out of range\r\n"},
                {"WAIT 0 x", "-ERR timeout is not an integer or out of range\r\n"},
                {"WAIT 0 -1", "-ERR timeout is negative\r\n"},
                {"ROLE", "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"},
                {"FUNCTION FLUSH", ok},
                {"FUNCTION FLUSH ASYNC", ok},
                {"FUNCTION FLUSH x", "-ERR FUNCTION FLUSH only supports SYNC|ASYNC option\r\n"},
                {"FUNCTION LIST", "*0\r\n"},
                {"FUNCTION KILL", "-NOTBUSY No scripts in execution right now.\r\n"},
                {"FUNCTION DELETE x", "-ERR Library not found\r\n"},
                {"SCRIPT EXISTS a b", "*2\r\n:0\r\n:0\r\n"},
                {"SCRIPT FLUSH", ok},
                {"SCRIPT KILL", "-NOTBUSY No scripts in execution right now.\r\n"},
                {"MODULE LIST", "*0\r\n"},
                {"CLUSTER INFO", no_cluster},
                {"CLUSTER NODES", no_cluster},
                {"READONLY", no_cluster},
                {"ACL WHOAMI", "$7\r\ndefault\r\n"},
                {"ACL LIST", "*1\r\n$34\r\nuser default on nopass ~* &* +@all\r\n"},
                {"ACL GETUSER nobody", "$-1\r\n"},
                {"ACL CAT nosuch", "-ERR Unknown category 'nosuch'\r\n"},
                {"LATENCY LATEST", "*0\r\n"},
                {"LATENCY RESET", ":0\r\n"},
                {"LATENCY GRAPH x", "-ERR No samples available for event 'x'\r\n"},
                {"SAVE", "-ERR 'save' is not served: a cache keeps nothing on disk\r\n"}});
}

TEST(RespServer, HelpsWithEveryContainer) {
  World world;
  Connection connection(world);
  for (const std::string name : {"ACL", "CLIENT", "CLUSTER", "COMMAND", "CONFIG", "FUNCTION", "LATENCY",
                                 "MODULE", "SCRIPT", "SLOWLOG"}) {
    EXPECT_THAT(connection.ask(name + " HELP"),
                HasSubstr("+" + name + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n"));
  }
}

}  // namespace
}  // namespace larder::session
