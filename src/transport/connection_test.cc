// One connection's life without a socket. Method: a handler that does as it is told and keeps a record;
// events are told in the order under test, and the answers to "what next?" are compared. Time is moved by
// hand.
#include "transport/connection.h"

#include <gtest/gtest.h>
#include <new>
#include <string>
#include <vector>

#include "base/sizes.h"
#include "transport/connection_test_support.h"

namespace larder::transport {
namespace {

using namespace std::chrono_literals;

TEST_F(ConnectionTest, AnnouncesOnlyWhatTheNextCallBeginsWith) {
  Connection connection = make(echo_whole_lines);
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

TEST_F(ConnectionTest, ShowsTheHandlerWhatItDidNotConsumeTogetherWithWhatFollows) {
  Connection connection = make(echo_whole_lines);
  connection.received("one\ntw", now_);
  EXPECT_EQ(take_all(connection), "one\n");
  connection.received("o", now_);
  connection.received("\nthree\n", now_);
  EXPECT_EQ(take_all(connection), "two\nthree\n");
  EXPECT_EQ(record_.inputs, (std::vector<std::string>{"one\ntw", "two", "two\nthree\n"}));
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

TEST_F(ConnectionTest, SendsAPeerThatHasEndedWhatHeIsOwedBeforeAPause) {
  for (const bool is_told_first : {false, true}) {
    Connection connection = make([&](Bytes, Output& output) {
      output.append("answered");
      return Progress{1, Wait::pause, 0};
    });
    connection.received("abc", now_);
    if (is_told_first) connection.received_end(now_);
    connection.peer_left(now_);
    EXPECT_FALSE(connection.finished());
    EXPECT_EQ(take_all(connection), "answered");
    if (!is_told_first) {
      shut(connection);
      connection.received_end(now_);
    }
    EXPECT_EQ(connection.ending(), Ending::complete);
    EXPECT_EQ(record_.inputs.size(), is_told_first ? 2U : 1U);
  }
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
  const std::string chunk(mib, 'x');
  for (std::size_t size = 0; size < Connection::linger_size_max; size += chunk.size()) {
    EXPECT_FALSE(by_size.finished());
    by_size.received(chunk, now_);
  }
  by_size.received("x", now_);
  EXPECT_EQ(by_size.ending(), Ending::complete);
}

TEST_F(ConnectionTest, SendsWhatIsOwedToAPeerThatHasEnded) {
  Connection connection = make(echo_whole_lines);
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
  Connection connection = make(echo_whole_lines);
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

TEST_F(ConnectionTest, ClosesAPeerThatIsAStrangerForTooLongWhateverHeDoes) {
  limits_.stranger_time_max = 5s;
  record_.is_stranger = true;
  record_.last_words = "bye";
  Connection connection = make(echo_whole_lines);
  Connection owing = make(echo_whole_lines);
  Connection waiting = make([](Bytes, Output&) { return Progress{0, Wait::wake, 0}; });
  EXPECT_EQ(connection.deadline(), now_.steady + 5s);
  for (int i = 0; i < 5; ++i) {
    connection.received("x\n", now_);
    take_all(connection);
    pass(1s);
  }
  owing.received("not taken\n", now_);
  waiting.received("x", now_);
  for (Connection* const late : {&connection, &owing, &waiting}) {
    late->time_passed(now_);
    EXPECT_TRUE(take_all(*late).ends_with("bye"));
    shut(*late);
    late->received_end(now_);
    EXPECT_EQ(late->ending(), Ending::stranger);
  }
}

TEST_F(ConnectionTest, LetsAPeerStayWhoIsNoStrangerInTime) {
  limits_.stranger_time_max = 5s;
  record_.is_stranger = true;
  Connection connection = make(echo_whole_lines);
  connection.received("who\n", now_);
  record_.is_stranger = false;
  connection.received("me\n", now_);
  take_all(connection);
  EXPECT_EQ(connection.deadline(), std::nullopt);
  record_.is_stranger = true;
  connection.received("again\n", now_);
  take_all(connection);
  EXPECT_EQ(connection.deadline(), std::nullopt) << "once is enough";
  Connection known = make(echo_whole_lines);
  EXPECT_EQ(known.deadline(), now_.steady + 5s);
  pass(5s);
  record_.is_stranger = false;
  known.time_passed(now_);
  EXPECT_FALSE(known.finished()) << "nobody asks who he is any more";
}

TEST_F(ConnectionTest, TakesAnotherIdleTimeoutWhileItIsSilent) {
  Connection connection = make(echo_whole_lines);
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
  Connection connection = make(echo_whole_lines);
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
  Connection connection = make(echo_whole_lines);
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
  Connection connection = make(echo_whole_lines);
  connection.shut_down(now_);
  EXPECT_EQ(take_all(connection), "bye");
  shut(connection);
  connection.received_end(now_);
  EXPECT_EQ(connection.ending(), Ending::complete);

  Connection owing = make(echo_whole_lines);
  owing.received("a\n", now_);
  owing.shut_down(now_);
  EXPECT_EQ(take_all(owing), "a\nbye") << "behind what was owed";

  Connection left = make(echo_whole_lines);
  left.received_end(now_);
  EXPECT_TRUE(left.finished()) << "nobody is there to be told";
  EXPECT_EQ(record_.closing_count, 2U);
}

TEST_F(ConnectionTest, EndsAloneWhenItsHandlerHasNoMemoryForLastWords) {
  record_.fails_at_the_end = true;
  record_.idle_timeout = 10s;
  Connection stopped = make(echo_whole_lines);
  stopped.shut_down(now_);
  EXPECT_EQ(stopped.ending(), Ending::failed);
  Connection silent = make(echo_whole_lines);
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

TEST_F(ConnectionTest, StaysFinishedWhateverFollows) {
  Connection connection = make(echo_whole_lines);
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
