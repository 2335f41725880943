// Large values made of others: the same replies and values as small ones get, in portions, whatever others do
// between two of them. Method: one connection's command a turn at a time, another's commands between the
// turns.
#include "session/splice.h"

#include <cstddef>
#include <cstdint>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "session/deferred_task_test_support.h"

namespace larder::session {
namespace {

class Splices : public TurnByTurn {};

TEST_F(Splices, AreMadeInPortionsByCopy) {
  world_.put("k", a_);
  other_.ask("EXPIRE k 100");
  ASSERT_TRUE(begin({"COPY", "k", "l"}));
  EXPECT_EQ(finish(), one);
  EXPECT_GE(turn_count_, 12);
  EXPECT_LE(growth_max_, mib / 2);
  EXPECT_TRUE(value_of("l") == a_);
  EXPECT_TRUE(value_of("k") == a_);
  EXPECT_EQ(other_.ask("TTL l"), ":100\r\n");
}

TEST_F(Splices, OfWhatWasOverwrittenMeanwhileAreMadeAgain) {
  world_.put("k", a_);
  begin({"COPY", "k", "l", "DB", "3"});
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(turn());
  world_.put("k", b_);
  EXPECT_EQ(finish(), one);
  EXPECT_TRUE(value_of("l", 3) == b_);
  begin({"COPY", "k", "m"});
  turn();
  world_.put("k", "small");
  EXPECT_EQ(finish(), one);
  EXPECT_EQ(value_of("m"), "small");
}

TEST_F(Splices, OfWhatIsGoneMeanwhileAreNotStored) {
  for (const std::string way :
       {"DEL k", "PEXPIREAT k 1", "FLUSHALL", "FLUSHDB", "SWAPDB 0 1", "RENAME k x"}) {
    SCOPED_TRACE(way);
    world_.put("k", a_);
    begin({"COPY", "k", "l"});
    ASSERT_TRUE(turn());
    other_.ask(way);
    EXPECT_EQ(finish(), zero);
    EXPECT_EQ(value_of("l"), "none");
    other_.ask("FLUSHALL");
  }
}

TEST_F(Splices, KeepTheDeadlineThatIsThereInTheEnd) {
  world_.put("k", a_);
  begin({"COPY", "k", "l"});
  turn();
  other_.ask("EXPIRE k 50");
  EXPECT_EQ(finish(), one);
  EXPECT_EQ(other_.ask("TTL l"), ":50\r\n");
}

TEST_F(Splices, DoNotOverwriteWhatCameMeanwhileUnlessToldTo) {
  world_.put("k", a_);
  begin({"COPY", "k", "l"});
  turn();
  world_.put("l", "first");
  EXPECT_EQ(finish(), zero);
  EXPECT_EQ(value_of("l"), "first");
  EXPECT_FALSE(begin({"COPY", "k", "l"})) << "it is there already";
  EXPECT_EQ(std::exchange(replies_, {}), zero);
  EXPECT_EQ(run({"COPY", "k", "l", "REPLACE"}), one);
  EXPECT_TRUE(value_of("l") == a_);
}

TEST_F(Splices, EndHoweverOftenTheyAreOvertaken) {
  world_.put("k", a_);
  begin({"COPY", "k", "l"});
  do world_.put("k", turn_count_ % 2 == 0 ? a_ : b_);
  while (turn());
  EXPECT_EQ(replies_, one);
  EXPECT_LT(turn_count_, 10);
}

TEST_F(Splices, AreSeenByWhoWatchesTheirKeyWhenTheyAreThere) {
  world_.put("k", a_);
  other_.ask("WATCH l");
  begin({"COPY", "k", "l"});
  turn();
  other_.ask("MULTI");
  EXPECT_EQ(other_.ask("EXEC"), "*0\r\n");
  other_.ask("WATCH l");
  EXPECT_EQ(finish(), one);
  other_.ask("MULTI");
  EXPECT_EQ(other_.ask("EXEC"), "*-1\r\n");
}

TEST_F(Splices, LeaveNothingOfAConnectionThatEnds) {
  world_.put("k", a_);
  const std::uint64_t before = memory_used();
  {
    RespSession session(world_.environment, 9);
    Output output;
    std::string command;
    protocol::append_command(command, std::vector<Bytes>{"COPY", "k", "l"});
    session.advance(command, world_.now, output);
    EXPECT_GT(session.held_size(), 0U);
    EXPECT_LT(session.held_size(), 1000U) << "what it makes is the cache's";
    for (int i = 0; i < 20; ++i) session.advance({}, world_.now, output);
    EXPECT_GT(memory_used(), before + mib);
  }
  tidy();
  EXPECT_EQ(memory_used(), before);
  EXPECT_EQ(value_of("l"), "none");
}

TEST_F(Splices, WithoutRoomForADraftAreMadeInOnePiece) {
  world_.put("k", a_);
  const auto hog = world_.cache->draft(32 * mib, 100);
  ASSERT_NE(hog, nullptr);
  EXPECT_EQ(run({"COPY", "k", "l"}), one);
  EXPECT_LE(turn_count_, 3);
  EXPECT_TRUE(value_of("l") == a_);
}

TEST_F(Splices, DoNotEvictWhatTheyAreMadeOf) {
  const std::string large(24 * mib, 'l');
  for (int i = 0; i < 9000; ++i) {
    world_.put("other" + std::to_string(i), std::string(6'000, 'o'));
    other_.ask("GET other" + std::to_string(i / 2));
  }
  world_.put("k", large);
  ASSERT_NE(place_of("k"), nullptr);
  EXPECT_EQ(run({"COPY", "k", "l"}), one);
  EXPECT_TRUE(value_of("k") == large);
  EXPECT_TRUE(value_of("l") == large);
}

TEST_F(Splices, ThatWriteWaitForTheEndOfAPause) {
  connection_.session.attach(std::make_shared<Noted>());
  world_.put("k", a_);
  begin({"COPY", "k", "l"});
  turn();
  other_.ask("CLIENT PAUSE 1000 WRITE");
  EXPECT_FALSE(turn());
  EXPECT_EQ(wait_.wait, Wait::pause);
  world_.now += Duration{1000};
  world_.service.clients.tick(world_.now);
  EXPECT_EQ(finish(), one);
}

TEST_F(Splices, AreNamedWholeByTheSlowLog) {
  world_.service.stopwatch_us = [] {
    static std::int64_t time = 0;
    return time += 10'000;
  };
  world_.put("k", a_);
  EXPECT_EQ(run({"COPY", "k", "l"}), one);
  EXPECT_NE(other_.ask("SLOWLOG GET").find("$4\r\nCOPY\r\n$1\r\nk\r\n$1\r\nl\r\n"), std::string::npos);
}

TEST_F(Splices, AreMadeAtOnceInsideATransaction) {
  world_.put("k", a_);
  other_.ask("MULTI");
  other_.ask("COPY k l");
  EXPECT_EQ(other_.ask("EXEC"), "*1\r\n:1\r\n");
  EXPECT_TRUE(value_of("l") == a_);
}

TEST_F(Splices, AreMadeInPortionsByAppendAndSetrange) {
  const std::string zeros(mib, '\0');
  const struct {
    std::string old;
    std::vector<Bytes> words;
    std::string expected;
  } cases[] = {
      {a_, {"APPEND", "k", "tail"}, a_ + "tail"},
      {a_, {"APPEND", "k", b_}, a_ + b_},
      {"head", {"APPEND", "k", a_}, "head" + a_},
      {a_, {"SETRANGE", "k", "1000000", "part"}, std::string(a_).replace(1'000'000, 4, "part")},
      {a_, {"SETRANGE", "k", "0", b_}, b_ + a_.substr(b_.size())},
      {a_, {"SETRANGE", "k", "3145730", b_}, a_.substr(0, 3'145'730) + b_},
      {a_, {"SETRANGE", "k", "4194304", "x"}, a_ + zeros.substr(8) + "x"},
      {"head", {"SETRANGE", "k", "2097152", "x"}, ("head" + zeros + zeros).substr(0, 2 * mib) + "x"},
  };
  for (const auto& [old, words, expected] : cases) {
    SCOPED_TRACE(words.front());
    world_.put("k", old);
    other_.ask("EXPIRE k 100");
    growth_max_ = 0;
    ASSERT_TRUE(begin_as_from_a_socket(words));
    EXPECT_EQ(finish(), ":" + std::to_string(expected.size()) + "\r\n");
    EXPECT_GE(turn_count_, 8);
    EXPECT_LE(growth_max_, mib / 2);
    EXPECT_TRUE(value_of("k") == expected);
    EXPECT_EQ(other_.ask("TTL k"), ":100\r\n");
  }
  other_.ask("DEL k");
  EXPECT_EQ(run({"SETRANGE", "k", "2097152", "x"}), ":2097153\r\n");
  EXPECT_TRUE(value_of("k") == zeros + zeros + "x");
}

TEST_F(Splices, AreNotNeededWhereAllIsNew) {
  begin_as_from_a_socket({"APPEND", "k", a_});
  EXPECT_EQ(finish(), ":" + std::to_string(a_.size()) + "\r\n");
  EXPECT_TRUE(value_of("k") == a_);
  world_.put("k", "old");
  ASSERT_FALSE(begin_as_from_a_socket({"SETRANGE", "k", "0", b_}));
  EXPECT_EQ(finish(), ":" + std::to_string(b_.size()) + "\r\n");
  EXPECT_TRUE(value_of("k") == b_);
}

TEST_F(Splices, OfWhatWasWrittenMeanwhileHaveThat) {
  world_.put("k", a_);
  begin_as_from_a_socket({"APPEND", "k", b_});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(turn());
  world_.put("k", "short");
  EXPECT_EQ(finish(), ":" + std::to_string(b_.size() + 5) + "\r\n");
  EXPECT_TRUE(value_of("k") == "short" + b_);
  begin({"APPEND", "k", "tail"});
  ASSERT_TRUE(turn());
  world_.put("k", a_);
  EXPECT_EQ(finish(), ":" + std::to_string(a_.size() + 4) + "\r\n");
  EXPECT_TRUE(value_of("k") == a_ + "tail");
  begin_as_from_a_socket({"APPEND", "k", b_});
  ASSERT_TRUE(turn());
  other_.ask("FLUSHALL");
  EXPECT_EQ(finish(), ":" + std::to_string(b_.size()) + "\r\n");
  EXPECT_TRUE(value_of("k") == b_);
}

TEST_F(Splices, OfTwoConnectionsHaveBothTails) {
  world_.put("k", a_);
  RespSession session(world_.environment, 9);
  Output output;
  std::string command;
  protocol::append_command(command, std::vector<Bytes>{"APPEND", "k", "-second"});
  begin({"APPEND", "k", "-first"});
  session.advance(command, world_.now, output);
  while (turn()) session.advance({}, world_.now, output);
  while (output.empty()) session.advance({}, world_.now, output);
  EXPECT_TRUE(value_of("k") == a_ + "-first-second");
}

TEST_F(Splices, BeyondTheLimitLeaveTheOldValue) {
  world_.put("k", a_);
  world_.limits.value_size_max = a_.size() + 10;
  const std::string error = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n";
  EXPECT_EQ(run({"APPEND", "k", "01234567890"}), error);
  EXPECT_TRUE(value_of("k") == a_);
  begin({"APPEND", "k", "0123456789"});
  turn();
  world_.put("k", a_ + "0");
  EXPECT_EQ(finish(), error);
  EXPECT_TRUE(value_of("k") == a_ + "0");
  EXPECT_NE(other_.ask("INFO commandstats").find("failed_calls=2"), std::string::npos);
}

// RENAME and MOVE copy nothing: the value stays where it lies.
TEST_F(Splices, AreNotNeededWhereAValueOnlyGetsAnotherKey) {
  world_.put("k", a_);
  other_.ask("EXPIRE k 100");
  const char* const place = place_of("k");
  other_.ask("GET k");
  const std::uint64_t used = memory_used();
  EXPECT_EQ(other_.ask("RENAME k a:longer:key"), ok);
  EXPECT_EQ(place_of("a:longer:key"), place);
  EXPECT_EQ(value_of("k"), "none");
  EXPECT_EQ(other_.ask("MOVE a:longer:key 2"), one);
  EXPECT_EQ(place_of("a:longer:key", 2), place);
  other_.ask("SELECT 2");
  world_.put("taken", "x", 2);
  EXPECT_EQ(other_.ask("RENAMENX a:longer:key taken"), zero);
  EXPECT_EQ(other_.ask("RENAMENX a:longer:key k"), one);
  other_.ask("MULTI");
  other_.ask("RENAME k l");
  EXPECT_EQ(other_.ask("EXEC"), "*1\r\n+OK\r\n");
  EXPECT_EQ(place_of("l", 2), place);
  EXPECT_TRUE(value_of("l", 2) == a_);
  EXPECT_EQ(other_.ask("TTL l"), ":100\r\n");
  EXPECT_LE(memory_used(), used + 64);
}

TEST_F(Splices, AreNotNeededForAKeyMuchLongerOrShorter) {
  world_.put("k", a_);
  const std::uint64_t used = memory_used();
  const std::string long_key(16'000, 'l');
  const char* const place = place_of("k");
  EXPECT_EQ(other_.ask_words({"RENAME", "k", long_key}), ok);
  EXPECT_EQ(place_of(long_key), place);
  EXPECT_GT(memory_used(), used + 12'000);
  EXPECT_EQ(other_.ask_words({"RENAME", long_key, "k"}), ok);
  EXPECT_EQ(place_of("k"), place);
  EXPECT_LE(memory_used(), used + 200);
  EXPECT_TRUE(value_of("k") == a_);
}

TEST_F(Splices, AValueThatIsRefusedUnderAnotherKeyStaysUnderItsOwn) {
  World world(std::size_t{160} << 10, "segment");
  world.limits.key_size_max = std::size_t{80} << 10;
  RespConnection connection(world);
  const std::string value(70'000, 'v');
  world.put("k", value);
  EXPECT_EQ(connection.ask_words({"RENAME", "k", std::string(80'000, 'l')}),
            "-ERR the item is larger than this cache ever holds\r\n");
  EXPECT_TRUE(connection.ask("GET k") == "$70000\r\n" + value + "\r\n");
}

}  // namespace
}  // namespace larder::session
