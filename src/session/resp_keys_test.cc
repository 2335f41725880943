// Keys and where they stand. Method: conversations with the replies that redis-server 7.0.15 gave; a value
// that is moved between two places by one thread while another looks for it.
#include <atomic>
#include <gtest/gtest.h>
#include <string>
#include <thread>

#include "session/resp_test_support.h"

namespace larder::session {
namespace {

const std::string no_such_key = "-ERR no such key\r\n";
const std::string same_object = "-ERR source and destination objects are the same\r\n";
const std::string no_such_database = "-ERR DB index is out of range\r\n";
const std::string no_int = "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n";

TEST(Keys, AreCountedAsOftenAsTheyAreNamed) {
  expect_turns({
      {"MSET a 1 b 2 c 3", ok},
      {"EXISTS a a b none", ":3\r\n"},
      {"TOUCH a a b none", ":3\r\n"},
      {"DEL a a none", ":1\r\n"},
      {"UNLINK b c b", ":2\r\n"},
      {"EXISTS a b c", ":0\r\n"},
      {"TOUCH a", ":0\r\n"},
      {"UNLINK", "-ERR wrong number of arguments for 'unlink' command\r\n"},
      {"TYPE k", "+none\r\n"},
      {"SET k v", ok},
      {"TYPE k", "+string\r\n"},
  });
}

TEST(Keys, TouchedCountAsHitsAndMissesAndAreUsed) {
  World world;
  RespConnection connection(world);
  connection.ask("SET k v");
  connection.ask("TOUCH k k none");
  connection.ask("EXISTS k none");
  EXPECT_EQ(world.cache->stats().hits, 2U);
  EXPECT_EQ(world.cache->stats().misses, 1U);
}

TEST(Keys, AreRenamedWithTheirDeadline) {
  expect_turns({
      {"RENAME none other", no_such_key},
      {"RENAME none none", no_such_key},
      {"RENAMENX none none", no_such_key},
      {"SET a 1 PX 5000", ok},
      {"RENAME a b", ok},
      {"GET a", null},
      {"GET b", "$1\r\n1\r\n"},
      {"PTTL b", ":5000\r\n"},
      {"SET c 3 PX 7000", ok},
      {"SET b 2", ok},
      {"RENAME b c", ok},
      {"GET c", "$1\r\n2\r\n"},
      {"PTTL c", ":-1\r\n"},
      {"RENAME c c", ok},
      {"RENAMENX c c", ":0\r\n"},
      {"GET c", "$1\r\n2\r\n"},
      {"SET d 4", ok},
      {"RENAMENX c d", ":0\r\n"},
      {"MGET c d", "*2\r\n$1\r\n2\r\n$1\r\n4\r\n"},
      {"RENAMENX c e", ":1\r\n"},
      {"MGET c e", "*2\r\n$-1\r\n$1\r\n2\r\n"},
      {"RENAME a", "-ERR wrong number of arguments for 'rename' command\r\n"},
  });
}

TEST(Keys, AreCopiedWithTheirDeadline) {
  expect_turns({
      {"COPY none a", ":0\r\n"},
      {"COPY none none", same_object},
      {"SET a 1 PX 5000", ok},
      {"COPY a b", ":1\r\n"},
      {"MGET a b", "*2\r\n$1\r\n1\r\n$1\r\n1\r\n"},
      {"PTTL b", ":5000\r\n"},
      {"SET a 2", ok},
      {"COPY a b", ":0\r\n"},
      {"COPY a b replace", ":1\r\n"},
      {"GET b", "$1\r\n2\r\n"},
      {"PTTL b", ":-1\r\n"},
      {"COPY a a", same_object},
      {"COPY a a REPLACE DB 0", same_object},
      {"COPY a a DB 1", ":1\r\n"},
      {"COPY a a DB 1", ":0\r\n"},
      {"COPY a c DB 2 db 3 REPLACE", ":1\r\n"},
      {"SELECT 1", ok},
      {"GET a", "$1\r\n2\r\n"},
      {"SELECT 2", ok},
      {"GET c", null},
      {"SELECT 3", ok},
      {"GET c", "$1\r\n2\r\n"},
      {"COPY a b DB", syntax},
      {"COPY a b FOO", syntax},
      {"COPY a b DB a", not_an_integer},
      {"COPY a b DB 16 FOO", no_such_database},
      {"COPY a b DB -1", no_such_database},
      {"COPY a b DB 2147483648", no_int},
  });
}

TEST(Keys, AreMovedBetweenDatabases) {
  expect_turns({
      {"MOVE none 0", same_object},
      {"MOVE none 1", ":0\r\n"},
      {"SET k 1 PX 5000", ok},
      {"MOVE k 0", same_object},
      {"MOVE k a", not_an_integer},
      {"MOVE k 16", no_such_database},
      {"MOVE k -1", no_such_database},
      {"MOVE k -2147483649", no_int},
      {"MOVE k 1", ":1\r\n"},
      {"GET k", null},
      {"SET k 2", ok},
      {"MOVE k 1", ":0\r\n"},
      {"GET k", "$1\r\n2\r\n"},
      {"SELECT 1", ok},
      {"GET k", "$1\r\n1\r\n"},
      {"PTTL k", ":5000\r\n"},
  });
}

TEST(Keys, ThatHaveExpiredAreInNobodysWay) {
  World world;
  RespConnection connection(world);
  for (const std::string command : {"RENAMENX k old", "COPY k old", "MOVE old 1"}) {
    connection.peer.set_now(world.now);
    connection.ask("SET k v");
    connection.ask("SET old v PX 10");
    connection.peer.set_now(world.now + Duration{10});
    EXPECT_EQ(connection.ask(command), command.starts_with("MOVE") ? ":0\r\n" : ":1\r\n") << command;
    connection.ask("FLUSHALL");
  }
  connection.peer.set_now(world.now);
  connection.ask("SET old v PX 10");
  connection.peer.set_now(world.now + Duration{10});
  EXPECT_EQ(connection.ask("RENAME old k"), no_such_key);
  EXPECT_EQ(connection.ask("TYPE old"), "+none\r\n");
}

TEST(Databases, AreSwappedAndCountedAndFlushed) {
  expect_turns({
      {"MSET a 1 b 2", ok},
      {"SWAPDB 0 3", ok},
      {"DBSIZE", ":0\r\n"},
      {"SELECT 3", ok},
      {"DBSIZE", ":2\r\n"},
      {"SWAPDB 3 3", ok},
      {"GET a", "$1\r\n1\r\n"},
      {"SWAPDB a 1", "-ERR invalid first DB index\r\n"},
      {"SWAPDB 1 a", "-ERR invalid second DB index\r\n"},
      {"SWAPDB a b", "-ERR invalid first DB index\r\n"},
      {"SWAPDB 2147483648 1", "-ERR invalid first DB index\r\n"},
      {"SWAPDB 16 0", no_such_database},
      {"SWAPDB 0 -1", no_such_database},
      {"SELECT 4", ok},
      {"SET k v", ok},
      {"FLUSHDB NOW", syntax},
      {"FLUSHDB SYNC ASYNC", syntax},
      {"FLUSHALL SYNC SYNC", syntax},
      {"DBSIZE", ":1\r\n"},
      {"FLUSHDB", ok},
      {"DBSIZE", ":0\r\n"},
      {"SELECT 3", ok},
      {"DBSIZE", ":2\r\n"},
      {"FLUSHDB async", ok},
      {"DBSIZE", ":0\r\n"},
      {"MSET a 1 b 2", ok},
      {"FLUSHDB SYNC", ok},
      {"SET a 1", ok},
      {"SELECT 0", ok},
      {"FLUSHALL", ok},
      {"SELECT 3", ok},
      {"EXISTS a", ":0\r\n"},
  });
}

TEST(Keys, DoTheSameInATransaction) {
  const std::string queued = "+QUEUED\r\n";
  expect_turns({
      {"MSET a 1 b 2", ok},
      {"MULTI", ok},
      {"RENAME a c", queued},
      {"COPY c d DB 1", queued},
      {"MOVE b 1", queued},
      {"EXISTS a b c", queued},
      {"RENAME a c", queued},
      {"TYPE c", queued},
      {"TOUCH c", queued},
      {"UNLINK c", queued},
      {"EXEC", "*8\r\n+OK\r\n:1\r\n:1\r\n:1\r\n" + no_such_key + "+string\r\n:1\r\n:1\r\n"},
      {"MULTI", ok},
      {"SET x 1", queued},
      {"SWAPDB 0 1", queued},
      {"GET d", queued},
      {"DBSIZE", queued},
      {"FLUSHDB", queued},
      {"GET d", queued},
      {"EXEC", "*6\r\n+OK\r\n+OK\r\n$1\r\n1\r\n:2\r\n+OK\r\n$-1\r\n"},
      {"SELECT 1", ok},
      {"GET x", "$1\r\n1\r\n"},
  });
}

// The target is gone, as after any store that is refused; the source was not asked to go.
TEST(Keys, KeepTheirValueIfItsNewPlaceIsRefused) {
  World world(std::size_t{1} << 20);
  RespConnection connection(world);
  const std::string error = "-ERR the item is larger than this cache ever holds\r\n";
  const std::string long_key(16'000, 'k');
  ASSERT_EQ(connection.ask_words({"SET", "a", std::string(1'035'000, 'v')}), ok);
  EXPECT_EQ(connection.ask("RENAME a " + long_key), error);
  EXPECT_EQ(connection.ask("COPY a " + long_key), error);
  EXPECT_EQ(connection.ask("EXISTS a"), ":1\r\n");
  EXPECT_EQ(connection.ask("EXISTS " + long_key), ":0\r\n");
}

TEST(Keys, AreNeverSeenInTwoPlacesOrNone) {
  World world;
  world.put("a", "v");
  std::atomic<bool> done{false};
  std::thread mover([&] {
    RespConnection connection(world, 1);
    for (int i = 0; i < 5'000; ++i) connection.ask(i % 2 == 0 ? "RENAME a b" : "RENAMENX b a");
    done = true;
  });
  RespConnection reader(world, 2);
  int odd_count = 0;
  while (!done) {
    reader.ask("MULTI");
    reader.ask("EXISTS a b");
    if (reader.ask("EXEC") != "*1\r\n:1\r\n") ++odd_count;
  }
  mover.join();
  EXPECT_EQ(odd_count, 0);
}

}  // namespace
}  // namespace larder::session
