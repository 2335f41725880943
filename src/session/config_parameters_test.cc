// The settings as a table. Method: each row is shown, set to what it is, and to what it is not; errors are
// those of redis-server 7.0.15.
#include "session/config_parameters.h"

#include <gtest/gtest.h>
#include <string>

#include "session/session_test_support.h"

namespace larder::session {
namespace {

constexpr Bytes immutable = "can't set immutable config";

Refusal set(World& world, Bytes name, Bytes text) {
  const Parameter* parameter = find_config_parameter(name);
  EXPECT_NE(parameter, nullptr) << name;
  if (const Bytes reason = fixed_reason(*parameter); !reason.empty()) return std::string(reason);
  if (Refusal refusal = set_value(world.environment, *parameter, text, Pass::asks)) return refusal;
  return set_value(world.environment, *parameter, text, Pass::sets);
}

std::string value(World& world, Bytes name) {
  return value_of(world.environment, *find_config_parameter(name));
}

TEST(ConfigParameters, MayBeSetToWhatTheyAreUnlessTheyAreFixed) {
  World world;
  for (const Parameter& parameter : config_parameters()) {
    const std::string before = value_of(world.environment, parameter);
    const Refusal refusal = set(world, parameter.name, before);
    EXPECT_EQ(refusal.value_or(""), fixed_reason(parameter)) << parameter.name;
    EXPECT_EQ(value_of(world.environment, parameter), before) << parameter.name;
  }
}

TEST(ConfigParameters, RefuseWhatIsOfAnotherKindByItsKind) {
  World world;
  EXPECT_EQ(set(world, "appendonly", "maybe"), "argument must be 'yes' or 'no'");
  EXPECT_EQ(set(world, "appendonly", "yes"), immutable);
  EXPECT_EQ(set(world, "appendonly", "NO"), std::nullopt);
  EXPECT_EQ(set(world, "lfu-decay-time", "1s"), "argument couldn't be parsed into an integer");
  EXPECT_EQ(set(world, "lfu-decay-time", "2"), immutable);
  EXPECT_EQ(set(world, "proto-max-bulk-len", "1x"), "argument must be a memory value");
  EXPECT_EQ(set(world, "proto-max-bulk-len", "-1"), "argument must be a memory value");
  EXPECT_EQ(set(world, "proto-max-bulk-len", "99999999999999999999"), "argument must be a memory value");
  EXPECT_EQ(set(world, "proto-max-bulk-len", "99999999999gb"), "argument must be a memory value");
  EXPECT_EQ(set(world, "proto-max-bulk-len", "129mb"), immutable);
  EXPECT_EQ(set(world, "proto-max-bulk-len", "128MB"), std::nullopt);
  EXPECT_EQ(set(world, "proto-max-bulk-len", "0128mB"), std::nullopt);
  EXPECT_EQ(set(world, "loglevel", "loud"),
            "argument(s) must be one of the following: debug, verbose, notice, warning");
  EXPECT_EQ(set(world, "loglevel", "debug"), immutable);
  EXPECT_EQ(set(world, "save", "60 1"), immutable);
  EXPECT_EQ(set(world, "databases", "16"), immutable);
  EXPECT_EQ(set(world, "unixsocket", ""), immutable);
  EXPECT_EQ(set(world, "dir", "/"), "can't set protected config");
}

TEST(ConfigParameters, NameTheUnixSocketIfThereIsOne) {
  World world;
  world.facts.unix_mode = 0770;
  EXPECT_EQ(value(world, "unixsocket"), "");
  EXPECT_EQ(value(world, "unixsocketperm"), "0");
  world.facts.resp_path = "/run/larder.sock";
  EXPECT_EQ(value(world, "unixsocket"), "/run/larder.sock");
  EXPECT_EQ(value(world, "unixsocketperm"), "770");
  EXPECT_EQ(set(world, "unixsocketperm", "770"), immutable);
}

TEST(ConfigParameters, TellHowTheServerWasStarted) {
  World world;
  world.facts.resp_hosts = "127.0.0.1 ::1";
  world.facts.backlog = 4096;
  world.facts.keepalive = std::chrono::seconds{300};
  world.facts.directory = "/srv";
  world.facts.worker_count = 3;
  world.limits.output_size_max = 1000;
  EXPECT_EQ(value(world, "bind"), "127.0.0.1 ::1");
  EXPECT_EQ(value(world, "tcp-backlog"), "4096");
  EXPECT_EQ(value(world, "tcp-keepalive"), "300");
  EXPECT_EQ(value(world, "dir"), "/srv");
  EXPECT_EQ(value(world, "io-threads"), "3");
  EXPECT_EQ(value(world, "io-threads-do-reads"), "yes");
  EXPECT_EQ(value(world, "client-output-buffer-limit"), "normal 1000 0 0 slave 1000 0 0 pubsub 1000 0 0");
  EXPECT_EQ(value(world, "protected-mode"), "yes");
  world.facts.allows_anonymous = true;
  EXPECT_EQ(value(world, "protected-mode"), "no");
  for (const auto& [word, expected] : {std::pair<const char*, const char*>{"debug", "debug"},
                                       {"info", "notice"},
                                       {"warn", "warning"},
                                       {"error", "warning"},
                                       {"off", "warning"}}) {
    world.facts.log_level = word;
    EXPECT_EQ(value(world, "loglevel"), expected) << word;
  }
}

}  // namespace
}  // namespace larder::session
