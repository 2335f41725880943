// Logging in. Method: conversations of one connection and another, each reply as redis-server 7.0.15 gives
// it; then what a stranger must not be able to do, by looking into the cache, the slow log and at a monitor.
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "session/resp_test_support.h"

namespace larder::session {
namespace {

const std::string not_logged_in = "-NOAUTH Authentication required.\r\n";
const std::string wrong = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
const std::string hello_first =
    "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> "
    "<pass> "
    "option can be used to authenticate the client and select the RESP protocol version at the same time\r\n";
const std::string pong = "+PONG\r\n";

/// A server with the password "secret", and whoever set it.
struct LockedWorld {
  LockedWorld() { EXPECT_EQ(owner.ask("CONFIG SET requirepass secret"), ok); }
  World world;
  RespConnection owner{world, 1};
};

void expect_turns_of_a_stranger(const std::vector<RespTurn>& turns) {
  LockedWorld locked;
  RespConnection stranger(locked.world);
  for (const RespTurn& turn : turns) EXPECT_EQ(stranger.ask(turn.command), turn.reply) << turn.command;
}

TEST(RespAuth, AsksWhoComesAfterThePasswordWasSet) {
  World world;
  RespConnection owner(world, 1);
  RespConnection before(world, 2);
  EXPECT_EQ(owner.ask("CONFIG GET requirepass"), "*2\r\n$11\r\nrequirepass\r\n$0\r\n\r\n");
  EXPECT_EQ(owner.ask("CONFIG SET requirepass secret"), ok);
  EXPECT_EQ(owner.ask("CONFIG GET requirepass"), "*2\r\n$11\r\nrequirepass\r\n$6\r\nsecret\r\n");
  RespConnection after(world, 3);
  EXPECT_EQ(owner.ask("PING"), pong);
  EXPECT_EQ(before.ask("PING"), pong);
  EXPECT_EQ(after.ask("PING"), not_logged_in);
  EXPECT_EQ(owner.ask("CONFIG SET requirepass \"\""), ok);
  EXPECT_EQ(after.ask("PING"), pong);
}

TEST(RespAuth, RefusesInTheOrderOfRedis) {
  const std::string abort = "-EXECABORT Transaction discarded because of: ";
  expect_turns_of_a_stranger({
      {"GET k", not_logged_in},
      {"GET", "-ERR wrong number of arguments for 'get' command\r\n"},
      {"NOSUCH a", "-ERR unknown command 'NOSUCH', with args beginning with: 'a' \r\n"},
      {"CLIENT NOSUCH", "-ERR unknown subcommand 'NOSUCH'. Try CLIENT HELP.\r\n"},
      {"CLIENT", "-ERR wrong number of arguments for 'client' command\r\n"},
      {"LPUSH k v", not_logged_in},
      {"CLIENT REPLY OFF", not_logged_in},
      {"MONITOR", not_logged_in},
      {"MULTI", not_logged_in},
      {"DISCARD", not_logged_in},
      {"EXEC", abort + "NOAUTH Authentication required.\r\n"},
      {"EXEC k", abort + "wrong number of arguments for 'exec' command\r\n"},
      {"AUTH", "-ERR wrong number of arguments for 'auth' command\r\n"},
      {"RESET", "+RESET\r\n"},
      {"QUIT", ok},
  });
}

TEST(RespAuth, LetsInByNameAndPassword) {
  for (const char* const login : {"AUTH secret", "AUTH default secret"}) {
    expect_turns_of_a_stranger({{login, ok}, {"PING", pong}, {"ACL WHOAMI", "$7\r\ndefault\r\n"}});
  }
  expect_turns_of_a_stranger({
      {"AUTH wrong", wrong},
      {"AUTH secret1", wrong},
      {"AUTH \"\"", wrong},
      {"AUTH default wrong", wrong},
      {"AUTH Default secret", wrong},
      {"AUTH nobody secret", wrong},
      {"AUTH a b c", syntax},
      {"PING", not_logged_in},
      {"AUTH secret", ok},
      {"AUTH wrong", wrong},  // what was given before holds
      {"PING", pong},
      {"RESET", "+RESET\r\n"},
      {"PING", not_logged_in},
  });
}

TEST(RespAuth, LetsInWithHello) {
  LockedWorld locked;
  RespConnection stranger(locked.world);
  for (const char* const command : {"HELLO", "HELLO 2", "HELLO 3", "HELLO 3 SETNAME me"}) {
    EXPECT_EQ(stranger.ask(command), hello_first) << command;
  }
  EXPECT_EQ(stranger.ask("HELLO 4"), "-NOPROTO unsupported protocol version\r\n");
  EXPECT_EQ(stranger.ask("HELLO 3 AUTH default wrong"), wrong);
  EXPECT_EQ(stranger.ask("HELLO 3 AUTH nobody secret"), wrong);
  EXPECT_EQ(stranger.ask("PING"), not_logged_in);
  // Each option acts where it stands, as in Redis.
  EXPECT_EQ(stranger.ask("HELLO 3 AUTH default secret NOSUCH"),
            "-ERR Syntax error in HELLO option 'NOSUCH'\r\n");
  EXPECT_EQ(stranger.ask("CLIENT GETNAME"), "$2\r\nme\r\n");
  EXPECT_EQ(stranger.ask("RESET"), "+RESET\r\n");
  EXPECT_TRUE(stranger.ask("HELLO 3 AUTH default secret").starts_with("%7\r\n"));
  EXPECT_EQ(stranger.ask("GET absent"), "_\r\n");
  EXPECT_TRUE(stranger.ask("HELLO").starts_with("%7\r\n"));
  EXPECT_TRUE(stranger.ask("CLIENT INFO").contains(" user=default "));
}

TEST(RespAuth, AsksAgainWhenThePasswordComesBack) {
  LockedWorld locked;
  RespConnection stranger(locked.world);
  EXPECT_EQ(stranger.ask("PING"), not_logged_in);
  EXPECT_EQ(locked.owner.ask("CONFIG SET requirepass \"\""), ok);
  EXPECT_EQ(stranger.ask("PING"), pong);
  EXPECT_EQ(stranger.ask("HELLO 3"), hello_first);
  EXPECT_TRUE(stranger.ask("AUTH secret").starts_with("-ERR AUTH <password> called without any password"));
  EXPECT_EQ(stranger.ask("MULTI"), ok);
  EXPECT_EQ(stranger.ask("SET a 1"), "+QUEUED\r\n");
  EXPECT_EQ(locked.owner.ask("CONFIG SET requirepass other"), ok);
  EXPECT_EQ(stranger.ask("SET b 1"), not_logged_in);
  EXPECT_EQ(stranger.ask("DISCARD"), not_logged_in);
  EXPECT_EQ(stranger.ask("AUTH other"), "+QUEUED\r\n");
  EXPECT_EQ(stranger.ask("EXEC"),
            "-EXECABORT Transaction discarded because of: NOAUTH Authentication required.\r\n");
  EXPECT_EQ(stranger.ask("AUTH secret"), wrong);
  EXPECT_EQ(stranger.ask("AUTH other"), ok);
  EXPECT_EQ(stranger.ask("GET a"), null);
  // Given to the default user while he needs none, any word lets in for good.
  EXPECT_EQ(locked.owner.ask("CONFIG SET requirepass \"\""), ok);
  RespConnection next(locked.world, 8);
  EXPECT_EQ(next.ask("AUTH default whatever"), ok);
  EXPECT_EQ(locked.owner.ask("CONFIG SET requirepass third"), ok);
  EXPECT_EQ(next.ask("PING"), pong);
}

TEST(RespAuth, TakesALoginInsideATransaction) {
  expect_turns_of_a_stranger({
      {"AUTH secret", ok},
      {"MULTI", ok},
      {"AUTH wrong", "+QUEUED\r\n"},
      {"AUTH secret", "+QUEUED\r\n"},
      {"EXEC", "*2\r\n" + wrong + ok},
  });
}

TEST(RespAuth, HoldsStrangersToTighterBounds) {
  const auto said = [](const std::string& bytes) {
    LockedWorld locked;
    RespConnection stranger(locked.world);
    stranger.peer.send(bytes);
    return stranger.peer.take_replies() + (stranger.peer.played().closed ? "closed" : "");
  };
  EXPECT_EQ(said("*11\r\n"), "-ERR Protocol error: unauthenticated multibulk length\r\nclosed");
  EXPECT_EQ(said("*10\r\n"), "");
  EXPECT_EQ(said("*2\r\n$4\r\nECHO\r\n$16385\r\n"),
            "-ERR Protocol error: unauthenticated bulk length\r\nclosed");
  EXPECT_EQ(said("*2\r\n$4\r\nECHO\r\n$16384\r\n"), "");
  // The login may stand before the long command in the same read.
  std::string both = "AUTH secret\r\n";
  protocol::append_command(both, {"ECHO", std::string(20'000, 'x')});
  EXPECT_EQ(said(both), ok + "$20000\r\n" + std::string(20'000, 'x') + "\r\n");
}

// A store that is refused for its size empties its key. A stranger's must not.
TEST(RespAuth, LetsNoStrangerTouchAKey) {
  const std::string long_key(20'000, 'k');
  for (const std::string& bytes :
       {std::string("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$16385\r\n"),
        std::string("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$-1\r\n"), "MSET k v " + long_key + " v\r\n",
        "SET k " + std::string(70'000, 'v') + "\r\n", std::string("DEL k\r\nFLUSHALL\r\nSET k other\r\n")}) {
    LockedWorld locked;
    locked.world.limits.key_size_max = 1000;
    locked.world.put("k", "v");
    RespConnection stranger(locked.world);
    stranger.peer.send(bytes);
    EXPECT_TRUE(stranger.peer.take_replies().starts_with('-'));
    EXPECT_EQ(locked.owner.ask("GET k"), "$1\r\nv\r\n") << bytes.substr(0, 40);
  }
}

TEST(RespAuth, SetsThePasswordWithAllElseOrNotAtAll) {
  LockedWorld locked;
  EXPECT_EQ(
      locked.owner.ask("CONFIG SET requirepass other timeout -1"),
      "-ERR CONFIG SET failed (possibly related to argument 'timeout') - argument must be between 0 and "
      "2147483647 inclusive\r\n");
  EXPECT_EQ(locked.owner.ask("CONFIG GET requirepass"), "*2\r\n$11\r\nrequirepass\r\n$6\r\nsecret\r\n");
  EXPECT_EQ(locked.owner.ask("CONFIG SET requirepass a requirepass b"),
            "-ERR CONFIG SET failed (possibly related to argument 'requirepass') - duplicate parameter\r\n");
  EXPECT_EQ(locked.owner.ask("CONFIG SET requirepass other timeout 7"), ok);
  EXPECT_EQ(locked.owner.ask("CONFIG GET requirepass"), "*2\r\n$11\r\nrequirepass\r\n$5\r\nother\r\n");
  // One that nobody could give.
  EXPECT_EQ(
      locked.owner.ask_words({"CONFIG", "SET", "requirepass", std::string(16'385, 'x')}),
      "-ERR CONFIG SET failed (possibly related to argument 'requirepass') - argument must not be longer "
      "than 16384 bytes, or nobody could log in\r\n");
  EXPECT_EQ(locked.owner.ask_words({"CONFIG", "SET", "requirepass", std::string(16'384, 'x')}), ok);
  RespConnection stranger(locked.world);
  EXPECT_EQ(stranger.ask_words({"AUTH", std::string(16'384, 'x')}), ok);
}

// Nobody said that it may serve other machines without asking.
TEST(RespAuth, KeepsThePasswordByWhichAServerMayBeReached) {
  LockedWorld locked;
  locked.world.facts.needs_password = true;
  EXPECT_EQ(
      locked.owner.ask("CONFIG SET timeout 7 requirepass \"\""),
      "-ERR CONFIG SET failed (possibly related to argument 'requirepass') - other machines can reach this "
      "server, which was started without --allow-anonymous\r\n");
  EXPECT_EQ(locked.world.service.settings.idle_timeout_ms, 0);
  EXPECT_EQ(locked.owner.ask("CONFIG SET requirepass other"), ok);
}

TEST(RespAuth, ShowsADigestOfThePassword) {
  LockedWorld locked;
  const std::string digest = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
  EXPECT_EQ(locked.owner.ask("ACL LIST"), "*1\r\n$93\r\nuser default on #" + digest + " ~* &* +@all\r\n");
  EXPECT_TRUE(
      locked.owner.ask("ACL GETUSER default")
          .starts_with("*12\r\n$5\r\nflags\r\n*1\r\n$2\r\non\r\n$9\r\npasswords\r\n*1\r\n$64\r\n" + digest));
  EXPECT_EQ(locked.owner.ask("CONFIG SET requirepass \"\""), ok);
  EXPECT_EQ(locked.owner.ask("ACL LIST"), "*1\r\n$34\r\nuser default on nopass ~* &* +@all\r\n");
}

TEST(RespAuth, KeepsPasswordsFromTheSlowLogAndFromMonitors) {
  LockedWorld locked;
  locked.world.service.stopwatch_us = [] { return std::int64_t{0}; };
  RespConnection monitor(locked.world, 3);
  monitor.session.attach(std::make_shared<Noted>());
  EXPECT_EQ(monitor.ask("AUTH secret"), ok);
  EXPECT_EQ(monitor.ask("MONITOR"), ok);
  EXPECT_EQ(locked.owner.ask("CONFIG SET slowlog-log-slower-than 0"), ok);
  locked.owner.ask_words({"CONFIG", "SET", "RequirePass", "secret", "timeout", std::string(70'000, 'x')});
  EXPECT_EQ(locked.owner.ask_words({"AUTH", "secret" + std::string(70'000, 'x')}), wrong);
  RespConnection stranger(locked.world);
  for (const char* const command :
       {"AUTH secret", "AUTH default secret", "AUTH my secret words",
        "HELLO 3 SETNAME me AUTH default secret", "HELLO AUTH default secret", "HELLO 2 AUTH secret"}) {
    stranger.ask(command);
  }
  const std::string slow = locked.owner.ask("SLOWLOG GET");
  EXPECT_TRUE(slow.contains("$11\r\nRequirePass\r\n$10\r\n(redacted)\r\n$7\r\ntimeout\r\n")) << slow;
  EXPECT_TRUE(slow.contains("*2\r\n$4\r\nAUTH\r\n$10\r\n(redacted)\r\n")) << slow;
  EXPECT_FALSE(slow.contains("secret")) << slow;
  monitor.peer.send("");
  const std::string seen = monitor.peer.take_replies();
  EXPECT_TRUE(seen.contains("\"AUTH\" \"(redacted)\" \"(redacted)\"\r\n")) << seen;
  EXPECT_TRUE(seen.contains("\"HELLO\" \"3\" \"SETNAME\" \"me\" \"AUTH\" \"(redacted)\" \"(redacted)\"\r\n"))
      << seen;
  EXPECT_FALSE(seen.contains("secret")) << seen;
}

TEST(RespAuth, CountsWrongPasswords) {
  LockedWorld locked;
  RespConnection stranger(locked.world);
  for (const char* const command : {"AUTH wrong", "HELLO 3 AUTH default wrong", "PING", "AUTH secret"}) {
    stranger.ask(command);
  }
  EXPECT_EQ(locked.world.counters.logins_refused.value(), 2U);
  EXPECT_TRUE(stranger.ask("INFO stats").contains("larder_logins_refused:2\r\n"));
}

}  // namespace
}  // namespace larder::session
