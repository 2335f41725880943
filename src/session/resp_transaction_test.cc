// A transaction happens as one or not at all. Method: conversations with the replies that Redis 7 gives; two
// connections on one cache, one of which changes what the other watches; threads that move a sum about.
#include "session/resp_transaction.h"

#include <atomic>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <vector>

#include "protocol/resp/command_encoder.h"
#include "session/resp_test_support.h"

namespace larder::session {
namespace {

using Connection = RespConnection;

const std::string queued = "+QUEUED\r\n";
const std::string aborted = "-EXECABORT Transaction discarded because of previous errors.\r\n";

TEST(Transaction, RunsItsCommandsInOrderAndAnswersOfAll) {
  expect_turns({{"MULTI", ok},
                {"SET k 1", queued},
                {"INCR k", queued},
                {"GET k", queued},
                {"SELECT 3", queued},
                {"GET k", queued},
                {"DBSIZE", queued},
                {"EXEC", "*6\r\n+OK\r\n:2\r\n$1\r\n2\r\n+OK\r\n$-1\r\n:0\r\n"},
                {"GET k", "$-1\r\n"},
                {"SELECT 0", ok},
                {"GET k", "$1\r\n2\r\n"},
                {"MULTI", ok},
                {"EXEC", "*0\r\n"}});
}

TEST(Transaction, GoesOnBehindACommandThatFails) {
  expect_turns({{"SET k text", ok},
                {"MULTI", ok},
                {"INCR k", queued},
                {"SET k 5", queued},
                {"INCR k", queued},
                {"EXEC", "*3\r\n-ERR value is not an integer or out of range\r\n+OK\r\n:6\r\n"}});
}

TEST(Transaction, IsRefusedWholeIfACommandIsWrong) {
  expect_turns({{"MULTI", ok},
                {"SET k 1", queued},
                {"nosuch", "-ERR unknown command 'nosuch', with args beginning with: \r\n"},
                {"EXEC", aborted},
                {"GET k", "$-1\r\n"},
                {"MULTI", ok},
                {"GET", "-ERR wrong number of arguments for 'get' command\r\n"},
                {"EXEC", aborted},
                {"MULTI", ok},
                {"LPUSH l v", "-ERR unknown command 'lpush': lists are not served yet\r\n"},
                {"EXEC", aborted},
                {"MULTI", ok},
                {"CLIENT NOSUCH", "-ERR unknown subcommand 'NOSUCH'. Try CLIENT HELP.\r\n"},
                {"DISCARD", ok},
                {"EXEC", "-ERR EXEC without MULTI\r\n"}});
}

TEST(Transaction, HasOneBeginningAndOneEnd) {
  expect_turns({{"EXEC", "-ERR EXEC without MULTI\r\n"},
                {"DISCARD", "-ERR DISCARD without MULTI\r\n"},
                {"MULTI", ok},
                {"MULTI", "-ERR MULTI calls can not be nested\r\n"},
                {"WATCH k", "-ERR WATCH inside MULTI is not allowed\r\n"},
                {"UNWATCH", queued},
                {"PING", queued},
                {"EXEC", "*2\r\n+OK\r\n+PONG\r\n"},
                {"MULTI", ok},
                {"SET k 1", queued},
                {"RESET", "+RESET\r\n"},
                {"EXEC", "-ERR EXEC without MULTI\r\n"},
                {"GET k", "$-1\r\n"}});
}

TEST(Transaction, AnswersInTheVersionOfEachMoment) {
  expect_turns({{"HELLO 3",
                 "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.4.0\r\n$5\r\nproto\r\n:3\r\n"
                 "$2\r\nid\r\n:7\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$"
                 "7\r\nmodules\r\n*0\r\n"},
                {"MULTI", ok},
                {"GET none", queued},
                {"EXEC", "*1\r\n_\r\n"},
                {"WATCH k", ok},
                {"SET k 1", ok},
                {"MULTI", ok},
                {"GET k", queued},
                {"EXEC", "_\r\n"}});
}

// What another connection does between WATCH and EXEC, and whether that stops the transaction.
struct Change {
  std::string before;
  std::string command;
  bool stops;
};

TEST(WatchedKeys, StopTheTransactionWheneverTheyAreNotWhatTheyWere) {
  const std::vector<Change> changes = {
      {"SET k 1", "SET k 2", true},
      {"SET k 1", "SET k 1", true},
      {"SET k 1", "DEL k", true},
      {"SET k 1", "INCR k", true},
      {"SET k 1", "EXPIRE k 100", true},
      {"SET k 1", "FLUSHALL", true},
      {"SET k 1", "GET k", false},
      {"SET k 1", "SET other 1", false},
      {"SET k 1", "DEL none", false},
      {"DEL k", "SET k 1", true},
      {"DEL k", "GET k", false},
      {"DEL k", "DEL k", false},
      {"DEL k", "FLUSHALL", false},
      {"SET k 1", "MSET k 2 j 3", true},
      {"SET k 1", "SET k 2 NX", false},
      {"DEL k", "SET k 1\r\nDEL k", true},
      {"DEL k", "SET k 1\r\nFLUSHALL", true},
      {"DEL k", "SETNX other 1", false},
      {"SET k 1 EX 50", "EXPIRE k 50", true},
      {"SET k 1", "PERSIST k", false},
      {"SET k 1", "GETEX k PERSIST", false},
      {"SET k 1", "SWAPDB 0 3", true},
      {"DEL k", "SWAPDB 0 3", false},
      {"SET k 1", "SWAPDB 0 3\r\nSWAPDB 0 3", true},
      {"SET k 1", "SWAPDB 2 3", false},
      {"DEL k", "SELECT 3\r\nSET k 1\r\nSWAPDB 2 3\r\nSELECT 0", false},
      {"DEL k", "SELECT 3\r\nSET k 1\r\nSWAPDB 0 3\r\nSWAPDB 0 3\r\nSELECT 0", true},
      {"DEL k", "SELECT 3\r\nSET k 1\r\nSWAPDB 0 3\r\nFLUSHALL\r\nSELECT 0", true},
      {"SET k 1", "SELECT 1\r\nSET k 2\r\nSELECT 0", false},
      {"SET k 1", "RENAME k j", true},
      {"SET k 1", "APPEND k x", true},
      {"SET k 1", "INCRBYFLOAT k x", false},
      {"SET k 1", "EXPIRE k -1", true},
      {"SET k 1 EX 100", "SET k 1", true},
  };
  for (const Change& change : changes) {
    World world;
    Connection watcher(world, 1);
    Connection other(world, 2);
    watcher.ask(change.before);
    EXPECT_EQ(watcher.ask("WATCH other2 k"), ok);
    other.ask(change.command);
    watcher.ask("MULTI");
    watcher.ask("SET done 1");
    EXPECT_EQ(watcher.ask("EXEC"), change.stops ? "*-1\r\n" : "*1\r\n+OK\r\n") << change.command;
    EXPECT_EQ(other.ask("EXISTS done"), change.stops ? ":0\r\n" : ":1\r\n") << change.command;
    // Once only.
    watcher.ask("MULTI");
    EXPECT_EQ(watcher.ask("EXEC"), "*0\r\n");
  }
}

TEST(WatchedKeys, AreForgottenByUnwatchDiscardAndExecAndReset) {
  for (const std::string forget : {"UNWATCH", "MULTI\r\nDISCARD", "MULTI\r\nEXEC", "RESET"}) {
    World world;
    Connection watcher(world);
    watcher.ask("WATCH k");
    watcher.ask(forget);
    watcher.ask("SET k 1");
    watcher.ask("MULTI");
    EXPECT_EQ(watcher.ask("EXEC"), "*0\r\n") << forget;
  }
}

TEST(WatchedKeys, AreWatchedInTheDatabaseThatWasSelected) {
  World world;
  Connection watcher(world, 1);
  Connection other(world, 2);
  watcher.ask("WATCH k");
  watcher.ask("SELECT 5");
  other.ask("SELECT 5");
  other.ask("SET k 1");
  watcher.ask("MULTI");
  EXPECT_EQ(watcher.ask("EXEC"), "*0\r\n");
  watcher.ask("WATCH k");
  watcher.ask("SELECT 0");
  other.ask("SET k 2");
  watcher.ask("MULTI");
  EXPECT_EQ(watcher.ask("EXEC"), "*-1\r\n");
}

TEST(WatchedKeys, AnExpiredKeyIsAnotherThanTheOneThatWasThere) {
  World world;
  Connection watcher(world);
  watcher.ask("SET k 1 PX 50");
  watcher.ask("WATCH k");
  watcher.peer.set_now(world.now + std::chrono::milliseconds{100});
  watcher.ask("MULTI");
  EXPECT_EQ(watcher.ask("EXEC"), "*-1\r\n");
  watcher.ask("WATCH k");
  watcher.peer.set_now(world.now + std::chrono::milliseconds{200});
  watcher.ask("MULTI");
  EXPECT_EQ(watcher.ask("EXEC"), "*0\r\n");
}

TEST(Transaction, KeepsNoMoreThanItsLimit) {
  World world;
  world.limits.value_size_max = 1 << 20;
  Connection connection(world);
  connection.ask("MULTI");
  std::string command;
  const std::string value(1 << 20, 'v');
  protocol::append_command(command, {"SET", "k", value});
  std::string reply = queued;
  for (int i = 0; i < 200 && reply == queued; ++i) {
    connection.peer.send(command);
    reply = connection.peer.take_replies();
    ASSERT_LE(connection.session.held_size(), std::size_t{140} << 20);
  }
  EXPECT_EQ(reply, "-ERR the transaction is larger than this server keeps for one connection\r\n");
  EXPECT_EQ(connection.ask("EXEC"), aborted);
  EXPECT_EQ(connection.session.held_size(), 0U);
}

TEST(WatchedKeys, AreNoMoreThanTheirLimit) {
  World world;
  world.limits.value_size_max = 1 << 20;
  Connection connection(world);
  std::string reply = ok;
  int count = 0;
  while (reply == ok && count < 200) {
    std::string command;
    std::vector<std::string> words{"WATCH"};
    for (int i = 0; i < 10'000; ++i) words.push_back("key" + std::to_string(count) + "x" + std::to_string(i));
    const std::vector<Bytes> views(words.begin(), words.end());
    protocol::append_command(command, views);
    connection.peer.send(command);
    reply = connection.peer.take_replies();
    ++count;
  }
  EXPECT_EQ(reply, "-ERR more keys are watched than this server keeps for one connection\r\n");
  EXPECT_GT(count, 10);
}

// Two keys of different shards, of which the sum is always the same.
// Every command with several keys is one step, too.
TEST(Transaction, IsSeenWholeOrNotAtAllByCommandsWithSeveralKeys) {
  World world(std::size_t{64} << 20, "segment", 16);
  std::atomic<bool> is_done{false};
  std::atomic<int> torn{0};
  std::thread writer([&] {
    Connection connection(world, 1);
    for (int i = 0; !is_done; ++i) {
      const std::string value = std::to_string(i % 10);
      connection.ask("MULTI");
      for (const Bytes key : {"a", "b", "c", "d"}) connection.ask_words({"SET", key, value});
      connection.ask("EXEC");
      connection.ask_words({"MSET", "e", value, "f", value, "g", value});
      connection.ask("DEL e f g");
    }
  });
  Connection reader(world, 9);
  for (int i = 0; i < 20'000; ++i) {
    const std::string several = reader.ask("MGET b c d");
    if (several.size() > 20 && several.find("$-1") == std::string::npos) {
      torn += several[8] == several[15] && several[15] == several[22] ? 0 : 1;
    }
    const std::string made = reader.ask("EXISTS e f g");
    torn += made == ":0\r\n" || made == ":3\r\n" ? 0 : 1;
    const std::string twice = reader.ask("TOUCH e e");
    torn += twice == ":0\r\n" || twice == ":2\r\n" ? 0 : 1;
  }
  is_done = true;
  writer.join();
  EXPECT_EQ(torn, 0);
}

TEST(Transaction, IsSeenWholeOrNotAtAllBesideCommandsThatReachAllKeys) {
  World world(std::size_t{64} << 20, "segment", 16);
  std::atomic<bool> is_done{false};
  std::thread writer([&] {
    Connection connection(world, 1);
    while (!is_done) {
      connection.ask("MULTI");
      for (const Bytes key : {"a", "b", "c", "d"}) connection.ask_words({"SET", key, "v"});
      connection.ask("EXEC");
    }
  });
  std::thread flusher([&] {
    Connection connection(world, 2);
    for (int i = 0; !is_done; ++i) connection.ask(i % 2 == 0 ? "FLUSHALL" : "FLUSHDB");
  });
  Connection reader(world, 9);
  int torn = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string made = reader.ask("EXISTS a b c d");
    torn += made == ":0\r\n" || made == ":4\r\n" ? 0 : 1;
    const std::string count = reader.ask("DBSIZE");
    torn += count == ":0\r\n" || count == ":4\r\n" ? 0 : 1;
  }
  is_done = true;
  writer.join();
  flusher.join();
  EXPECT_EQ(torn, 0);
}

TEST(Transaction, IsSeenWholeOrNotAtAllByOtherThreads) {
  World world;
  world.put("a", "1000");
  world.put("b", "1000");
  std::atomic<int> torn{0};
  std::vector<std::thread> threads;
  threads.reserve(3);
  constexpr int round_count = 3000;
  for (std::uint64_t t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      Connection connection(world, t);
      for (int i = 0; i < round_count; ++i) {
        connection.ask("MULTI");
        connection.ask("INCR a");
        connection.ask("INCR b");
        if (i % 7 == 0) connection.ask("DBSIZE");
        const std::string reply = connection.ask("EXEC");
        const std::size_t first = reply.find(':');
        const std::size_t end = reply.find('\r', first);
        if (reply.substr(first, end - first) != reply.substr(end + 2, end - first)) ++torn;
      }
    });
  }
  threads.emplace_back([&] {
    Connection reader(world, 9);
    for (int i = 0; i < round_count; ++i) {
      reader.ask("MULTI");
      reader.ask("GET a");
      reader.ask("GET b");
      const std::string reply = reader.ask("EXEC");
      if (reply.substr(4, 10) != reply.substr(14, 10)) ++torn;
    }
  });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(torn, 0);
}

}  // namespace
}  // namespace larder::session
