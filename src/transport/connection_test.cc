// One connection's life without a socket. Method: a handler that does as it is told and keeps a record;
// events are told in the order under test, and the answers to "what next?" are compared. Time is moved by
// hand.
#include "transport/connection.h"

#include <functional>
#include <gtest/gtest.h>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace larder::transport {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t mebibyte = std::size_t{1} << 20;

using Script = std::function<Progress(Bytes input, Output& output)>;

struct Record {
  std::size_t held_size = 0;
  std::vector<std::string> inputs;
  std::vector<std::string> announced;
  Duration idle_timeout{0};
  std::string last_words;
  std::size_t closing_count = 0;
  bool fails_at_the_end = false;
};

class ScriptedHandler final : public Handler {
 public:
  ScriptedHandler(Script script, Record& record) : script_(std::move(script)), record_(record) {}
  Progress advance(Bytes input, const Now& /*now*/, Output& output) override {
    record_.inputs.emplace_back(input.substr(0, 100));
    return script_(input, output);
  }
  void announced(Bytes input) override { record_.announced.emplace_back(input); }
  void closing(Output& output) override {
    if (record_.fails_at_the_end) throw std::bad_alloc();
    ++record_.closing_count;
    output.append(record_.last_words);
  }
  std::size_t held_size() const override { return record_.held_size; }
  Duration idle_timeout() const override { return record_.idle_timeout; }

 private:
  Script script_;
  Record& record_;
};

/// Answers each line with itself.
Progress echo_lines(Bytes input, Output& output) {
  const std::size_t end = input.rfind('\n');
  const std::size_t size = end == Bytes::npos ? 0 : end + 1;
  output.append(input.substr(0, size));
  return {size, Wait::input, 0};
}

class ConnectionTest : public testing::Test {
 protected:
  Connection make(Script script) {
    return {std::make_unique<ScriptedHandler>(std::move(script), record_), limits_, spare_outputs_, now_};
  }
  void pass(Duration time) {
    now_.steady += time;
    now_.wall += time;
  }
  /// The peer takes all that is pending.
  std::string take_all(Connection& connection) {
    std::string taken(connection.owed().text());
    connection.sent(taken.size(), now_);
    return taken;
  }
  /// All is sent, and the socket's write side is shut.
  void shut(Connection& connection) {
    ASSERT_TRUE(connection.must_shut_write_side());
    connection.write_side_shut(now_);
  }

  ConnectionLimits limits_{.output_size_max = 4 * mebibyte, .output_time_max = 60s};
  SpareOutputs spare_outputs_;
  Now now_{TimePoint{1'000'000s}, SteadyTime{1000s}};
  Record record_;
};

TEST_F(ConnectionTest, AnnouncesOnlyWhatTheNextCallBeginsWith) {
  Connection connection = make(echo_lines);
  connection.announced("one\n");
  connection.received("one\n", now_);
  connection.announced("two\n");  // while the last reply still waits to leave
  connection.received("tw", now_);
  connection.announced("o\n");  // behind what is held
  connection.received("o\n", now_);
  EXPECT_EQ(take_all(connection), "one\ntwo\n");
  connection.shut_down(now_);
  connection.announced("three\n");
  EXPECT_EQ(record_.announced, (std::vector<std::string>{"one\n", "two\n"}));
}

TEST_F(ConnectionTest, KeepsNoBufferOnceAllHasLeftHoweverManyOwedSomethingAtOnce) {
  Connection first = make(echo_lines);
  Connection second = make(echo_lines);
  Connection third = make(echo_lines);
  const std::string line = std::string(1000, 'x') + '\n';
  for (Connection* connection : {&first, &second, &third}) connection->received(line, now_);
  for (Connection* connection : {&third, &first, &second}) {
    EXPECT_EQ(take_all(*connection), line);
    EXPECT_EQ(connection->buffer_capacity(), 0U);
  }
  EXPECT_EQ(spare_outputs_.count(), 3U);
}

