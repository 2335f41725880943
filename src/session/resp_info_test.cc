// INFO, as redis-server 7.0.15 writes it. Method: what a world is told to have done is what INFO says of it;
// sections, names and orders are those of Redis, written down here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <vector>

#include "session/resp_test_support.h"

namespace larder::session {
namespace {

using Connection = RespConnection;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// The lines of INFO with `words`, behind the header of the bulk string, without empty ones.
std::vector<std::string> info_lines(Connection& connection, const std::string& words) {
  std::string text = connection.ask("INFO " + words);
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t size = text.find("\r\n");
    if (size > 0 && text.front() != '$') lines.push_back(text.substr(0, size));
    text.erase(0, size + 2);
  }
  return lines;
}

std::vector<std::string> sections(Connection& connection, const std::string& words) {
  std::vector<std::string> headers = info_lines(connection, words);
  std::erase_if(headers, [](const std::string& line) { return line.front() != '#'; });
  for (std::string& header : headers) header.erase(0, 2);
  return headers;
}

TEST(RespInfo, HasTheSectionsThatAreAskedFor) {
  World world;
  Connection connection(world);
  const auto by_default = ElementsAre("Server", "Clients", "Memory", "Persistence", "Stats", "Replication",
                                      "CPU", "Modules", "Errorstats", "Cluster", "Keyspace");
  EXPECT_THAT(sections(connection, ""), by_default);
  EXPECT_THAT(sections(connection, "default"), by_default);
  const auto all =
      ElementsAre("Server", "Clients", "Memory", "Persistence", "Stats", "Replication", "CPU", "Modules",
                  "Commandstats", "Errorstats", "Latencystats", "Cluster", "Keyspace");
  for (const std::string words : {"all", "EVERYTHING", "cpu everything nosuch"}) {
    EXPECT_THAT(sections(connection, words), all) << words;
  }
  EXPECT_THAT(sections(connection, "keyspace COMMANDSTATS server keyspace nosuch"),
              ElementsAre("Server", "Commandstats", "Keyspace"));
  EXPECT_EQ(connection.ask("INFO nosuch"), "$0\r\n\r\n");
}

// The fields that Redis has and this server has, in Redis' order.
TEST(RespInfo, HasTheFieldsInTheOrderOfRedis) {
  World world;
  world.service.process_use = [] {
    return ProcessUse{.resident_size = 3 << 20,
                      .cpu_system_us = 1'000'042,
                      .cpu_user_us = 2'500'000,
                      .thread_cpu_system_us = 7,
                      .thread_cpu_user_us = 8};
  };
  world.facts.machine_memory_size = std::uint64_t{4} << 30;
  Connection connection(world);
  const auto names = [&](const std::string& section) {
    std::string all;
    for (const std::string& line : info_lines(connection, section)) {
      if (line.front() != '#' && !line.starts_with("larder_")) all += line.substr(0, line.find(':')) + " ";
    }
    return all;
  };
  EXPECT_EQ(names("clients"),
            "connected_clients cluster_connections maxclients blocked_clients tracking_clients "
            "clients_in_timeout_table ");
  EXPECT_TRUE(names("memory").starts_with(
      "used_memory used_memory_human used_memory_rss used_memory_rss_human used_memory_peak "
      "used_memory_peak_human used_memory_peak_perc used_memory_overhead used_memory_startup "
      "used_memory_dataset used_memory_dataset_perc "
      "total_system_memory total_system_memory_human "))
      << names("memory");
  EXPECT_THAT(names("memory"),
              HasSubstr(" maxmemory maxmemory_human maxmemory_policy mem_fragmentation_ratio "
                        "mem_fragmentation_bytes mem_not_counted_for_evict "));
  EXPECT_TRUE(names("stats").starts_with(
      "total_connections_received total_commands_processed instantaneous_ops_per_sec total_net_input_bytes "
      "total_net_output_bytes "))
      << names("stats");
  EXPECT_THAT(
      connection.ask("INFO cpu"),
      HasSubstr("used_cpu_sys:1.000042\r\nused_cpu_user:2.500000\r\nused_cpu_sys_children:0.000000\r\n"
                "used_cpu_user_children:0.000000\r\nused_cpu_sys_main_thread:0.000007\r\n"
                "used_cpu_user_main_thread:0.000008\r\n"));
  const std::string memory = connection.ask("INFO memory");
  EXPECT_THAT(memory, HasSubstr("used_memory_rss:3145728\r\nused_memory_rss_human:3.00M\r\n"));
  EXPECT_THAT(memory, HasSubstr("total_system_memory_human:4.00G\r\n"));
  EXPECT_THAT(memory, Not(HasSubstr("mem_fragmentation_ratio:1.00\r\n")));
}

TEST(RespInfo, ShowsWhatIsSetNowAndWhatThereWasAtMost) {
  World world;
  Connection connection(world);
  connection.ask("CONFIG SET maxclients 17");
  EXPECT_THAT(connection.ask("INFO clients"), HasSubstr("maxclients:17\r\n"));
  world.service.note_memory_used(std::uint64_t{1} << 30);
  world.service.note_memory_used(5);
  const std::string memory = connection.ask("INFO memory");
  EXPECT_THAT(memory, HasSubstr("used_memory_peak:1073741824\r\nused_memory_peak_human:1.00G\r\n"));
  EXPECT_THAT(memory, Not(HasSubstr("used_memory_rss"))) << "nobody has said";
}

std::vector<std::string> command_stats(Connection& connection) {
  std::vector<std::string> lines = info_lines(connection, "commandstats");
  lines.erase(lines.begin());
  return lines;
}

// The turns and the figures of redis-server 7.0.15, but for the times.
TEST(RespInfo, CountsCallsFailuresAndRejectionsOfEachCommand) {
  World world;
  Connection connection(world);
  for (const std::string turn : {"set a b", "GET a", "get b", "incr a", "incr", "client", "client nosuch",
                                 "nosuch", "client id", "lpush l 1"}) {
    connection.ask(turn);
  }
  EXPECT_THAT(
      command_stats(connection),
      ElementsAre("cmdstat_client:calls=0,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=0",
                  "cmdstat_client|id:calls=1,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=0",
                  "cmdstat_get:calls=2,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=0",
                  "cmdstat_incr:calls=1,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=1",
                  "cmdstat_set:calls=1,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=0"));
  EXPECT_THAT(info_lines(connection, "errorstats"), ElementsAre("# Errorstats", "errorstat_ERR:count=6"));
  EXPECT_THAT(connection.ask("INFO stats"), HasSubstr("\r\ntotal_error_replies:6\r\n"));
}

TEST(RespInfo, CountsWhatIsInsideATransactionWhenItRuns) {
  World world;
  Connection connection(world);
  connection.ask("CONFIG RESETSTAT");
  for (const std::string turn : {"multi", "set a b", "incr a", "exec", "multi", "get", "exec"})
    connection.ask(turn);
  EXPECT_THAT(
      command_stats(connection),
      ElementsAre(
          "cmdstat_config|resetstat:calls=1,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=0",
          "cmdstat_exec:calls=2,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=1",
          "cmdstat_get:calls=0,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=0",
          "cmdstat_incr:calls=1,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=1",
          "cmdstat_multi:calls=2,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=0",
          "cmdstat_set:calls=1,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=0"));
  EXPECT_THAT(info_lines(connection, "errorstats"),
              ElementsAre("# Errorstats", "errorstat_ERR:count=2", "errorstat_EXECABORT:count=1"));
  connection.ask("CONFIG RESETSTAT");
  EXPECT_THAT(
      command_stats(connection),
      ElementsAre(
          "cmdstat_config|resetstat:calls=1,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=0"));
  EXPECT_THAT(info_lines(connection, "errorstats"), ElementsAre("# Errorstats"));
}

// A reply that nobody is sent is counted, and a value that begins like an error is none.
TEST(RespInfo, CountsErrorsByTheReplyAndNotByItsBytes) {
  World world;
  Connection connection(world);
  connection.ask("CLIENT REPLY OFF");
  connection.ask("INCR");
  connection.ask("CLIENT REPLY ON");
  connection.ask("SET k -ERR");
  connection.ask("GET k");
  connection.ask("KEYS *");
  EXPECT_THAT(info_lines(connection, "errorstats"), ElementsAre("# Errorstats", "errorstat_ERR:count=1"));
}

std::int64_t stopped_us = 0;

// Every look at the clock costs 1 us here. Of short commands every 64th is timed and stands for all 64.
TEST(RespInfo, TimesShortCommandsBySamples) {
  World world;
  stopped_us = 0;
  world.service.stopwatch_us = [] { return ++stopped_us; };
  Connection connection(world);
  for (int i = 0; i < 63; ++i) connection.ask("GET k");
  EXPECT_EQ(stopped_us, 0);
  connection.ask("GET k");
  EXPECT_EQ(stopped_us, 2);
  connection.ask("DBSIZE");
  EXPECT_THAT(command_stats(connection),
              ElementsAre("cmdstat_dbsize:calls=1,usec=1,usec_per_call=1.00,rejected_calls=0,failed_calls=0",
                          "cmdstat_get:calls=64,usec=64,usec_per_call=1.00,rejected_calls=0,failed_calls=0"));
}

TEST(RespInfo, CountsTheKeysWithADeadlineAndTellsTheirMeanTimeToLive) {
  World world;
  Connection connection(world);
  for (const std::string turn : {"SET a 1 EX 100", "SET b 1 EX 100", "SET c 1 EX 200", "SET d 1", "PERSIST a",
                                 "SELECT 5", "SET a 1 PX 9", "SELECT 6", "SET a 1"}) {
    connection.ask(turn);
  }
  EXPECT_THAT(info_lines(connection, "keyspace"),
              ElementsAre("# Keyspace", "db0:keys=4,expires=2,avg_ttl=150000",
                          "db5:keys=1,expires=1,avg_ttl=9", "db6:keys=1,expires=0,avg_ttl=0"));
}

// Among many it is an estimate: here all have a deadline, half of them in 100 s, the others in 200 s.
TEST(RespInfo, EstimatesTheMeanTimeToLiveOfMany) {
  World world;
  Connection connection(world);
  for (int i = 0; i < 2000; ++i) {
    connection.ask("SET key:" + std::to_string(i) + (i % 2 == 0 ? " 1 EX 100" : " 1 EX 200"));
  }
  const std::string line = info_lines(connection, "keyspace").back();
  const std::string before = "db0:keys=2000,expires=2000,avg_ttl=";
  ASSERT_TRUE(line.starts_with(before)) << line;
  const int mean_ms = std::stoi(line.substr(before.size()));
  EXPECT_GT(mean_ms, 100'000) << "one of the few dozen at least is of the others";
  EXPECT_LT(mean_ms, 200'000);
}

TEST(RespInfo, TellsWhatAnEmptyCacheTakesFromWhatItemsTake) {
  World world;
  world.facts.memory_used_at_start = world.cache->stats().memory_used;
  Connection connection(world);
  connection.ask("SET a " + std::string(20'000, 'x'));
  const std::uint64_t used = world.cache->stats().memory_used;
  EXPECT_THAT(connection.ask("INFO memory"),
              HasSubstr("used_memory_overhead:" + std::to_string(world.facts.memory_used_at_start) +
                        "\r\nused_memory_startup:" + std::to_string(world.facts.memory_used_at_start) +
                        "\r\nused_memory_dataset:" + std::to_string(used - world.facts.memory_used_at_start) +
                        "\r\nused_memory_dataset_perc:100.00%\r\n"));
}

TEST(RespInfo, CountsReadsWritesAndSweepsUntilTheyAreReset) {
  World world;
  Connection connection(world);
  world.counters.reads.add(3);
  world.counters.writes.add(2);
  world.counters.sweep_duration_us.add(5999);
  world.counters.sweeps_cut_short.add(4);
  const std::string before = connection.ask("INFO stats");
  EXPECT_THAT(before, HasSubstr("expired_time_cap_reached_count:4\r\nexpire_cycle_cpu_milliseconds:5\r\n"));
  EXPECT_THAT(before, HasSubstr("total_reads_processed:3\r\ntotal_writes_processed:2\r\n"));
  connection.ask("CONFIG RESETSTAT");
  const std::string after = connection.ask("INFO stats");
  EXPECT_THAT(after, HasSubstr("expired_time_cap_reached_count:0\r\nexpire_cycle_cpu_milliseconds:0\r\n"));
  EXPECT_THAT(after, HasSubstr("total_reads_processed:0\r\ntotal_writes_processed:0\r\n"));
}

// Two workers count apart, and are shown together.
TEST(RespInfo, AddsUpTheWorkers) {
  World world;
  std::vector<CommandStats> workers(2);
  std::vector<Environment> environments;
  environments.reserve(workers.size());
  for (CommandStats& stats : workers) {
    environments.push_back({.cache = *world.cache,
                            .counters = world.counters,
                            .all_counters = std::span(&world.counters, 1),
                            .command_stats = stats,
                            .all_command_stats = workers,
                            .limits = world.limits,
                            .facts = world.facts,
                            .allowed_origins = world.allowed_origins,
                            .service = world.service,
                            .random = world.random,
                            .foresight = world.foresight});
  }
  RespSession first(environments[0], 1);
  RespSession second(environments[1], 2);
  play(first, "GET k\r\nINCR\r\n");
  EXPECT_THAT(play(second, "GET k\r\nINFO commandstats errorstats\r\n").replies,
              testing::AllOf(HasSubstr("cmdstat_get:calls=2,"), HasSubstr("errorstat_ERR:count=1\r\n")));
}

}  // namespace
}  // namespace larder::session
