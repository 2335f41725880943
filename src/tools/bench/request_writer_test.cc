// Requests are those that the protocols ask for. Method: whole requests, byte for byte; keys and values are
// those of object_key() and object_value().
#include "tools/bench/request_writer.h"

#include <array>
#include <gtest/gtest.h>

#include "protocol/resp/command_encoder.h"
#include "tools/trace/value_size.h"

namespace larder::tools {
namespace {

constexpr std::array<std::uint64_t, 3> key_ids{1, 2, 186880};

std::string read_of(const Workload& workload) {
  std::string target = "before";
  RequestWriter(workload).append_read(std::span(key_ids).first(workload.keys_per_read), target);
  return target;
}

std::string stores_of(const Workload& workload) {
  std::string target;
  const RequestWriter writer(workload);
  for (const std::uint64_t id : key_ids) writer.append_store(id, target);
  return target;
}

TEST(RequestWriter, WritesReadsOfResp) {
  EXPECT_EQ(read_of({}), "before*2\r\n$3\r\nGET\r\n$23\r\nobject:b456bcfc34c2cb2c\r\n");
  std::string mget = "before";
  protocol::append_command(mget, {"MGET", object_key(1), object_key(2), object_key(186880)});
  EXPECT_EQ(read_of({.keys_per_read = 3}), mget);
}

TEST(RequestWriter, WritesReadsOfMemcached) {
  EXPECT_EQ(read_of({.protocol = BenchProtocol::memcached}), "beforeget object:b456bcfc34c2cb2c\r\n");
  EXPECT_EQ(read_of({.protocol = BenchProtocol::memcached, .keys_per_read = 3}),
            "beforeget " + object_key(1) + " " + object_key(2) + " " + object_key(186880) + "\r\n");
}

TEST(RequestWriter, WritesStoresOfResp) {
  std::string fixed;
  std::string log_normal;
  for (const std::uint64_t id : key_ids) {
    const std::string key = object_key(id);
    protocol::append_command(fixed, {"SET", key, object_value(key, 100)});
    protocol::append_command(log_normal, {"SET", key, object_value(key, log_normal_value_size(id, 200))});
  }
  EXPECT_EQ(stores_of({.value_rule = {.kind = ValueRuleKind::fixed, .size = 100}}), fixed);
  EXPECT_EQ(stores_of({.value_rule = {.kind = ValueRuleKind::log_normal, .size = 200}}), log_normal);
}

TEST(RequestWriter, WritesStoresOfMemcached) {
  std::string stores;
  for (const std::uint64_t id : key_ids) {
    const std::string key = object_key(id);
    stores += "set " + key + " 0 0 9\r\n" + object_value(key, 9) + "\r\n";
  }
  EXPECT_EQ(stores_of({.protocol = BenchProtocol::memcached,
                       .value_rule = {.kind = ValueRuleKind::fixed, .size = 9}}),
            stores);
}

}  // namespace
}  // namespace larder::tools