TEST_F(ConnectionTest, IsReadUntilMoreIsUnsentThanWaitsForAReader) {
  limits_.unread_output_size = 3 * mebibyte;
  Connection connection = make([](Bytes input, Output& output) {
    std::size_t consumed = 0;
    for (; consumed < input.size() && !output.full(); ++consumed)
      output.append(std::string(mebibyte / 4, 'x'));
    return Progress{consumed, consumed < input.size() ? Wait::output : Wait::input, 0};
  });
  const std::string requests(100, '.');
  connection.received(requests, now_);
  EXPECT_EQ(connection.owed().size(), mebibyte) << "one call's share";
  while (connection.must_resume()) connection.resume(now_);
  EXPECT_EQ(connection.owed().size(), 3 * mebibyte);
  EXPECT_FALSE(connection.wants_input());
  connection.sent(mebibyte, now_);
  EXPECT_TRUE(connection.must_resume());
  connection.resume(now_);
  EXPECT_EQ(connection.owed().size(), 3 * mebibyte);
}

TEST_F(ConnectionTest, WaitsForRoomInTheBuffersOfAll) {
  BufferBudget budget(64 * mebibyte, 1);
  BufferBudget::Share& others = budget.share(0);
  limits_.buffers = &others;
  Connection connection = make(echo_lines);
  others.resize(0, 65 * mebibyte);
  EXPECT_FALSE(connection.wants_input());
  EXPECT_TRUE(connection.is_held_up());
  connection.received("one\n", now_);  // it was under way
  EXPECT_TRUE(connection.owed().empty());
  EXPECT_FALSE(connection.must_resume());
  others.resize(65 * mebibyte, 0);
  EXPECT_TRUE(connection.must_resume());
  connection.resume(now_);
  others.resize(0, 65 * mebibyte);
  EXPECT_FALSE(connection.is_held_up()) << "what it is owed leaves first";
  EXPECT_EQ(take_all(connection), "one\n");
  EXPECT_TRUE(connection.is_held_up());
  EXPECT_EQ(connection.deadline(), std::nullopt);
  connection.shut_down(now_);
  EXPECT_FALSE(connection.is_held_up()) << "it has nothing more to ask for";
}

