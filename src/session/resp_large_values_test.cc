// Values of megabytes: the same replies over every back end, and where the cache lends and takes drafts,
// without a copy in the session. Method: each command that shows or stores a value, in pieces as a socket
// brings them; the buffers and the parts of the output are looked at.
#include <array>
#include <cstddef>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "base/sizes.h"
#include "protocol/resp/command_encoder.h"
#include "session/resp_test_support.h"

namespace larder::session {
namespace {

constexpr std::size_t sent_piece_size = std::size_t{64} << 10;

std::string bulk(Bytes value) {
  return "$" + std::to_string(value.size()) + "\r\n" + std::string(value) + "\r\n";
}

class RespLargeValues : public testing::TestWithParam<const char*> {
 protected:
  std::string ask(const std::vector<Bytes>& words) { return ask(connection_, words); }
  // As a socket brings it.
  static std::string ask(RespConnection& connection, const std::vector<Bytes>& words) {
    std::string command;
    protocol::append_command(command, words);
    for (std::size_t offset = 0; offset < command.size(); offset += sent_piece_size) {
      connection.peer.send(Bytes(command).substr(offset, sent_piece_size));
    }
    return connection.peer.take_replies();
  }
  [[nodiscard]] bool lends() const { return std::string(GetParam()) == "segment"; }

