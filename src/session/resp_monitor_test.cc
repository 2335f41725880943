// MONITOR and SLOWLOG: what others did, and what took long. Method: connections to one world, of which one
// watches; time is what the test says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "session/resp_test_support.h"

namespace larder::session {
namespace {

using Connection = RespConnection;
using testing::HasSubstr;

TEST(RespMonitor, ShowsTheCommandsOfAllConnections) {
  World world;
  Connection monitor(world, 1);
  Connection client(world, 2);
  monitor.session.attach(std::make_shared<Noted>());
  EXPECT_EQ(monitor.ask("MONITOR"), ok);
  client.ask("SELECT 2");
  client.peer.send("SET \"a \\x00\\n\" v\r\n");
  client.ask("AUTH secret");
  client.ask("CONFIG GET save");
  monitor.peer.send("");
  EXPECT_EQ(monitor.peer.take_replies(),
            "+1700000000.000000 [2 127.0.0.1:50002] \"SELECT\" \"2\"\r\n"
            "+1700000000.000000 [2 127.0.0.1:50002] \"SET\" \"a \\x00\\n\" \"v\"\r\n"
            "+1700000000.000000 [2 127.0.0.1:50002] \"AUTH\" \"(redacted)\"\r\n");
  EXPECT_EQ(monitor.ask("RESET"), "+RESET\r\n");
  client.ask("PING");
  monitor.peer.send("");
  EXPECT_EQ(monitor.peer.take_replies(), "");
}

// What is kept for EXEC is shown when it is done, EXEC behind it, and what is refused not at all.
TEST(RespMonitor, ShowsCommandsAsTheyAreDone) {
  World world;
  Connection monitor(world, 1);
  Connection client(world, 2);
  monitor.session.attach(std::make_shared<Noted>());
  monitor.ask("MONITOR");
  const auto seen = [&] {
    monitor.peer.send("");
    std::string shown;  // of each line the database and the words
    const std::string replies = monitor.peer.take_replies();
    for (Bytes rest = replies; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1)) {
      shown += rest.substr(rest.find('['), 2);
      shown += rest.substr(rest.find(']'), rest.find('\n') + 1 - rest.find(']'));
    }
    return shown;
  };
  for (const std::string command : {"MULTI", "SELECT 5", "GET y"}) client.ask(command);
  EXPECT_EQ(seen(), "[0] \"MULTI\"\r\n");
  client.ask("EXEC");
  EXPECT_EQ(seen(), "[5] \"SELECT\" \"5\"\r\n[5] \"GET\" \"y\"\r\n[5] \"EXEC\"\r\n");
  for (const std::string command : {"SELECT 99", "NOSUCH", "GET", "EXEC now", "RESET"}) client.ask(command);
  EXPECT_EQ(seen(), "[5] \"SELECT\" \"99\"\r\n[5] \"EXEC\" \"now\"\r\n[0] \"RESET\"\r\n");
}

TEST(RespMonitor, MayAskWhatConcernsNoKey) {
  World world;
  world.put("k", "v");
  Connection monitor(world, 1);
  Connection admin(world, 2);
  monitor.session.attach(std::make_shared<Noted>());
  const std::string refused = "-ERR Replica can't interact with the keyspace\r\n";
  const std::string line = "+1700000000.000000 [0 127.0.0.1:50001] ";
  EXPECT_EQ(monitor.ask("MONITOR"), ok);
  EXPECT_EQ(monitor.ask("MONITOR"), "") << "as in Redis";
  EXPECT_EQ(monitor.ask("PING"), "+PONG\r\n" + line + "\"PING\"\r\n");
  for (const std::string command : {"GET k", "SET k w", "KEYS *", "DBSIZE", "FLUSHALL"}) {
    EXPECT_EQ(monitor.ask(command), refused) << command;
  }
  EXPECT_EQ(monitor.ask("MULTI\r\nGET k\r\nEXEC"),
            ok + line + "\"MULTI\"\r\n" + refused +
                "-EXECABORT Transaction discarded because of previous errors.\r\n" + line + "\"EXEC\"\r\n");
  admin.ask("CLIENT PAUSE 1000");
  EXPECT_EQ(monitor.ask("GET k"), refused) << "it waits for no end of a pause";
  monitor.ask("CLIENT REPLY OFF");
  EXPECT_EQ(monitor.ask("PING"), "");
  admin.ask("CLIENT UNPAUSE");
  admin.ask("PING");
  EXPECT_EQ(monitor.ask("CLIENT REPLY ON"), ok + line + "\"CLIENT\" \"REPLY\" \"ON\"\r\n");
  EXPECT_EQ(monitor.ask("RESET"), "+RESET\r\n");
  EXPECT_EQ(monitor.ask("GET k"), "$1\r\nv\r\n");
  monitor.ask("MONITOR");
  EXPECT_EQ(monitor.ask("QUIT"), ok);
}

// A RESP session inside a WebSocket has no way to be called when there is news.
TEST(RespMonitor, IsRefusedWhereNoNewsWouldArrive) {
  World world;
  Connection connection(world);
  EXPECT_EQ(connection.ask("MONITOR"),
            "-ERR MONITOR needs a connection to the RESP port: this one is sent replies only\r\n");
  EXPECT_FALSE(world.service.clients.anybody_monitors());
  connection.session.attach(std::make_shared<Noted>());
  connection.ask("MULTI");
  connection.ask("MONITOR");
  EXPECT_EQ(connection.ask("EXEC"), "*1\r\n-ERR MONITOR isn't allowed for DENY BLOCKING client\r\n");
  EXPECT_FALSE(world.service.clients.anybody_monitors());
}

std::int64_t ticking_us() {
  static std::int64_t now = 0;
  return now += 20'000;
}

TEST(RespMonitor, KeepsWhatTookLong) {
  World world;
  world.service.stopwatch_us = ticking_us;
  Connection connection(world);
  connection.ask("CLIENT SETNAME me");
  connection.ask("SET k v");
  EXPECT_EQ(connection.ask("SLOWLOG LEN"), ":0\r\n") << "not one that can take long";
  connection.ask("DBSIZE");
  EXPECT_EQ(connection.ask("SLOWLOG GET"),
            "*1\r\n*6\r\n:0\r\n:1700000000\r\n:20000\r\n*1\r\n$6\r\nDBSIZE\r\n$15\r\n127.0.0.1:50007\r\n$"
            "2\r\nme\r\n");
  std::string command = "MGET";
  for (int i = 0; i < 40; ++i) command += " key";
  connection.ask(command);
  EXPECT_THAT(connection.ask("SLOWLOG GET 1"), HasSubstr("$23\r\n... (10 more arguments)\r\n"));
  EXPECT_EQ(connection.ask("SLOWLOG LEN"), ":2\r\n");
  EXPECT_EQ(connection.ask("CONFIG SET slowlog-max-len 1"), ok);
  connection.ask("DBSIZE");
  EXPECT_EQ(connection.ask("SLOWLOG LEN"), ":1\r\n");
  EXPECT_EQ(connection.ask("SLOWLOG RESET"), ok);
  EXPECT_EQ(connection.ask("SLOWLOG GET -1"), "*0\r\n");
  EXPECT_EQ(connection.ask("CONFIG SET slowlog-log-slower-than -1"), ok);
  connection.ask("DBSIZE");
  EXPECT_EQ(connection.ask("SLOWLOG LEN"), ":0\r\n");
  EXPECT_EQ(connection.ask("SLOWLOG GET x"), "-ERR count should be greater than or equal to -1\r\n");
}

// The entries that SLOWLOG has of `name`, oldest first: the time of each.
std::vector<std::int64_t> slow_times(const World& world, Bytes name) {
  std::vector<std::int64_t> times;
  for (const SlowCommand& command : world.service.slow_log.newest(1000)) {
    if (command.arguments.front() == name) times.insert(times.begin(), command.duration_us);
  }
  return times;
}

// KEYS takes many turns, between which others have theirs. Method: each look at the clock is 20 ms later than
// the last, so each turn takes 20 ms, and what lies between them does not count.
TEST(RespMonitor, AddsUpTheTurnsOfWhatTakesMany) {
  World world;
  for (int i = 0; i < 20'000; ++i) world.put("key" + std::to_string(i), "v");
  world.service.stopwatch_us = ticking_us;
  Connection connection(world);
  Output output;
  std::int64_t turn_count = 0;
  const std::string command = "KEYS nosuch*\r\n";
  Bytes input = command;
  for (Wait wait = Wait::output; wait == Wait::output; ++turn_count) {
    const Progress progress = connection.session.advance(input, world.now, output);
    input.remove_prefix(progress.consumed);
    wait = progress.wait;
    ticking_us();
  }
  EXPECT_EQ(output.pending(), "*0\r\n");
  ASSERT_GT(turn_count, 2);
  EXPECT_EQ(slow_times(world, "KEYS"), std::vector<std::int64_t>{turn_count * 20'000});
  EXPECT_THAT(connection.ask("SLOWLOG GET 1"), HasSubstr("*2\r\n$4\r\nKEYS\r\n$7\r\nnosuch*\r\n"));
}

// As in Redis each command of a transaction is noted, and EXEC is not.
TEST(RespMonitor, KeepsWhatTookLongInsideATransaction) {
  World world;
  world.service.stopwatch_us = ticking_us;
  Connection connection(world);
  for (const std::string command : {"MULTI", "DBSIZE", "SET k v", "KEYS k", "EXEC"}) connection.ask(command);
  EXPECT_EQ(slow_times(world, "DBSIZE"), std::vector<std::int64_t>{20'000});
  EXPECT_EQ(slow_times(world, "KEYS"), std::vector<std::int64_t>{20'000});
  EXPECT_EQ(world.service.slow_log.size(), 2U);
}

// Any length is taken, as in Redis; what is kept is bounded in bytes.
TEST(RespMonitor, KeepsOfTheSlowLogWhatFits) {
  World world;
  Connection connection(world);
  EXPECT_EQ(connection.ask("CONFIG SET slowlog-max-len 9223372036854775807"), ok);
  const SlowCommand large{.at = world.now,
                          .duration_us = 1,
                          .arguments = {std::string(std::size_t{1} << 20, 'a')},
                          .address = "",
                          .client_name = ""};
  for (int i = 0; i < 100; ++i) world.service.slow_log.add(large);
  EXPECT_LE(world.service.slow_log.size() << 20, SlowLog::held_size_max);
  EXPECT_GE(world.service.slow_log.size(), 60U);
  EXPECT_EQ(world.service.slow_log.newest(1).front().id, 99U);
  world.service.slow_log.reset();
  for (int i = 0; i < 10; ++i) world.service.slow_log.add(large);
  EXPECT_EQ(world.service.slow_log.size(), 10U);
}

TEST(RespMonitor, EndsAnAnswerOfTheSlowLogThatOutgrowsTheOutput) {
  World world;
  world.limits.output_size_max = std::size_t{64} << 10;
  for (int i = 0; i < 100; ++i) {
    world.service.slow_log.add({.at = world.now,
                                .duration_us = 1,
                                .arguments = std::vector<std::string>(32, std::string(128, 'a')),
                                .address = "",
                                .client_name = ""});
  }
  Connection connection(world);
  EXPECT_LT(connection.ask("SLOWLOG GET -1").size(), std::size_t{80} << 10);
  EXPECT_TRUE(connection.peer.played().closed);
}

}  // namespace
}  // namespace larder::session