TEST_F(ConnectionTest, IsServedWhileRoomIsScarceOnlyIfItIsKnownToNeedLittle) {
  BufferBudget budget(64 * mebibyte, 1);
  BufferBudget::Share& others = budget.share(0);
  limits_.buffers = &others;
  Connection connection = make([](Bytes input, Output& output) {
    output.append(std::string(input == "much" ? 100'000 : 1, 'x'));
    return Progress{input.size(), Wait::input, 0};
  });
  others.resize(0, 50 * mebibyte);
  EXPECT_TRUE(connection.is_held_up()) << "nobody knows it yet";
  others.resize(50 * mebibyte, 0);
  connection.received("little", now_);
  EXPECT_EQ(take_all(connection), "x");
  others.resize(0, 50 * mebibyte);
  EXPECT_TRUE(connection.wants_input());
  connection.received("much", now_);
  EXPECT_EQ(take_all(connection).size(), 100'000U);
  EXPECT_TRUE(connection.is_held_up());
  EXPECT_FALSE(connection.wants_input());
}

TEST_F(ConnectionTest, IsIdleForAsLongAsItWaitsForRoomWithoutBeingClosedForThat) {
  BufferBudget budget(64 * mebibyte, 1);
  limits_.buffers = &budget.share(0);
  record_.idle_timeout = 30s;
  Connection connection = make(echo_lines);
  budget.share(0).resize(0, 65 * mebibyte);
  pass(60s);
  connection.time_passed(now_);
  EXPECT_FALSE(connection.finished());
}

TEST_F(ConnectionTest, ShowsTheHandlerWhatItDidNotConsumeTogetherWithWhatFollows) {
  Connection connection = make(echo_lines);
  connection.received("one\ntw", now_);
  EXPECT_EQ(take_all(connection), "one\n");
  connection.received("o", now_);
  connection.received("\nthree\n", now_);
  EXPECT_EQ(take_all(connection), "two\nthree\n");
  EXPECT_EQ(record_.inputs, (std::vector<std::string>{"one\ntw", "two", "two\nthree\n"}));
}

TEST_F(ConnectionTest, HoldsNoBufferWhileNothingIsUnderWay) {
  Connection connection = make(echo_lines);
  for (int i = 0; i < 3; ++i) {
    connection.received(std::string(10'000, 'x') + "\n", now_);
    EXPECT_GT(connection.buffer_capacity(), 10'000U);
    EXPECT_EQ(take_all(connection).size(), 10'001U);
    EXPECT_LT(connection.buffer_capacity(), 100U);
  }
  EXPECT_EQ(spare_outputs_.count(), 1U) << "the next connection to write should not have to allocate";
}

TEST_F(ConnectionTest, HoldsNoBufferAfterOthersHadTheirsAtTheSameTime) {
  Connection first = make(echo_lines);
  Connection second = make(echo_lines);
  first.received(std::string(20'000, 'x') + "\n", now_);
  second.received(std::string(10'000, 'x') + "\n", now_);
  take_all(first);
  take_all(second);
  EXPECT_EQ(first.buffer_capacity(), 0U);
  EXPECT_EQ(second.buffer_capacity(), 0U) << "a spare one is there already, and it is larger";
}

TEST_F(ConnectionTest, CountsWhatItsHandlerHolds) {
  const Connection connection = make(echo_lines);
  const std::size_t own = connection.buffer_capacity();
  record_.held_size = 5000;
  EXPECT_EQ(connection.buffer_capacity(), own + 5000);
}

TEST_F(ConnectionTest, WaitsForAsManyBytesAsTheHandlerAskedFor) {
  Connection connection = make([](Bytes input, Output&) {
    return input.size() < 1000 ? Progress{0, Wait::input, 1000} : Progress{input.size(), Wait::input, 0};
  });
  for (int i = 0; i < 100; ++i) connection.received("0123456789", now_);
  ASSERT_EQ(record_.inputs.size(), 2U);
  EXPECT_EQ(record_.inputs[0].size(), 10U);
  EXPECT_EQ(connection.buffer_capacity(), 0U);
}

TEST_F(ConnectionTest, IsNotReadPastTheHighWaterMarkAndGoesOnBelowIt) {
  int calls = 0;
  Connection connection = make([&](Bytes input, Output& output) {
    if (++calls == 1) {
      output.append(std::string(2 * mebibyte, 'x'));
      return Progress{1, Wait::output, 0};
    }
    return Progress{input.size(), Wait::input, 0};
  });
  connection.received("abc", now_);
  EXPECT_FALSE(connection.wants_input());
  EXPECT_FALSE(connection.must_resume());
  connection.sent(mebibyte, now_);
  EXPECT_FALSE(connection.must_resume()) << "exactly at the mark";
  connection.sent(1, now_);
  EXPECT_TRUE(connection.must_resume());
  connection.resume(now_);
  EXPECT_EQ(record_.inputs.back(), "bc");
  EXPECT_TRUE(connection.wants_input());
}

TEST_F(ConnectionTest, IsNotReadPastTheHighWaterMarkEvenIfTheHandlerAsksForInput) {
  Connection connection = make([](Bytes input, Output& output) {
    output.append(std::string(2 * mebibyte, 'x'));
    return Progress{input.size(), Wait::input, 0};
  });
  connection.received("a", now_);
  EXPECT_FALSE(connection.wants_input());
  connection.received("b", now_);  // was on its way already
  EXPECT_EQ(record_.inputs.size(), 1U);
  connection.sent(2 * mebibyte, now_);
  ASSERT_TRUE(connection.must_resume());
  connection.resume(now_);
  EXPECT_EQ(record_.inputs.back(), "b");
}

TEST_F(ConnectionTest, ClosesAReaderThatLeavesTooMuchUnsent) {
  Connection connection = make([](Bytes input, Output& output) {
    output.append(std::string(5 * mebibyte, 'x'));
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
  Connection connection = make(echo_lines);
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

TEST_F(ConnectionTest, IsNotReadWhileItWaitsToBeWoken) {
  Wait next = Wait::wake;
  Connection connection = make([&](Bytes input, Output& output) {
    if (next == Wait::wake) return Progress{1, std::exchange(next, Wait::input), 0};
    output.append("done");
    return Progress{input.size(), Wait::input, 0};
  });
  connection.received("abc", now_);
  EXPECT_FALSE(connection.wants_input());
  EXPECT_FALSE(connection.must_resume());
  EXPECT_EQ(connection.deadline(), std::nullopt) << "the answer is owed by us";
  connection.woken(now_);
  EXPECT_EQ(record_.inputs, (std::vector<std::string>{"abc", "bc"}));
  EXPECT_EQ(take_all(connection), "done");
}

TEST_F(ConnectionTest, APauseIsNotWorthKeepingItForAPeerThatHasEnded) {
  Wait next = Wait::pause;
  Connection connection = make([&](Bytes input, Output& output) {
    if (next == Wait::pause) return Progress{0, std::exchange(next, Wait::input), 0};
    output.append(input);
    return Progress{input.size(), Wait::input, 0};
  });
  EXPECT_FALSE(connection.ends_with_peer());
  connection.received("abc", now_);
  EXPECT_TRUE(connection.ends_with_peer());
  EXPECT_FALSE(connection.wants_input());
  connection.woken(now_);
  EXPECT_FALSE(connection.ends_with_peer());
  EXPECT_EQ(take_all(connection), "abc");
}

TEST_F(ConnectionTest, IsWokenWhileItWaitsForInputToo) {
  Connection connection = make([&](Bytes input, Output& output) {
    if (record_.inputs.size() > 1) output.append("news");
    return Progress{0, Wait::input, input.size() + 100};
  });
  connection.received("abc", now_);
  connection.woken(now_);
  EXPECT_EQ(record_.inputs, (std::vector<std::string>{"abc", "abc"}));
  EXPECT_EQ(take_all(connection), "news");
  EXPECT_TRUE(connection.idle());
  EXPECT_TRUE(connection.wants_input());
}

TEST_F(ConnectionTest, LingersAfterTheLastReplyUntilThePeerEnds) {
  Connection connection = make([](Bytes input, Output& output) {
    output.append("bye");
    return Progress{input.size(), Wait::close, 0};
  });
  connection.received("quit", now_);
  EXPECT_FALSE(connection.must_shut_write_side()) << "the reply goes first";
  connection.received("what still comes", now_);
  EXPECT_EQ(take_all(connection), "bye");
  shut(connection);
  EXPECT_TRUE(connection.wants_input()) << "to throw it away";
  connection.received("is thrown away", now_);
  EXPECT_EQ(record_.inputs.size(), 1U);
  EXPECT_FALSE(connection.finished());
  connection.received_end(now_);
  EXPECT_EQ(connection.ending(), Ending::complete);
}

TEST_F(ConnectionTest, LingersForABoundedTimeAndSize) {
  const auto close = [](Bytes input, Output&) { return Progress{input.size(), Wait::close, 0}; };
  Connection by_time = make(close);
  by_time.received("quit", now_);
  shut(by_time);
  pass(Connection::linger_time_max - 1ms);
  by_time.received("x", now_);  // does not prolong it
  by_time.time_passed(now_);
  EXPECT_FALSE(by_time.finished());
  pass(1ms);
  by_time.time_passed(now_);
  EXPECT_EQ(by_time.ending(), Ending::complete);

  Connection by_size = make(close);
  by_size.received("quit", now_);
  shut(by_size);
  const std::string chunk(mebibyte, 'x');
  for (std::size_t size = 0; size < Connection::linger_size_max; size += chunk.size()) {
    EXPECT_FALSE(by_size.finished());
    by_size.received(chunk, now_);
  }
  by_size.received("x", now_);
  EXPECT_EQ(by_size.ending(), Ending::complete);
}

TEST_F(ConnectionTest, SendsWhatIsOwedToAPeerThatHasEnded) {
  Connection connection = make(echo_lines);
  connection.received("hello\nhalf a li", now_);
  connection.received_end(now_);
  EXPECT_FALSE(connection.finished());
  EXPECT_FALSE(connection.wants_input());
  EXPECT_EQ(take_all(connection), "hello\n");
  EXPECT_EQ(connection.ending(), Ending::complete);
}

TEST_F(ConnectionTest, AnswersWhatIsUnderWayForAPeerThatHasEnded) {
  for (const Wait wait : {Wait::output, Wait::wake}) {
    record_.inputs.clear();
    bool first = true;
    Connection connection = make([&](Bytes input, Output& output) {
      if (std::exchange(first, false)) return Progress{0, wait, 0};
      output.append(input);
      return Progress{input.size(), Wait::input, 0};
    });
    connection.received("abc", now_);
    connection.received_end(now_);
    EXPECT_FALSE(connection.finished());
    connection.woken(now_);
    connection.resume(now_);
    EXPECT_EQ(take_all(connection), "abc");
    EXPECT_EQ(connection.ending(), Ending::complete);
  }
}

TEST_F(ConnectionTest, ClosesAPeerThatIsSilentWhileNothingIsOwed) {
  record_.idle_timeout = 10s;
  Connection connection = make(echo_lines);
  EXPECT_EQ(connection.deadline(), now_.steady + 10s) << "a peer that never says a word counts, too";
  pass(9s);
  connection.received("half", now_);
  EXPECT_EQ(connection.deadline(), now_.steady + 10s);
  connection.received("\n", now_);
  EXPECT_EQ(connection.deadline(), now_.steady + 60s) << "output is owed: not its silence counts";
  pass(9s);
  take_all(connection);
  pass(9s);
  connection.time_passed(now_);
  EXPECT_FALSE(connection.finished());
  pass(1s);
  connection.time_passed(now_);
  EXPECT_EQ(connection.ending(), Ending::idle);
}

TEST_F(ConnectionTest, TakesAnotherIdleTimeoutWhileItIsSilent) {
  Connection connection = make(echo_lines);
  pass(9s);
  EXPECT_EQ(connection.deadline(), std::nullopt);
  record_.idle_timeout = 10s;
  connection.idle_timeout_changed();
  EXPECT_EQ(connection.deadline(), now_.steady + 1s) << "it was silent for nine";
  record_.idle_timeout = 0s;
  connection.idle_timeout_changed();
  EXPECT_EQ(connection.deadline(), std::nullopt);
}

TEST_F(ConnectionTest, CountsSilenceFromItsOwnLateAnswer) {
  record_.idle_timeout = 10s;
  bool first = true;
  Connection connection = make([&](Bytes input, Output&) {
    return std::exchange(first, false) ? Progress{0, Wait::wake, 0} : Progress{input.size(), Wait::input, 0};
  });
  connection.received("x", now_);
  pass(30s);
  connection.woken(now_);
  EXPECT_EQ(connection.deadline(), now_.steady + 10s);
}

TEST_F(ConnectionTest, ShutsDownAtOnceWhenNothingIsOwed) {
  Connection connection = make(echo_lines);
  connection.received("half a li", now_);
  EXPECT_TRUE(connection.idle());
  connection.shut_down(now_);
  EXPECT_TRUE(connection.must_shut_write_side());
  connection.received("ne\n", now_);
  EXPECT_EQ(record_.inputs.size(), 1U) << "no request is taken any more";
}

TEST_F(ConnectionTest, ShutsDownAfterWhatIsUnderWay) {
  bool first = true;
  Connection connection = make([&](Bytes input, Output& output) {
    if (std::exchange(first, false)) return Progress{input.size(), Wait::wake, 0};
    output.append("late");
    return Progress{input.size(), Wait::input, 0};
  });
  connection.received("abc", now_);
  connection.shut_down(now_);
  EXPECT_FALSE(connection.must_shut_write_side());
  connection.woken(now_);
  EXPECT_EQ(take_all(connection), "late");
  EXPECT_TRUE(connection.must_shut_write_side());
}

TEST_F(ConnectionTest, SendsTheLastWordsOfAHandlerWhosePeerWasSilentForTooLong) {
  record_.idle_timeout = 10s;
  record_.last_words = "bye";
  Connection connection = make(echo_lines);
  connection.received("half", now_);
  pass(10s);
  connection.time_passed(now_);
  EXPECT_FALSE(connection.finished());
  EXPECT_EQ(take_all(connection), "bye");
  shut(connection);
  connection.received("late\n", now_);
  EXPECT_EQ(record_.inputs.size(), 1U) << "it is not called again";
  EXPECT_EQ(record_.closing_count, 1U);
  connection.received_end(now_);
  EXPECT_EQ(connection.ending(), Ending::idle);
}

TEST_F(ConnectionTest, SendsTheLastWordsOfAHandlerWhoseLoopShutsDown) {
  record_.last_words = "bye";
  Connection connection = make(echo_lines);
  connection.shut_down(now_);
  EXPECT_EQ(take_all(connection), "bye");
  shut(connection);
  connection.received_end(now_);
  EXPECT_EQ(connection.ending(), Ending::complete);

  Connection owing = make(echo_lines);
  owing.received("a\n", now_);
  owing.shut_down(now_);
  EXPECT_EQ(take_all(owing), "a\nbye") << "behind what was owed";

  Connection left = make(echo_lines);
  left.received_end(now_);
  EXPECT_TRUE(left.finished()) << "nobody is there to be told";
  EXPECT_EQ(record_.closing_count, 2U);
}

TEST_F(ConnectionTest, EndsAloneWhenItsHandlerHasNoMemoryForLastWords) {
  record_.fails_at_the_end = true;
  record_.idle_timeout = 10s;
  Connection stopped = make(echo_lines);
  stopped.shut_down(now_);
  EXPECT_EQ(stopped.ending(), Ending::failed);
  Connection silent = make(echo_lines);
  pass(10s);
  silent.time_passed(now_);
  EXPECT_TRUE(silent.finished());
}

TEST_F(ConnectionTest, EndsAloneWhenItsHandlerRunsOutOfMemory) {
  Connection connection = make([](Bytes, Output& output) -> Progress {
    output.append("half a reply");
    throw std::bad_alloc();
  });
  connection.received("x", now_);
  EXPECT_EQ(connection.ending(), Ending::failed);
  EXPECT_TRUE(connection.owed().empty());
}

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

TEST_F(ConnectionTest, StaysFinishedWhateverFollows) {
  Connection connection = make(echo_lines);
  connection.lost();
  connection.received("hello\n", now_);
  connection.received_end(now_);
  connection.woken(now_);
  connection.resume(now_);
  connection.shut_down(now_);
  connection.write_side_shut(now_);
  connection.send_blocked();
  connection.time_passed(now_);
  EXPECT_EQ(connection.ending(), Ending::lost);
  EXPECT_TRUE(record_.inputs.empty());
  EXPECT_FALSE(connection.wants_input());
  EXPECT_EQ(connection.deadline(), std::nullopt);
}

}  // namespace
}  // namespace larder::transport