  World world_{64 * mib, GetParam()};
  RespConnection connection_{world_};
  std::string a_ = std::string(3 * mib, 'a') + "end of a";
  std::string b_ = std::string(2 * mib, 'b') + "end of b";
};

TEST_P(RespLargeValues, AreShownByEveryCommandThatShowsValues) {
  ask({"SET", "k", a_});
  EXPECT_TRUE(ask({"GET", "k"}) == bulk(a_));
  EXPECT_TRUE(ask({"GETRANGE", "k", "1", "-2"}) == bulk(a_.substr(1, a_.size() - 2)));
  EXPECT_EQ(ask({"GETRANGE", "k", "-3", "-1"}), bulk("f a").substr(0, 4) + "f a\r\n");
  EXPECT_TRUE(ask({"GETEX", "k", "EX", "100"}) == bulk(a_));
  EXPECT_TRUE(ask({"MGET", "k", "none", "k"}) == "*3\r\n" + bulk(a_) + null + bulk(a_));
  EXPECT_TRUE(ask({"GETSET", "k", b_}) == bulk(a_));
  EXPECT_TRUE(ask({"SET", "k", a_, "GET"}) == bulk(b_));
  EXPECT_EQ(ask({"STRLEN", "k"}), ":" + std::to_string(a_.size()) + "\r\n");
  EXPECT_TRUE(ask({"GETDEL", "k"}) == bulk(a_));
  EXPECT_EQ(ask({"GET", "k"}), null);
}

TEST_P(RespLargeValues, AreStoredByEveryCommandThatStoresThem) {
  const auto expect = [&](const std::vector<Bytes>& words, const std::string& reply, Bytes value) {
    SCOPED_TRACE(words.front());
    EXPECT_EQ(ask(words), reply);
    EXPECT_TRUE(ask({"GET", "k"}) == bulk(value));
    EXPECT_EQ(ask({"FLUSHALL"}), ok);
  };
  expect({"SET", "k", a_, "EX", "100", "NX"}, ok, a_);
  expect({"SETEX", "k", "100", a_}, ok, a_);
  expect({"PSETEX", "k", "100000", a_}, ok, a_);
  expect({"SETNX", "k", a_}, ":1\r\n", a_);
  expect({"GETSET", "k", a_}, null, a_);
  expect({"MSET", "l", b_, "k", a_}, ok, a_);
  expect({"MSETNX", "k", a_, "l", b_}, ":1\r\n", a_);
  expect({"MSETEX", "2", "k", a_, "l", b_, "EX", "100"}, ":1\r\n", a_);
  expect({"APPEND", "k", a_}, ":" + std::to_string(a_.size()) + "\r\n", a_);
  ask({"SET", "k", "head"});
  expect({"APPEND", "k", a_}, ":" + std::to_string(a_.size() + 4) + "\r\n", "head" + a_);
  ask({"SET", "k", "head"});
  expect({"SETRANGE", "k", "4", a_}, ":" + std::to_string(a_.size() + 4) + "\r\n", "head" + a_);
  ask({"SET", "k", a_});
  expect({"SET", "k", b_, "NX"}, null, a_);
  ask({"SET", "k", a_});
  expect({"SET", "k", b_, "IFEQ", a_}, ok, b_);
}

TEST_P(RespLargeValues, LeaveTheCommandsAroundThemInOrder) {
  std::string pipeline;
  for (const std::vector<Bytes>& words : std::vector<std::vector<Bytes>>{{"SET", "k", a_},
                                                                         {"STRLEN", "k"},
                                                                         {"GET", "k"},
                                                                         {"SET", "k", b_, "BOGUS"},
                                                                         {"LPUSH", "l", a_},
                                                                         {"SET", "k", b_},
                                                                         {"GET", "k"},
                                                                         {"PING"}}) {
    protocol::append_command(pipeline, words);
  }
  const std::string expected = ok + ":" + std::to_string(a_.size()) + "\r\n" + bulk(a_) + syntax +
                               "-ERR unknown command 'lpush': lists are not served yet\r\n" + ok + bulk(b_) +
                               "+PONG\r\n";
  for (const std::size_t step : {std::size_t{0}, sent_piece_size, std::size_t{100'001}}) {
    RespConnection connection(world_);
    EXPECT_TRUE(play(connection.session, pipeline, step).replies == expected) << step;
  }
}

TEST_P(RespLargeValues, AreCopiedInsideATransaction) {
  EXPECT_EQ(ask({"MULTI"}), ok);
  EXPECT_EQ(ask({"SET", "k", a_}), "+QUEUED\r\n");
  EXPECT_EQ(ask({"GET", "k"}), "+QUEUED\r\n");
  EXPECT_TRUE(ask({"EXEC"}) == "*2\r\n" + ok + bulk(a_));
}

TEST_P(RespLargeValues, WaitForTheEndOfAPauseLikeAnyCommand) {
  RespConnection admin(world_, 1);
  connection_.session.attach(std::make_shared<Noted>());
  admin.ask("CLIENT PAUSE 1000");
  EXPECT_EQ(ask({"SET", "k", a_, "EX", "100"}), "");
  admin.peer.send("");
  world_.service.clients.tick(world_.now + Duration{1000});
  connection_.peer.set_now(world_.now + Duration{1000});
  connection_.peer.send("");
  EXPECT_EQ(connection_.peer.take_replies(), ok);
  EXPECT_TRUE(ask({"GET", "k"}) == bulk(a_));
  EXPECT_EQ(ask({"TTL", "k"}), ":100\r\n");
}

TEST_P(RespLargeValues, AreNotHeldByTheSession) {
  ask({"SET", "k", a_});
  const std::size_t held = connection_.peer.played().buffer_size_max + connection_.session.held_size();
  if (lends()) {
    EXPECT_LT(held, 2 * sent_piece_size);
  } else {
    EXPECT_GE(held, a_.size());
  }
  Output output;
  std::string command;
  protocol::append_command(command, std::vector<Bytes>{"GET", "k"});
  connection_.session.advance(command, world_.now, output);
  EXPECT_EQ(output.has_loans(), lends());
  EXPECT_EQ(output.capacity() < 1000, lends());
  ask({"FLUSHALL"});
  EXPECT_TRUE(output.text() == bulk(a_)) << "whatever becomes of it meanwhile";
}

TEST_P(RespLargeValues, CountWhatIsHeldOfTheCommandBeforeThem) {
  std::string command =
      "*5\r\n$4\r\nMSET\r\n$1\r\na\r\n$60000\r\n" + std::string(60'000, 'a') + "\r\n$1\r\nb\r\n";
  command += "$3000000\r\n";
  connection_.peer.send(command);
  EXPECT_EQ(connection_.session.held_size() > 60'000, lends())
      << "where it lies in the input, that is counted";
  connection_.peer.send(std::string(3'000'000, 'b') + "\r\n");
  EXPECT_EQ(connection_.peer.take_replies(), ok);
  ask({"PING"});
  EXPECT_EQ(connection_.session.held_size(), 0U);
}

TEST_P(RespLargeValues, AreGoneWithTheirConnection) {
  const std::uint64_t before = world_.cache->stats().memory_used;
  {
    RespConnection connection(world_, 8);
    connection.peer.send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3000000\r\n");
    for (int i = 0; i < 20; ++i) connection.peer.send(std::string(sent_piece_size, 'x'));
    EXPECT_EQ(world_.cache->stats().memory_used > before + mib, lends());
  }
  while (world_.cache->sweep(world_.now, 1000)) {
  }
  EXPECT_EQ(world_.cache->stats().memory_used, before);
}

INSTANTIATE_TEST_SUITE_P(Backends, RespLargeValues, testing::Values("segment", "lru"));

TEST(RespLargeValuesWithoutMemory, AreRefusedOnceAndLeaveNoOldValue) {
  World world(std::size_t{160} << 10, "segment");
  world.limits.key_size_max = std::size_t{80} << 10;
  RespConnection connection(world);
  EXPECT_EQ(connection.ask("SET k old"), ok);
  std::string command;
  protocol::append_command(command, std::vector<Bytes>{"SET", "k", std::string(75'000, 'x')});
  connection.peer.send(command + "PING\r\n");
  EXPECT_EQ(connection.peer.take_replies(),
            "-OOM command not allowed when used memory > 'maxmemory'.\r\n+PONG\r\n");
  EXPECT_EQ(connection.ask("GET k"), null);
}

}  // namespace
}  // namespace larder::session
