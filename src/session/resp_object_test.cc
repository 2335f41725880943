// OBJECT and MEMORY. Method: conversations with the replies that redis-server 7.0.15 gave, or, where they are
// about the inside of a server, with what is true of this one.
#include <gtest/gtest.h>
#include <map>
#include <string>

#include "session/resp_test_support.h"

namespace larder::session {
namespace {

TEST(Object, TellsTheEncodingThatRedisWouldHaveChosen) {
  struct Example {
    std::string value;
    std::string encoding;
  };
  for (const Example& example :
       {Example{"v", "embstr"}, Example{"", "embstr"}, Example{"0", "int"}, Example{"-5", "int"},
        Example{"9223372036854775807", "int"}, Example{"-9223372036854775808", "int"},
        Example{"9223372036854775808", "embstr"}, Example{"007", "embstr"}, Example{"+1", "embstr"},
        Example{"1.5", "embstr"}, Example{std::string(44, '1'), "embstr"},
        Example{std::string(45, '1'), "raw"}}) {
    World world;
    world.put("k", example.value);
    RespConnection connection(world);
    const std::string size = std::to_string(example.encoding.size());
    EXPECT_EQ(connection.ask("OBJECT ENCODING k"), "$" + size + "\r\n" + example.encoding + "\r\n")
        << example.value;
  }
}

TEST(Object, AnswersOfKeysAndOfNone) {
  expect_turns({
      {"SET k v", ok},
      {"OBJECT REFCOUNT k", ":1\r\n"},
      {"OBJECT IDLETIME k", ":0\r\n"},
      {"object freq k",
       "-ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when "
       "switching between policies at runtime LRU and LFU data will take some time to adjust.\r\n"},
      {"OBJECT ENCODING none", null},
      {"OBJECT REFCOUNT none", null},
      {"OBJECT IDLETIME none", null},
      {"OBJECT FREQ none", null},
      {"OBJECT FREQ", "-ERR wrong number of arguments for 'object|freq' command\r\n"},
      {"OBJECT", "-ERR wrong number of arguments for 'object' command\r\n"},
      {"OBJECT FOO", "-ERR unknown subcommand 'FOO'. Try OBJECT HELP.\r\n"},
      {"OBJECT HELP k", "-ERR wrong number of arguments for 'object|help' command\r\n"},
  });
  World world;
  RespConnection connection(world);
  EXPECT_TRUE(connection.ask("OBJECT HELP").starts_with("*11\r\n+OBJECT <subcommand> "));
  EXPECT_TRUE(connection.ask("MEMORY HELP").starts_with("*13\r\n+MEMORY <subcommand> "));
  EXPECT_TRUE(connection.ask("HELLO 3").starts_with("%7\r\n"));
  EXPECT_EQ(connection.ask("OBJECT ENCODING none"), "_\r\n");
}

TEST(Object, IsNoUseOfTheKey) {
  World world;
  RespConnection connection(world);
  connection.ask("SET k v");
  connection.ask("OBJECT ENCODING k");
  connection.ask("MEMORY USAGE none");
  EXPECT_EQ(world.cache->stats().hits, 0U);
  EXPECT_EQ(world.cache->stats().misses, 0U);
}

TEST(Memory, CountsKeyAndValueAndALittle) {
  World world;
  world.put("small", "v");
  world.put("large", std::string(10'000, 'v'));
  RespConnection connection(world);
  const auto small = only_reply(connection.ask("MEMORY USAGE small"));
  const auto large = only_reply(connection.ask("MEMORY USAGE large SAMPLES 0 samples 5"));
  EXPECT_EQ(large.integer - small.integer, 9'999);
  EXPECT_GT(small.integer, 6);
  EXPECT_LT(small.integer, 100);
}

TEST(Memory, NamesWhatIsWrong) {
  expect_turns({
      {"SET k v", ok},
      {"MEMORY USAGE none", null},
      {"MEMORY USAGE none SAMPLES a", not_an_integer},
      {"MEMORY USAGE none SAMPLES -1", syntax},
      {"MEMORY USAGE k SAMPLES", syntax},
      {"MEMORY USAGE k FOO", syntax},
      {"MEMORY USAGE k SAMPLES 9223372036854775808", not_an_integer},
      {"MEMORY USAGE", "-ERR wrong number of arguments for 'memory|usage' command\r\n"},
      {"MEMORY FOO", "-ERR unknown subcommand 'FOO'. Try MEMORY HELP.\r\n"},
      {"MEMORY PURGE", ok},
      {"MEMORY MALLOC-STATS", "$45\r\nStats not supported for the current allocator\r\n"},
  });
}

// Names and values, as RESP2 has them.
std::map<std::string, std::string> memory_stats(RespConnection& connection) {
  const auto reply = only_reply(connection.ask("MEMORY STATS"));
  std::map<std::string, std::string> stats;
  for (std::size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
    const auto& value = reply.elements[i + 1];
    const bool is_integer = value.kind == protocol::Reply::Kind::integer;
    stats[reply.elements[i].text] = is_integer ? std::to_string(value.integer) : value.text;
  }
  EXPECT_EQ(stats.size() * 2, reply.elements.size());
  return stats;
}

TEST(Memory, TellsWhatTheCacheKnows) {
  World world;
  const std::uint64_t empty = world.facts.memory_used_at_start = world.cache->stats().memory_used;
  world.put("a", "v");
  world.put("b", "v", 3);
  world.counters.connection_buffer_size.add(70);
  const std::uint64_t used = world.cache->stats().memory_used;
  world.service.note_memory_used(used * 2);
  RespConnection connection(world);
  auto stats = memory_stats(connection);
  EXPECT_EQ(stats["peak.allocated"], std::to_string(used * 2));
  EXPECT_EQ(stats["total.allocated"], std::to_string(used));
  EXPECT_EQ(stats["startup.allocated"], std::to_string(empty));
  EXPECT_EQ(stats["clients.normal"], "70");
  EXPECT_EQ(stats["overhead.total"], std::to_string(empty));
  EXPECT_EQ(stats["keys.count"], "2");
  EXPECT_EQ(stats["keys.bytes-per-key"], std::to_string((used - empty) / 2));
  EXPECT_EQ(stats["dataset.bytes"], std::to_string(used - empty));
  EXPECT_EQ(stats["dataset.percentage"], "100");
  EXPECT_EQ(stats["peak.percentage"], "50");
  EXPECT_EQ(stats["larder.memory.limit"], std::to_string(std::int64_t{64} << 20));
  EXPECT_FALSE(stats.contains("fragmentation")) << "nobody has said what the process holds";
  EXPECT_TRUE(connection.ask("MEMORY DOCTOR").starts_with("$"));
}

TEST(Memory, TellsWhatTheProcessHolds) {
  World world;
  world.service.process_use = [] { return ProcessUse{.resident_size = 1000}; };
  RespConnection connection(world);
  const std::uint64_t used = world.cache->stats().memory_used;
  auto stats = memory_stats(connection);
  EXPECT_EQ(stats["fragmentation.bytes"], std::to_string(1000 - static_cast<std::int64_t>(used)));
  EXPECT_EQ(stats["dataset.percentage"], "100") << "all of it, as far as is known";
  EXPECT_EQ(stats["larder.memory.limit"], std::to_string(std::int64_t{64} << 20));
}

TEST(Memory, AnswersInATransaction) {
  World world;
  RespConnection connection(world);
  connection.ask("MULTI");
  for (const std::string command : {"SET k v", "OBJECT ENCODING k", "MEMORY USAGE k", "MEMORY STATS",
                                    "MEMORY PURGE", "OBJECT FREQ none"}) {
    EXPECT_EQ(connection.ask(command), "+QUEUED\r\n");
  }
  const auto reply = only_reply(connection.ask("EXEC"));
  ASSERT_EQ(reply.elements.size(), 6U);
  EXPECT_EQ(reply.elements[1].text, "embstr");
  EXPECT_EQ(reply.elements[3].elements[23].integer, 1) << "keys.count";
}

}  // namespace
}  // namespace larder::session
