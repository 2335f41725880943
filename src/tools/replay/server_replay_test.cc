// A server is asked as a look-aside client asks, and what it answers is believed only if it is true. Method:
// a scripted server that expects the very bytes of each pipeline and answers truly, wrongly or not at all.
#include "tools/replay/server_replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "client/scripted_peer.h"
#include "protocol/resp/command_encoder.h"
#include "tools/trace/value_size.h"

namespace larder::tools {
namespace {

using client::PeerConnection;
using client::ScriptedPeer;

constexpr std::uint64_t value_size = 30;
constexpr ValueRule rule{.kind = ValueRuleKind::fixed, .size = value_size};

std::string value_of(std::uint64_t id) { return object_value(object_key(id), value_size); }

std::string gets(const std::vector<std::uint64_t>& ids) {
  std::string bytes;
  for (const std::uint64_t id : ids) protocol::append_command(bytes, {"GET", object_key(id)});
  return bytes;
}

std::string sets(const std::vector<std::uint64_t>& ids) {
  std::string bytes;
  for (const std::uint64_t id : ids) protocol::append_command(bytes, {"SET", object_key(id), value_of(id)});
  return bytes;
}

const std::string absent = "$-1\r\n";
const std::string stored = "+OK\r\n";

std::string present(const std::string& value) {
  return "$" + std::to_string(value.size()) + "\r\n" + value + "\r\n";
}

Result<ServerReplay> replay(const ScriptedPeer& peer, const std::vector<std::uint64_t>& ids) {
  Result<Client> client = make_client({.address = peer.url(), .call_timeout = Duration{30'000}});
  if (!client) return std::unexpected(client.error());
  const Trace trace{.ids = ids, .sizes = {}};
  return replay_on_server(*client, trace.ids, ObjectSizes(rule, trace), [](std::uint64_t) {});
}

TEST(ServerReplay, AsksForAnIdOnceABatchAndStoresWhatWasMissing) {
  const ScriptedPeer peer([](PeerConnection& connection) {
    connection.expect(gets({1, 2, 3}));
    connection.send(absent + present(value_of(2)) + absent);
    connection.expect(sets({1, 3}));
    connection.send(stored + stored);
    connection.expect(gets({1, 17}));
    connection.send(present(value_of(1)) + present(value_of(17)));
  });
  const auto done = replay(peer, {1, 2, 1, 3, 3, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, /* next batch */ 1, 17});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->request_count, 18U);
  EXPECT_EQ(done->miss_count, 2U);
  EXPECT_EQ(done->wrong_count, 0U);
  EXPECT_EQ(done->refused_count, 0U);
}

TEST(ServerReplay, CountsEveryHitThatIsNotWhatWasStored) {
  std::string torn = value_of(4);
  torn.back() = '!';
  const ScriptedPeer peer([&](PeerConnection& connection) {
    connection.expect(gets({1, 2, 3, 4, 5}));
    connection.send(present(value_of(1)) + present(value_of(1)) + present("") + present(torn) +
                    present(value_of(5) + "x"));
  });
  const auto done = replay(peer, {1, 2, 3, 4, 5});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->wrong_count, 4U);
  EXPECT_EQ(done->miss_count, 0U);
}

TEST(ServerReplay, GoesOnWhenASetIsRefused) {
  const ScriptedPeer peer([](PeerConnection& connection) {
    connection.expect(gets({1, 2}));
    connection.send(absent + absent);
    connection.expect(sets({1, 2}));
    connection.send("-ERR too large\r\n-OOM not now\r\n");
  });
  const auto done = replay(peer, {1, 2});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->miss_count, 2U);
  EXPECT_EQ(done->refused_count, 2U);
  EXPECT_EQ(done->first_refusal, object_key(1) + ": ERR too large");
}

TEST(ServerReplay, EndsWhenAGetIsRefused) {
  const ScriptedPeer peer([](PeerConnection& connection) {
    connection.expect(gets({1}));
    connection.send("-NOAUTH Authentication required.\r\n");
  });
  const auto done = replay(peer, {1});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "after 0 requests: NOAUTH Authentication required.");
}

TEST(ServerReplay, EndsWhenTheServerGoesAway) {
  const ScriptedPeer peer([](PeerConnection& connection) {
    if (connection.index() > 0) return;
    connection.expect(gets({1}));
    connection.send(absent);
    connection.expect(sets({1}));
  });
  const auto done = replay(peer, {1});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::disconnected) << done.error().message;
  EXPECT_THAT(done.error().message, testing::StartsWith("after 0 requests: "));
}

}  // namespace
}  // namespace larder::tools
