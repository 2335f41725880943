// What a connection holds, alone and beside all others, and who has to wait or to go for it: its buffers,
// what is unsent, what is borrowed. Method: as connection_test.cc.
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "base/sizes.h"
#include "transport/connection.h"
#include "transport/connection_test_support.h"

namespace larder::transport {
namespace {

using namespace std::chrono_literals;

// Lends one text.
class TextLender final : public Lender {
 public:
  Loan lend(Bytes bytes) override { return {*this, this, bytes}; }
  void take_back(const void* /*owner*/) noexcept override { ++return_count; }
  bool is_orphan(const void* /*owner*/) const noexcept override { return has_been_evicted; }
  std::string text = std::string(1000, 'x');
  bool has_been_evicted = false;
  int return_count = 0;
};

// The largest goes first, so that the others' are smaller than what is spare already.
TEST_F(ConnectionTest, KeepsNoBufferOnceAllHasLeftHoweverManyOwedSomethingAtOnce) {
  std::vector<Connection> connections;
  const std::vector<std::size_t> sizes = {20'000, 10'000, 1000};
  connections.reserve(sizes.size());
  for (const std::size_t size : sizes) {
    connections.push_back(make(echo_whole_lines));
    connections.back().received(std::string(size, 'x') + '\n', now_);
  }
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    EXPECT_EQ(take_all(connections[i]).size(), sizes[i] + 1);
    EXPECT_EQ(connections[i].buffer_capacity(), 0U);
  }
  EXPECT_EQ(spare_outputs_.count(), 3U);
}

TEST_F(ConnectionTest, IsReadUntilMoreIsUnsentThanWaitsForAReader) {
  limits_.unread_output_size = 3 * mib;
  Connection connection = make([](Bytes input, Output& output) {
    std::size_t consumed = 0;
    for (; consumed < input.size() && !output.full(); ++consumed) output.append(std::string(mib / 4, 'x'));
    return Progress{consumed, consumed < input.size() ? Wait::output : Wait::input, 0};
  });
  const std::string requests(100, '.');
  connection.received(requests, now_);
  EXPECT_EQ(connection.owed().size(), mib) << "one call's share";
  while (connection.must_resume()) connection.resume(now_);
  EXPECT_EQ(connection.owed().size(), 3 * mib);
  EXPECT_FALSE(connection.wants_input());
  connection.sent(mib, now_);
  EXPECT_TRUE(connection.must_resume());
  connection.resume(now_);
  EXPECT_EQ(connection.owed().size(), 3 * mib);
}

TEST_F(ConnectionTest, WaitsForRoomInTheBuffersOfAll) {
  BufferBudget budget(64 * mib, 1);
  BufferBudget::Share& others = budget.share(0);
  limits_.buffers = &others;
  Connection connection = make(echo_whole_lines);
  others.resize(0, 65 * mib);
  EXPECT_FALSE(connection.wants_input());
  EXPECT_TRUE(connection.is_held_up());
  connection.received("one\n", now_);  // it was under way
  EXPECT_TRUE(connection.owed().empty());
  EXPECT_FALSE(connection.must_resume());
  others.resize(65 * mib, 0);
  EXPECT_TRUE(connection.must_resume());
  connection.resume(now_);
  others.resize(0, 65 * mib);
  EXPECT_FALSE(connection.is_held_up()) << "what it is owed leaves first";
  EXPECT_EQ(take_all(connection), "one\n");
  EXPECT_TRUE(connection.is_held_up());
  EXPECT_EQ(connection.deadline(), std::nullopt);
  connection.shut_down(now_);
  EXPECT_FALSE(connection.is_held_up()) << "it has nothing more to ask for";
}

TEST_F(ConnectionTest, IsServedWhileRoomIsScarceOnlyIfItIsKnownToNeedLittle) {
  BufferBudget budget(64 * mib, 1);
  BufferBudget::Share& others = budget.share(0);
  limits_.buffers = &others;
  Connection connection = make([](Bytes input, Output& output) {
    output.append(std::string(input == "much" ? 100'000 : 1, 'x'));
    return Progress{input.size(), Wait::input, 0};
  });
  others.resize(0, 50 * mib);
  EXPECT_TRUE(connection.is_held_up()) << "nobody knows it yet";
  others.resize(50 * mib, 0);
  connection.received("little", now_);
  EXPECT_EQ(take_all(connection), "x");
  others.resize(0, 50 * mib);
  EXPECT_TRUE(connection.wants_input());
  connection.received("much", now_);
  EXPECT_EQ(take_all(connection).size(), 100'000U);
  EXPECT_TRUE(connection.is_held_up());
  EXPECT_FALSE(connection.wants_input());
}

TEST_F(ConnectionTest, IsIdleForAsLongAsItWaitsForRoomWithoutBeingClosedForThat) {
  BufferBudget budget(64 * mib, 1);
  limits_.buffers = &budget.share(0);
  record_.idle_timeout = 30s;
  Connection connection = make(echo_whole_lines);
  budget.share(0).resize(0, 65 * mib);
  pass(60s);
  connection.time_passed(now_);
  EXPECT_FALSE(connection.finished());
}

TEST_F(ConnectionTest, HoldsNoBufferWhileNothingIsUnderWay) {
  Connection connection = make(echo_whole_lines);
  for (int i = 0; i < 3; ++i) {
    connection.received(std::string(10'000, 'x') + "\n", now_);
    EXPECT_GT(connection.buffer_capacity(), 10'000U);
    EXPECT_EQ(take_all(connection).size(), 10'001U);
    EXPECT_LT(connection.buffer_capacity(), 100U);
  }
  EXPECT_EQ(spare_outputs_.count(), 1U) << "the next connection to write should not have to allocate";
}

TEST_F(ConnectionTest, CountsWhatItsHandlerHolds) {
  const Connection connection = make(echo_whole_lines);
  const std::size_t own = connection.buffer_capacity();
  record_.held_size = 5000;
  EXPECT_EQ(connection.buffer_capacity(), own + 5000);
}

TEST_F(ConnectionTest, IsNotReadPastTheHighWaterMarkAndGoesOnBelowIt) {
  int calls = 0;
  Connection connection = make([&](Bytes input, Output& output) {
    if (++calls == 1) {
      output.append(std::string(2 * mib, 'x'));
      return Progress{1, Wait::output, 0};
    }
    return Progress{input.size(), Wait::input, 0};
  });
  connection.received("abc", now_);
  EXPECT_FALSE(connection.wants_input());
  EXPECT_FALSE(connection.must_resume());
  connection.sent(mib, now_);
  EXPECT_FALSE(connection.must_resume()) << "exactly at the mark";
  connection.sent(1, now_);
  EXPECT_TRUE(connection.must_resume());
  connection.resume(now_);
  EXPECT_EQ(record_.inputs.back(), "bc");
  EXPECT_TRUE(connection.wants_input());
}

TEST_F(ConnectionTest, IsNotReadPastTheHighWaterMarkEvenIfTheHandlerAsksForInput) {
  Connection connection = make([](Bytes input, Output& output) {
    output.append(std::string(2 * mib, 'x'));
    return Progress{input.size(), Wait::input, 0};
  });
  connection.received("a", now_);
  EXPECT_FALSE(connection.wants_input());
  connection.received("b", now_);  // was on its way already
  EXPECT_EQ(record_.inputs.size(), 1U);
  connection.sent(2 * mib, now_);
  ASSERT_TRUE(connection.must_resume());
  connection.resume(now_);
  EXPECT_EQ(record_.inputs.back(), "b");
}

TEST_F(ConnectionTest, ClosesAReaderThatLeavesTooMuchUnsent) {
  Connection connection = make([](Bytes input, Output& output) {
    output.append(std::string(5 * mib, 'x'));
    return Progress{input.size(), Wait::input, 0};
  });
  connection.received("a", now_);
  EXPECT_FALSE(connection.finished()) << "the peer has not had the chance to read yet";
  connection.sent(1000, now_);
  connection.send_blocked();
  EXPECT_EQ(connection.ending(), Ending::slow_reader);
  EXPECT_LT(connection.buffer_capacity(), 100U);
}

TEST_F(ConnectionTest, ClosesAReaderThatTakesNothingForTooLong) {
  Connection connection = make(echo_whole_lines);
  connection.received("hello\n", now_);
  pass(59s);
  connection.sent(1, now_);
  pass(59s);
  connection.received("more\n", now_);  // sending is not reading
  connection.time_passed(now_);
  EXPECT_FALSE(connection.finished());
  pass(1s);
  EXPECT_EQ(connection.deadline(), now_.steady);
  connection.time_passed(now_);
  EXPECT_EQ(connection.ending(), Ending::slow_reader);
}

TEST_F(ConnectionTest, LetsAReaderTakeItsTimeWithWhatOthersStillUse) {
  TextLender lender;
  Connection connection = make([&](Bytes input, Output& output) {
    output.append(lender.lend(lender.text));
    return Progress{input.size(), Wait::input, 0};
  });
  connection.received("x", now_);
  for (int i = 0; i < 10; ++i) {
    pass(50s);
    connection.sent(1, now_);
    connection.time_passed(now_);
    ASSERT_FALSE(connection.finished());
    ASSERT_GT(*connection.deadline(), now_.steady);
  }
  EXPECT_EQ(take_all(connection), std::string(990, 'x'));
  EXPECT_EQ(lender.return_count, 1);
}

TEST_F(ConnectionTest, ClosesAReaderThatKeepsWhatNobodyElseUses) {
  TextLender lender;
  Connection connection = make([&](Bytes input, Output& output) {
    output.append(lender.lend(lender.text));
    return Progress{input.size(), Wait::input, 0};
  });
  connection.received("x", now_);
  lender.has_been_evicted = true;
  pass(50s);
  connection.sent(1, now_);
  connection.time_passed(now_);
  pass(10s);
  connection.time_passed(now_);
  EXPECT_FALSE(connection.finished()) << "from when it was looked at for the first time";
  pass(50s);
  connection.sent(1, now_);
  connection.time_passed(now_);
  EXPECT_FALSE(connection.finished());
  pass(10s);
  connection.time_passed(now_);
  EXPECT_EQ(connection.ending(), Ending::slow_reader);
  EXPECT_EQ(lender.return_count, 1);
}

}  // namespace
}  // namespace larder::transport
