// When keys expire. Method: conversations with the replies that redis-server 7.0.15 gave; the world's time is
// 1,700,000,000,000 ms since 1970 unless a test moves it.
#include <gtest/gtest.h>
#include <string>

#include "session/resp_test_support.h"

namespace larder::session {
namespace {

std::string invalid_time(const std::string& name) {
  return "-ERR invalid expire time in '" + name + "' command\r\n";
}

TEST(Expiry, IsSetInSecondsAndMillisecondsFromNowOrSince1970) {
  expect_turns({
      {"SET k v", ok},
      {"EXPIRE k 10", ":1\r\n"},
      {"PTTL k", ":10000\r\n"},
      {"PEXPIRE k 1500", ":1\r\n"},
      {"PTTL k", ":1500\r\n"},
      {"EXPIREAT k 1700000020", ":1\r\n"},
      {"PTTL k", ":20000\r\n"},
      {"PEXPIREAT k 1700000000001", ":1\r\n"},
      {"PTTL k", ":1\r\n"},
      {"GET k", "$1\r\nv\r\n"},
      {"EXPIRE none 10", ":0\r\n"},
      {"PEXPIRE none 10", ":0\r\n"},
      {"EXPIREAT none 1700000020", ":0\r\n"},
      {"PEXPIREAT none 1700000000001", ":0\r\n"},
  });
}

TEST(Expiry, IsToldInRoundedSecondsAndInMilliseconds) {
  expect_turns({
      {"TTL k", ":-2\r\n"},
      {"PTTL k", ":-2\r\n"},
      {"EXPIRETIME k", ":-2\r\n"},
      {"PEXPIRETIME k", ":-2\r\n"},
      {"SET k v", ok},
      {"TTL k", ":-1\r\n"},
      {"PTTL k", ":-1\r\n"},
      {"EXPIRETIME k", ":-1\r\n"},
      {"PEXPIRETIME k", ":-1\r\n"},
      {"PEXPIRE k 1499", ":1\r\n"},
      {"TTL k", ":1\r\n"},
      {"EXPIRETIME k", ":1700000001\r\n"},
      {"PEXPIRETIME k", ":1700000001499\r\n"},
      {"PEXPIRE k 1500", ":1\r\n"},
      {"TTL k", ":2\r\n"},
      {"EXPIRETIME k", ":1700000002\r\n"},
      {"PEXPIRE k 1", ":1\r\n"},
      {"TTL k", ":0\r\n"},
  });
}

TEST(Expiry, InThePastRemovesTheKeyAndSucceeds) {
  for (const std::string command :
       {"EXPIRE k 0", "EXPIRE k -1", "PEXPIRE k 0", "PEXPIRE k -9223372036854775808", "EXPIREAT k 1",
        "EXPIREAT k -9223372036854775", "EXPIREAT k 1700000000", "PEXPIREAT k 1700000000000", "PEXPIREAT k 0",
        "EXPIRE k -1 NX", "EXPIRE k -1 LT"}) {
    expect_turns({{"SET k v", ok}, {command, ":1\r\n"}, {"EXISTS k", ":0\r\n"}, {command, ":0\r\n"}});
  }
}

TEST(Expiry, MayDependOnTheDeadlineThatIsThere) {
  expect_turns({
      {"SET k v", ok},
      {"EXPIRE k 10 XX", ":0\r\n"},
      {"EXPIRE k 10 GT", ":0\r\n"},
      {"EXPIRE k 10 XX LT", ":0\r\n"},
      {"TTL k", ":-1\r\n"},
      {"EXPIRE k 10 lt", ":1\r\n"},
      {"EXPIRE k 5 NX", ":0\r\n"},
      {"EXPIRE k 10 GT", ":0\r\n"},
      {"EXPIRE k 10 LT", ":0\r\n"},
      {"PEXPIRE k 10001 GT", ":1\r\n"},
      {"PEXPIREAT k 1700000010000 GT", ":0\r\n"},
      {"PEXPIREAT k 1700000010000 LT XX", ":1\r\n"},
      {"EXPIREAT k 1700000030 xx gt gt", ":1\r\n"},
      {"EXPIRE k -1 GT", ":0\r\n"},
      {"TTL k", ":30\r\n"},
      {"PERSIST k", ":1\r\n"},
      {"EXPIRE k 7 NX NX", ":1\r\n"},
      {"TTL k", ":7\r\n"},
      {"EXPIRE none 7 NX", ":0\r\n"},
  });
}

TEST(Expiry, NamesWhatIsWrongInTheOrderOfRedis) {
  const std::string nx = "-ERR NX and XX, GT or LT options at the same time are not compatible\r\n";
  const std::string gt_lt = "-ERR GT and LT options at the same time are not compatible\r\n";
  expect_turns({
      {"SET k v", ok},
      {"EXPIRE k", "-ERR wrong number of arguments for 'expire' command\r\n"},
      {"EXPIRE k a", not_an_integer},
      {"EXPIRE k 01", not_an_integer},
      {"EXPIRE k 1.5", not_an_integer},
      {"EXPIRE none a", not_an_integer},
      {"EXPIRE k a FOO", "-ERR Unsupported option FOO\r\n"},
      {"EXPIRE k 10 \"\"", "-ERR Unsupported option \r\n"},
      {"EXPIRE k a NX LT", nx},
      {"EXPIRE k 10 XX GT LT", gt_lt},
      {"EXPIRE k 10 GT LT NX", nx},
      {"EXPIRE k 9223372036854775807", invalid_time("expire")},
      {"EXPIRE k 9223372036854775", invalid_time("expire")},
      {"EXPIRE k -9223372036854776", invalid_time("expire")},
      {"EXPIRE none 9223372036854775", invalid_time("expire")},
      {"PEXPIRE k 9223372036854775807", invalid_time("pexpire")},
      {"PEXPIRE k 9223370336854775808", invalid_time("pexpire")},
      {"EXPIREAT k 9223372036854776", invalid_time("expireat")},
      {"EXPIREAT k -9223372036854776", invalid_time("expireat")},
      {"PEXPIREAT k 9223372036854775808", not_an_integer},
      {"TTL k", ":-1\r\n"},
  });
}

TEST(Expiry, HoldsTheFarthestTimesButTheLastMillisecond) {
  expect_turns({
      {"SET k v", ok},
      {"EXPIREAT k 9223372036854775", ":1\r\n"},
      {"EXPIRETIME k", ":9223372036854775\r\n"},
      {"PEXPIRE k 9223370336854775806", ":1\r\n"},
      {"PEXPIRETIME k", ":9223372036854775806\r\n"},
      {"PEXPIREAT k 9223372036854775807", ":1\r\n"},
      {"PEXPIRETIME k", ":9223372036854775806\r\n"},
      {"EXPIRETIME k", ":9223372036854776\r\n"},
      {"TTL k", ":9223370336854776\r\n"},
      {"PERSIST k", ":1\r\n"},
  });
}

TEST(Expiry, IsTakenOffByPersist) {
  expect_turns({
      {"PERSIST k", ":0\r\n"},
      {"SET k v", ok},
      {"PERSIST k", ":0\r\n"},
      {"EXPIRE k 10", ":1\r\n"},
      {"PERSIST k", ":1\r\n"},
      {"PERSIST k", ":0\r\n"},
      {"TTL k", ":-1\r\n"},
      {"GET k", "$1\r\nv\r\n"},
  });
}

TEST(Expiry, ComesWhenItsTimeComes) {
  World world;
  RespConnection connection(world);
  connection.ask("SET k v PX 100");
  connection.peer.set_now(world.now + Duration{99});
  EXPECT_EQ(connection.ask("PTTL k"), ":1\r\n");
  connection.peer.set_now(world.now + Duration{100});
  for (const std::string command : {"PTTL k", "TTL k", "EXPIRETIME k", "PEXPIRETIME k"}) {
    EXPECT_EQ(connection.ask(command), ":-2\r\n") << command;
  }
  for (const std::string command : {"PERSIST k", "EXPIRE k 10", "EXPIRE k 10 NX", "PEXPIREAT k 0"}) {
    EXPECT_EQ(connection.ask(command), ":0\r\n") << command;
  }
}

TEST(Expiry, IsTheSameInATransaction) {
  expect_turns({
      {"SET k v", ok},
      {"MULTI", ok},
      {"EXPIRE k 10 NX", "+QUEUED\r\n"},
      {"EXPIRE k 20 GT", "+QUEUED\r\n"},
      {"TTL k", "+QUEUED\r\n"},
      {"PERSIST k", "+QUEUED\r\n"},
      {"EXPIRE k a", "+QUEUED\r\n"},
      {"PEXPIREAT k 1", "+QUEUED\r\n"},
      {"EXPIRETIME k", "+QUEUED\r\n"},
      {"EXEC", "*7\r\n:1\r\n:1\r\n:20\r\n:1\r\n" + not_an_integer + ":1\r\n:-2\r\n"},
  });
}

}  // namespace
}  // namespace larder::session
