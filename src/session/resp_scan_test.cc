// Commands that go through a database. Method: conversations with the replies that redis-server 7.0.15 gave;
// databases of thousands of keys that change between the steps, against the keys that were there all the
// time; turns counted, since a test has no clock.
#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "session/resp_test_support.h"

namespace larder::session {
namespace {

TEST(Scan, NamesWhatIsWrongInTheOrderOfRedis) {
  const std::string empty = "*2\r\n$1\r\n0\r\n*0\r\n";
  const std::string invalid = "-ERR invalid cursor\r\n";
  expect_turns({
      {"SCAN", "-ERR wrong number of arguments for 'scan' command\r\n"},
      {"SCAN 0", empty},
      {"SCAN a", invalid},
      {"SCAN -", invalid},
      {"SCAN -+1", invalid},
      {"SCAN \" 0\"", invalid},
      {"SCAN \"0 \"", invalid},
      {"SCAN 18446744073709551616", invalid},
      {"SCAN -18446744073709551616", invalid},
      {"SCAN a COUNT 0", invalid},
      {"SCAN 18446744073709551615", empty},
      {"SCAN 281474976710656", empty},
      {"SCAN -1", empty},
      {"SCAN +0", empty},
      {"SCAN 00", empty},
      {"SCAN \"\"", empty},
      {"SCAN \"0\\x00x\"", empty},
      {"SCAN 0 COUNT", syntax},
      {"SCAN 0 MATCH", syntax},
      {"SCAN 0 FOO bar", syntax},
      {"SCAN 0 COUNT 0", syntax},
      {"SCAN 0 COUNT -1 FOO", syntax},
      {"SCAN 0 COUNT a MATCH", not_an_integer},
      {"SCAN 0 COUNT 99999999999999999999", not_an_integer},
      {"SCAN 0 COUNT 9223372036854775807", empty},
      {"SCAN 0 count 1 match x type y", empty},
  });
}

TEST(Scan, ShowsWhatMatches) {
  const std::string empty = "*2\r\n$1\r\n0\r\n*0\r\n";
  const auto only = [](const std::string& key) {
    return "*2\r\n$1\r\n0\r\n*1\r\n$" + std::to_string(key.size()) + "\r\n" + key + "\r\n";
  };
  expect_turns({
      {"SET key:1 v", ok},
      {"SCAN 0", only("key:1")},
      {"SCAN 0 TYPE string", only("key:1")},
      {"SCAN 0 TYPE STRING", only("key:1")},
      {"SCAN 0 TYPE hash", empty},
      {"SCAN 0 TYPE nosuch", empty},
      {"SCAN 0 MATCH key:*", only("key:1")},
      {"SCAN 0 MATCH key:* MATCH x", empty},
      {"SCAN 0 MATCH key:[2-3]", empty},
      {"SCAN 0 MATCH *", only("key:1")},
      {"DEL key:1", ":1\r\n"},
      {"SET \"\" v", ok},
      {"SCAN 0", only("")},
      {"SCAN 0 MATCH *", only("")},
      {"SCAN 0 MATCH **", empty},
      {"SELECT 1", ok},
      {"SCAN 0", empty},
  });
}

TEST(Keys, AreListedByPattern) {
  expect_turns({
      {"KEYS *", "*0\r\n"},
      {"SET key:1 v", ok},
      {"SET other v", ok},
      {"KEYS key:?", "*1\r\n$5\r\nkey:1\r\n"},
      {"KEYS k[a-f]y*", "*1\r\n$5\r\nkey:1\r\n"},
      {"KEYS nosuch", "*0\r\n"},
      {"KEYS", "-ERR wrong number of arguments for 'keys' command\r\n"},
      {"DEL key:1", ":1\r\n"},
      {"KEYS *", "*1\r\n$5\r\nother\r\n"},
      {"SELECT 1", ok},
      {"KEYS *", "*0\r\n"},
  });
}

/// Keys as they come, each with how often it came.
std::map<std::string, int> counted(const protocol::Reply& keys) {
  std::map<std::string, int> counts;
  for (const protocol::Reply& key : keys.elements) ++counts[key.text];
  return counts;
}

void fill(World& world, const std::string& prefix, int count, cache::Database database = 0) {
  for (int i = 0; i < count; ++i) world.put(prefix + std::to_string(i), "v", database);
}

/// Calls the session as a transport does, once a turn, and lets `between` act for others. How many turns.
template <class Between>
int run_in_turns(RespConnection& connection, World& world, std::string input, std::string& replies,
                 Between between) {
  for (int turn = 1;; ++turn) {
    Output output;
    const Progress progress = connection.session.advance(input, world.now, output);
    input.erase(0, progress.consumed);
    replies.append(output.pending());
    if (progress.wait != Wait::output) return turn;
    between(turn);
  }
}

TEST(Keys, OfALargeDatabaseAreListedInManyTurnsWhileItChanges) {
  World world;
  fill(world, "stays:", 20'000);
  fill(world, "goes:", 5'000);
  RespConnection connection(world);
  std::string replies;
  std::size_t held_size_max = 0;
  const int turn_count = run_in_turns(connection, world, "KEYS *s:*\r\nPING\r\n", replies, [&](int turn) {
    held_size_max = std::max(held_size_max, connection.session.held_size());
    for (int i = 0; i < 30; ++i) {
      const std::string number = std::to_string(turn * 30 + i);
      world.cache->remove(0, "goes:" + number, cache::Condition::always(), world.now);
      world.put("comes:" + number, "v");
    }
  });
  EXPECT_GT(turn_count, 50);
  EXPECT_GT(held_size_max, std::size_t{20'000} * 10);
  EXPECT_EQ(connection.session.held_size(), 0U);
  ASSERT_TRUE(replies.ends_with("+PONG\r\n"));
  replies.resize(replies.size() - 7);
  const auto counts = counted(only_reply(replies));
  int stay_count = 0;
  for (const auto& [key, count] : counts) {
    EXPECT_EQ(count, 1) << key;
    stay_count += key.starts_with("stays:") ? 1 : 0;
  }
  EXPECT_EQ(stay_count, 20'000);
}

TEST(Keys, LetOtherConnectionsAndNoOtherCommandOfTheirsIn) {
  World world;
  fill(world, "k", 5'000);
  RespConnection connection(world, 1);
  RespConnection other(world, 2);
  std::string replies;
  run_in_turns(connection, world, "KEYS nosuch\r\nGET seen\r\n", replies, [&](int turn) {
    EXPECT_EQ(other.ask("SET seen " + std::to_string(turn)), ok);
    EXPECT_EQ(replies, "");
  });
  EXPECT_TRUE(replies.starts_with("*0\r\n$")) << replies;
  EXPECT_NE(replies, "*0\r\n" + null);
}

TEST(Keys, OfALongListLeaveInPiecesThatTheOutputHasRoomFor) {
  World world;
  const std::string padding(500, 'p');
  fill(world, padding, 10'000);
  RespConnection connection(world);
  std::string input = "KEYS *\r\n";
  Output output;
  std::string replies;
  int full_count = 0;
  while (true) {
    const Progress progress = connection.session.advance(input, world.now, output);
    input.erase(0, progress.consumed);
    EXPECT_LT(output.size(), Output::turn_size + (std::size_t{256} << 10));
    if (progress.wait != Wait::output) break;
    if (!output.full()) continue;
    ++full_count;
    EXPECT_EQ(connection.session.advance(input, world.now, output).wait, Wait::output) << "it waits";
    replies.append(output.pending());
    output.clear();
  }
  replies.append(output.pending());
  EXPECT_GE(full_count, 4);
  EXPECT_EQ(only_reply(replies).elements.size(), 10'000U);
}

TEST(Keys, EndTheConnectionIfTheirReplyOutgrowsAllBounds) {
  for (const std::string request : {"KEYS *\r\n", "MULTI\r\nKEYS *\r\nPING\r\nEXEC\r\n"}) {
    World world;
    world.limits.output_size_max = 100'000;
    fill(world, std::string(100, 'k'), 5'000);
    RespConnection connection(world);
    connection.peer.send(request + "PING\r\n");
    EXPECT_TRUE(connection.peer.played().closed);
    EXPECT_TRUE(connection.session.failed());
    EXPECT_LE(connection.peer.played().replies.size(), world.limits.output_size_max);
    EXPECT_FALSE(connection.peer.take_replies().contains("PONG"));
    EXPECT_LE(connection.session.held_size(), 2 * world.limits.output_size_max);
    EXPECT_EQ(world.counters.slow_readers_closed.value(), 1U);
  }
}

TEST(Keys, StopInTheMiddleOfAKeyIfThePatternIsHostile) {
  World world;
  world.put(std::string(16'000, 'a'), "v");
  RespConnection connection(world);
  std::string replies;
  for (const std::string command : {"KEYS ", "SCAN 0 MATCH "}) {
    const int turn_count = run_in_turns(connection, world, command + "*" + std::string(8'000, 'a') + "b\r\n",
                                        replies, [](int) {});
    EXPECT_GT(turn_count, 10) << command;
    EXPECT_LT(turn_count, 1'000) << command;
  }
  EXPECT_EQ(replies, "*0\r\n*2\r\n$1\r\n0\r\n*0\r\n");
}

TEST(Keys, TakeAPatternOfABoundedLength) {
  World world;
  world.put("k", "v");
  RespConnection connection(world);
  const std::string longest = "k" + std::string((1 << 20) - 1, '*');
  EXPECT_EQ(connection.ask_words({"KEYS", longest}), "*1\r\n$1\r\nk\r\n");
  const std::string error = "-ERR the pattern is longer than 1048576 bytes\r\n";
  EXPECT_EQ(connection.ask_words({"KEYS", longest + "*"}), error);
  EXPECT_EQ(connection.ask_words({"SCAN", "0", "MATCH", longest + "*"}), error);
  EXPECT_EQ(connection.ask_words({"KEYS", std::string(20'000, '?')}), "*0\r\n");
}

TEST(Scan, ShowsEveryKeyThatStaysWhileOthersComeAndGo) {
  for (const int count : {1, 10, 1'000}) {
    World world;
    fill(world, "stays:", 5'000);
    fill(world, "goes:", 5'000);
    RespConnection connection(world);
    std::set<std::string> seen;
    std::string cursor = "0";
    int call_count = 0;
    do {
      const std::string size = std::to_string(count);
      const auto reply = only_reply(connection.ask_words({"SCAN", cursor, "COUNT", size}));
      ASSERT_EQ(reply.elements.size(), 2U);
      cursor = reply.elements[0].text;
      EXPECT_LE(reply.elements[1].elements.size(), 300U) << "a large count is a hint";
      for (const protocol::Reply& key : reply.elements[1].elements) seen.insert(key.text);
      const std::string number = std::to_string(call_count);
      connection.ask("DEL goes:" + number);
      connection.ask("SET comes:" + number + " v");
      ++call_count;
    } while (cursor != "0");
    for (int i = 0; i < 5'000; ++i) ASSERT_TRUE(seen.contains("stays:" + std::to_string(i))) << i;
    EXPECT_GT(call_count, 30);
  }
}

TEST(Scan, ShowsNoKeyThatHasExpired) {
  World world;
  RespConnection connection(world);
  connection.ask("SET old v PX 10");
  connection.ask("SET new v PX 20");
  connection.peer.set_now(world.now + Duration{10});
  EXPECT_EQ(connection.ask("SCAN 0"), "*2\r\n$1\r\n0\r\n*1\r\n$3\r\nnew\r\n");
  EXPECT_EQ(connection.ask("KEYS *"), "*1\r\n$3\r\nnew\r\n");
}

TEST(Scan, AnswersAtOnceInATransaction) {
  World world;
  fill(world, "k", 5'000);
  RespConnection connection(world);
  connection.ask("MULTI");
  for (const std::string command : {"DEL k0", "KEYS *", "SCAN 0 COUNT 5", "RANDOMKEY", "KEYS nosuch"}) {
    EXPECT_EQ(connection.ask(command), "+QUEUED\r\n");
  }
  std::string replies;
  EXPECT_EQ(run_in_turns(connection, world, "EXEC\r\n", replies, [](int) {}), 1);
  const auto reply = only_reply(replies);
  ASSERT_EQ(reply.elements.size(), 5U);
  EXPECT_EQ(reply.elements[1].elements.size(), 4'999U);
  EXPECT_EQ(reply.elements[2].elements.size(), 2U);
  EXPECT_EQ(reply.elements[3].text.front(), 'k');
  EXPECT_EQ(reply.elements[4].elements.size(), 0U);
}

TEST(RandomKey, IsAnyOfTheKeysThatAreThere) {
  World world;
  RespConnection connection(world);
  EXPECT_EQ(connection.ask("RANDOMKEY"), null);
  connection.ask("SET old v PX 10");
  for (int i = 0; i < 10; ++i) connection.ask("SET k" + std::to_string(i) + " v");
  world.put("elsewhere", "v", 1);
  connection.peer.set_now(world.now + Duration{10});
  std::map<std::string, int> counts;
  for (int i = 0; i < 2'000; ++i) ++counts[only_reply(connection.ask("RANDOMKEY")).text];
  EXPECT_EQ(counts.size(), 10U);
  for (const auto& [key, count] : counts) {
    EXPECT_TRUE(key.starts_with('k')) << key;
    EXPECT_NEAR(count, 200, 80) << key;
  }
  connection.ask("FLUSHALL");
  connection.ask("SET old v PX 10");
  connection.peer.set_now(world.now + Duration{20});
  EXPECT_EQ(connection.ask("DBSIZE"), ":1\r\n") << "not swept yet";
  EXPECT_EQ(connection.ask("RANDOMKEY"), null);
}

TEST(RandomKey, OfManyIsDrawnAboutEvenly) {
  World world;
  fill(world, "k", 1'000);
  RespConnection connection(world);
  std::map<std::string, int> counts;
  for (int i = 0; i < 20'000; ++i) ++counts[only_reply(connection.ask("RANDOMKEY")).text];
  EXPECT_GT(counts.size(), 990U);
  for (const auto& [key, count] : counts) EXPECT_LT(count, 100) << key;
}

// With few keys it looks at all of them, with more it starts anywhere.
TEST(RandomKey, IsFoundInManyTurnsAmongTheKeysOfAnotherDatabase) {
  for (const int count : {1, 20}) {
    World world;
    fill(world, "k", 50'000);
    fill(world, "lonely:", count, 1);
    RespConnection connection(world);
    std::string replies;
    int turn_count_max = 0;
    std::set<std::string> drawn;
    for (int i = 0; i < 200; ++i) {
      const int turn_count =
          run_in_turns(connection, world, "SELECT 1\r\nRANDOMKEY\r\n", replies, [](int) {});
      turn_count_max = std::max(turn_count_max, turn_count);
      ASSERT_TRUE(replies.starts_with("+OK\r\n")) << replies;
      drawn.insert(only_reply(Bytes(replies).substr(5)).text);
      replies.clear();
    }
    EXPECT_GT(turn_count_max, 2);
    EXPECT_GT(drawn.size(), static_cast<std::size_t>(count) / 2);
    for (const std::string& key : drawn) EXPECT_TRUE(key.starts_with("lonely:")) << key;
  }
}

TEST(RandomKey, IsNoneIfTheLastOnesGoWhileItLooks) {
  World world;
  RespConnection connection(world);
  fill(world, "k", 50'000);
  for (int i = 0; i < 40; ++i) {
    fill(world, "gone:", 17, 1);
    std::string replies;
    run_in_turns(connection, world, "SELECT 1\r\nRANDOMKEY\r\n", replies,
                 [&](int /*turn*/) { world.cache->clear(1); });
    const auto reply = only_reply(Bytes(replies).substr(5));
    EXPECT_TRUE(reply.kind == protocol::Reply::Kind::null || reply.text.starts_with("gone:")) << replies;
  }
}

}  // namespace
}  // namespace larder::session
