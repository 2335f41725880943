// Users over RESP. Method: conversations of users with different rights, each reply as redis-server 7.0.15
// gives it to a user with the same; then users that change under a connection, and logins that wait.
#include <algorithm>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "session/resp_test_support.h"

namespace larder::session {
namespace {

const std::string no_login = "-NOAUTH Authentication required.\r\n";
const std::string wrong = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
const std::string denied_key =
    "-NOPERM this user has no permissions to access one of the keys used as arguments\r\n";
std::string denied(const std::string& command) {
  return "-NOPERM this user has no permissions to run the '" + command + "' command\r\n";
}

User limited_user(const std::string& name, Rights rights, std::vector<std::string> prefixes = {},
                  const std::string& password = "") {
  return {
      .name = name,
      .password = make_scrypt_hash(password.empty() ? name : password, {.n = 2, .r = 1, .salt = "12345678"}),
      .rights = rights,
      .prefixes = std::move(prefixes)};
}

/// A server with users whose passwords are their names.
struct PeopledWorld {
  PeopledWorld() { set({}); }
  void set(const std::vector<User>& others) {
    std::vector<User> all{limited_user("root", all_rights), limited_user("reader", read_right),
                          limited_user("writer", write_right),
                          limited_user("app", read_right | write_right, {"app:"})};
    all.insert(all.end(), others.begin(), others.end());
    world.service.accounts.users.set(all);
  }
  std::unique_ptr<RespConnection> connect(const std::string& name) {
    auto connection = std::make_unique<RespConnection>(world, ++last_id);
    if (!name.empty()) {
      EXPECT_EQ(connection->ask("AUTH " + name + " " + name), ok);
    }
    return connection;
  }
  World world;
  std::uint64_t last_id = 0;
};

void expect_turns_of(const std::string& name, const std::vector<RespTurn>& turns) {
  PeopledWorld people;
  people.world.put("k", "v");
  people.world.put("app:k", "w");
  const auto connection = people.connect(name);
  for (const RespTurn& turn : turns) EXPECT_EQ(connection->ask(turn.command), turn.reply) << turn.command;
}

TEST(RespUsers, LogInByNameAndPassword) {
  expect_turns_of("", {{"PING", no_login},
                       {"AUTH reader", wrong},  // that of the user default, who is not there
                       {"AUTH reader writer", wrong},
                       {"AUTH nobody nobody", wrong},
                       {"ACL WHOAMI", no_login},
                       {"AUTH reader reader", ok},
                       {"ACL WHOAMI", "$6\r\nreader\r\n"},
                       {"AUTH app wrong", wrong},
                       {"ACL WHOAMI", "$6\r\nreader\r\n"},
                       {"AUTH app app", ok},
                       {"ACL WHOAMI", "$3\r\napp\r\n"},
                       {"RESET", "+RESET\r\n"},
                       {"GET k", no_login}});
  PeopledWorld people;
  const auto connection = people.connect("");
  EXPECT_TRUE(connection->ask("HELLO 3 AUTH reader reader SETNAME me").starts_with("%7\r\n"));
  EXPECT_TRUE(connection->ask("CLIENT INFO").contains(" user=reader "));
  EXPECT_EQ(connection->ask("CLIENT GETNAME"), "$2\r\nme\r\n");
  EXPECT_EQ(people.world.counters.logins_refused.value(), 0U);
}

TEST(RespUsers, LeaveThePasswordItsUser) {
  PeopledWorld people;
  people.world.service.accounts.password.set("secret");
  const auto connection = people.connect("");
  EXPECT_EQ(connection->ask("AUTH secret"), ok);
  EXPECT_EQ(connection->ask("ACL WHOAMI"), "$7\r\ndefault\r\n");
  EXPECT_EQ(connection->ask("SET k v"), ok);
  EXPECT_EQ(connection->ask("AUTH reader reader"), ok);
  EXPECT_EQ(connection->ask("SET k v"), denied("set"));
}

TEST(RespUsers, MayReadOnly) {
  expect_turns_of("reader", {{"GET k", "$1\r\nv\r\n"},
                             {"SET k x", denied("set")},
                             {"DEL k", denied("del")},
                             {"GETDEL k", denied("getdel")},
                             {"EXPIRE k 1", denied("expire")},
                             {"FLUSHALL", denied("flushall")},
                             {"CONFIG GET *", denied("config|get")},
                             {"CONFIG", "-ERR wrong number of arguments for 'config' command\r\n"},
                             {"MONITOR", denied("monitor")},
                             {"CLIENT LIST", denied("client|list")},
                             {"ACL LIST", denied("acl|list")},
                             {"ACL USERS", denied("acl|users")},
                             {"SHUTDOWN", denied("shutdown")},
                             {"DEBUG SLEEP 0", denied("debug")},
                             {"PING", "+PONG\r\n"},
                             {"DBSIZE", ":2\r\n"},
                             {"CLIENT ID", ":1\r\n"},
                             {"GET", "-ERR wrong number of arguments for 'get' command\r\n"},
                             {"GET k", "$1\r\nv\r\n"}});
}

TEST(RespUsers, MayWriteOnly) {
  expect_turns_of("writer", {{"SET k x", ok},
                             {"APPEND k y", ":2\r\n"},
                             {"GET k", denied("get")},
                             {"SET k x GET", denied("set")},
                             {"SET k x IFEQ xy", denied("set")},
                             {"GETDEL k", denied("getdel")},
                             {"INCR k", denied("incr")},
                             {"COPY k l", denied("copy")},
                             {"RENAME k l", denied("rename")},
                             {"EXISTS k", denied("exists")},
                             {"KEYS *", denied("keys")},
                             {"SWAPDB 0 1", denied("swapdb")},
                             {"FLUSHDB", denied("flushdb")},
                             {"DEL k", ":1\r\n"}});
}

TEST(RespUsers, ReachKeysWithTheirPrefixes) {
  expect_turns_of("app", {{"GET app:k", "$1\r\nw\r\n"},
                          {"GET k", denied_key},
                          {"MGET app:k k", denied_key},
                          {"MSET app:a 1 b 2", denied_key},
                          {"EXISTS app:k app:a app:b", ":1\r\n"},
                          {"COPY app:k k2", denied_key},
                          {"RENAME k app:x", denied_key},
                          {"OBJECT ENCODING k", denied_key},
                          {"MEMORY USAGE k", denied_key},
                          {"WATCH k", denied_key},
                          {"MSETEX 2 app:a 1 b 2", denied_key},
                          {"LCS app:k k", denied_key},
                          {"KEYS *", "*1\r\n$5\r\napp:k\r\n"},
                          {"SCAN 0 COUNT 100", "*2\r\n$1\r\n0\r\n*1\r\n$5\r\napp:k\r\n"},
                          {"RANDOMKEY", "$5\r\napp:k\r\n"},
                          {"DEL app:k", ":1\r\n"},
                          {"RANDOMKEY", "$-1\r\n"},
                          {"KEYS *", "*0\r\n"}});
}

TEST(RespUsers, AreHeldToTheirRightsInsideATransaction) {
  expect_turns_of("app", {{"MULTI", ok},
                          {"SET app:k 1", "+QUEUED\r\n"},
                          {"SET k 1", denied_key},
                          {"EXEC", "-EXECABORT Transaction discarded because of previous errors.\r\n"},
                          {"MULTI", ok},
                          {"KEYS *", "+QUEUED\r\n"},
                          {"RANDOMKEY", "+QUEUED\r\n"},
                          {"EXEC", "*2\r\n*1\r\n$5\r\napp:k\r\n$5\r\napp:k\r\n"}});
}

TEST(RespUsers, AreHeldToTheRightsThatTheyHaveAtExec) {
  PeopledWorld people;
  const auto connection = people.connect("app");
  for (const char* const command : {"MULTI", "SET app:k v", "GET app:k", "PING"}) connection->ask(command);
  people.world.service.accounts.users.set({limited_user("app", read_right, {"b"})});
  const std::string changed =
      "-NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This "
      "command is no longer allowed for the following reason: ";
  EXPECT_EQ(connection->ask("EXEC"), "*3\r\n" + changed +
                                         "no permission to execute the command or subcommand\r\n" + changed +
                                         "no permission to touch the specified keys\r\n+PONG\r\n");
}

// A store that is refused for its size empties its key: not for whoever may not store there.
TEST(RespUsers, EmptyNoKeyThatTheyMayNotWrite) {
  for (const std::string name : {"reader", "app"}) {
    PeopledWorld people;
    people.world.limits.value_size_max = 100;
    people.world.limits.key_size_max = 100;
    people.world.put("k", "v");
    const auto connection = people.connect(name);
    for (const std::vector<Bytes>& words :
         {std::vector<Bytes>{"SET", "k", std::string_view()}, {"MSET", "k", std::string_view(), "k", "v"}}) {
      std::vector<Bytes> long_words = words;
      const std::string value(200, 'x');
      std::ranges::replace(long_words, Bytes(), Bytes(value));
      EXPECT_TRUE(connection->ask_words(long_words).starts_with('-'));
    }
    EXPECT_EQ(people.connect("root")->ask("GET k"), "$1\r\nv\r\n");
  }
}

TEST(RespUsers, LoseTheirConnectionsWithTheirPassword) {
  PeopledWorld people;
  const auto stays = people.connect("reader");
  const auto goes = people.connect("app");
  people.world.service.accounts.users.set(
      {limited_user("reader", read_right), limited_user("app", read_right, {}, "other")});
  EXPECT_EQ(goes->ask("PING"), "");
  EXPECT_TRUE(goes->peer.played().closed);
  EXPECT_EQ(stays->ask("PING"), "+PONG\r\n");
}

TEST(RespUsers, LoseWhatTheyMayDoNoLonger) {
  PeopledWorld people;
  people.set({limited_user("boss", all_rights)});
  const auto connection = people.connect("boss");
  const auto monitor = people.connect("boss");
  monitor->session.attach(std::make_shared<Noted>());
  EXPECT_EQ(connection->ask("SET k v"), ok);
  EXPECT_EQ(monitor->ask("MONITOR"), ok);
  people.set({limited_user("boss", read_right)});
  EXPECT_EQ(connection->ask("SET k v"), denied("set"));
  EXPECT_EQ(connection->ask("GET k"), "$1\r\nv\r\n");
  monitor->peer.send("");
  EXPECT_TRUE(monitor->peer.played().closed);
}

TEST(RespUsers, AreDescribedInTheWordsOfRedis) {
  PeopledWorld people;
  people.set({limited_user("odd", read_right, {"a*", "b"}), limited_user("admin", admin_right)});
  const auto root = people.connect("root");
  EXPECT_EQ(root->ask("ACL USERS"),
            "*7\r\n$5\r\nadmin\r\n$3\r\napp\r\n$7\r\ndefault\r\n$3\r\nodd\r\n$6\r\nreader\r\n$4\r\nroot\r\n"
            "$6\r\nwriter\r\n");
  const std::string list = root->ask("ACL LIST");
  EXPECT_TRUE(list.contains("user default off resetchannels -@all\r\n")) << list;
  EXPECT_TRUE(list.contains(" ~* resetchannels +@all\r\n")) << list;
  EXPECT_TRUE(list.contains(" %R~* resetchannels -@all +@connection +@transaction +@read\r\n")) << list;
  EXPECT_TRUE(list.contains(" %W~* resetchannels -@all +@connection +@transaction +@write\r\n")) << list;
  EXPECT_TRUE(list.contains(" ~app:* resetchannels -@all +@connection +@transaction +@read +@write\r\n"))
      << list;
  EXPECT_TRUE(list.contains(" %R~a\\** %R~b* resetchannels")) << list;
  const std::string app = root->ask("ACL GETUSER app");
  EXPECT_TRUE(app.starts_with("*12\r\n$5\r\nflags\r\n*1\r\n$2\r\non\r\n$9\r\npasswords\r\n*1\r\n$64\r\n"))
      << app;
  EXPECT_TRUE(
      app.ends_with("$4\r\nkeys\r\n$6\r\n~app:*\r\n$8\r\nchannels\r\n$0\r\n\r\n$9\r\nselectors\r\n*0\r\n"))
      << app;
  EXPECT_EQ(root->ask("ACL GETUSER nobody"), "$-1\r\n");
  EXPECT_TRUE(root->ask("CLIENT KILL USER nobody").starts_with("-ERR No such user 'nobody'"));
  const auto reader = people.connect("reader");
  EXPECT_EQ(root->ask("CLIENT KILL USER reader"), ":1\r\n");
  EXPECT_EQ(root->ask("CLIENT KILL USER default"), ":0\r\n");
}

// ---- Where a login takes its time

struct HandClock final : Clock {
  Now now() const override { return {.wall = wall, .steady = {}}; }
  TimePoint wall{Duration{1'700'000'000'000}};
};

TEST(RespUsers, WaitWhileTheirPasswordIsTried) {
  PeopledWorld people;
  const HandClock clock;
  RespConnection connection(people.world, 1);
  const auto remote = std::make_shared<Noted>();
  connection.session.attach(remote);
  Output output;
  const std::string input = "AUTH reader reader\r\nACL WHOAMI\r\n";
  const Progress progress = connection.session.advance(input, clock.wall, output);
  EXPECT_EQ(progress.wait, Wait::wake);
  EXPECT_EQ(progress.consumed, std::string("AUTH reader reader\r\n").size());
  EXPECT_EQ(connection.session.advance(Bytes(input).substr(progress.consumed), clock.wall, output).wait,
            Wait::wake);
  EXPECT_TRUE(people.world.service.logins.run_due(clock));
  EXPECT_EQ(remote->wake_count, 1);
  connection.session.advance(Bytes(input).substr(progress.consumed), clock.wall, output);
  EXPECT_EQ(output.text(), ok + "$6\r\nreader\r\n");
  // Once known it need not wait, inside a transaction either.
  RespConnection next(people.world, 2);
  next.session.attach(remote);
  EXPECT_EQ(next.ask("HELLO 2 AUTH reader reader SETNAME me").substr(0, 3), "*14");
  for (const char* const command : {"MULTI", "AUTH reader reader", "AUTH app app"}) next.ask(command);
  EXPECT_EQ(next.ask("EXEC"),
            "*2\r\n" + ok + "-ERR this login takes its time, and nothing waits inside a transaction\r\n");
}

TEST(RespUsers, GoOnWithHelloAfterTheWait) {
  PeopledWorld people;
  const HandClock clock;
  RespConnection connection(people.world, 1);
  connection.session.attach(std::make_shared<Noted>());
  EXPECT_EQ(connection.ask("HELLO 3 AUTH app wrong SETNAME a"), "");
  people.world.service.logins.run_due(clock);
  EXPECT_EQ(connection.ask("HELLO 3 AUTH app app SETNAME b AUTH reader reader SETNAME c"), wrong);
  people.world.service.logins.run_due(clock);
  EXPECT_EQ(connection.ask(""), "");
  people.world.service.logins.run_due(clock);
  EXPECT_TRUE(connection.ask("").starts_with("%7\r\n"));
  EXPECT_TRUE(connection.ask("CLIENT INFO").contains(" name=c "));
  EXPECT_EQ(people.world.counters.logins_refused.value(), 1U);
}

TEST(RespUsers, AreHeldBackAfterFailuresWithThePasswordToo) {
  World world;
  world.service.accounts.password.set("secret");
  world.service.logins.set_up({}, Duration{5000});
  RespConnection connection(world, 1);
  connection.session.attach(std::make_shared<Noted>());
  EXPECT_EQ(connection.ask("AUTH wrong"), wrong);
  EXPECT_EQ(connection.ask("AUTH wrong"), wrong);
  Output output;
  EXPECT_EQ(connection.session.advance("AUTH secret\r\n", world.now, output).wait, Wait::pause);
  HandClock clock;
  const auto due_at = world.service.logins.run_due(clock);
  ASSERT_TRUE(due_at);
  EXPECT_EQ(*due_at, world.now + Duration{100});
  clock.wall = *due_at;
  EXPECT_TRUE(world.service.logins.run_due(clock));
  connection.session.advance("", world.now, output);
  EXPECT_EQ(output.text(), ok);
}

}  // namespace
}  // namespace larder::session
