// One connection: requests in any cut, answers in order, calls to the cache under way meanwhile. Method: a
// runner that keeps the calls until the test answers them; bytes go in as a transport would bring them.
#include "web/web_handler.h"

#include <deque>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace larder::web {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class HeldRunner final : public CallRunner {
 public:
  bool start(CacheCall call, Done done) override {
    if (full) return false;
    calls.emplace_back(std::move(call), std::move(done));
    return true;
  }
  void answer_first(std::string body) {
    auto [call, done] = std::move(calls.front());
    calls.pop_front();
    done({.body = std::move(body)});
  }

  bool full = false;
  std::deque<std::pair<CacheCall, Done>> calls;
};

class CountingWaker final : public transport::Waker {
 public:
  void wake() override {
    if (failure_count > 0) {
      --failure_count;
      throw std::bad_alloc();
    }
    ++count;
  }
  void close() override {}
  int count = 0;
  int failure_count = 0;
};

/// A connection as a transport keeps one: input that is not consumed is presented again.
class WebHandlerTest : public testing::Test {
 protected:
  WebHandlerTest() { handler_->attach(waker_); }

  Wait feed(Bytes bytes) {
    input_.append(bytes);
    return advance();
  }
  Wait advance() {
    const Progress progress = handler_->advance(input_, Now{}, output_);
    EXPECT_LE(progress.consumed, input_.size());
    input_.erase(0, progress.consumed);
    return progress.wait;
  }
  std::string taken() {
    std::string bytes(output_.pending());
    output_.clear();
    return bytes;
  }

  HeldRunner runner_;
  WebLimits limits_;
  WebCounts counts_;
  MemoryBudget budget_{std::size_t{5} << 20, counts_};
  std::shared_ptr<CountingWaker> waker_ = std::make_shared<CountingWaker>();
  const std::vector<std::string> origins_;
  std::unique_ptr<WebHandler> handler_ =
      std::make_unique<WebHandler>(runner_, limits_, budget_, PageRules{.allowed_origins = origins_});
  std::string input_;
  Output output_;
};

constexpr Bytes get_k = "GET /api/storage/?key=k HTTP/1.1\r\nHost: h\r\n\r\n";
constexpr Bytes get_health = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";
constexpr Bytes post_k =
    "POST /api/storage/ HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    "Content-Length: 3\r\n\r\nk=v";

TEST_F(WebHandlerTest, AsksTheCacheAndAnswersWhenWoken) {
  EXPECT_EQ(feed(get_k), Wait::wake);
  EXPECT_EQ(advance(), Wait::wake) << "woken for nothing";
  EXPECT_EQ(taken(), "");
  runner_.answer_first("value");
  EXPECT_EQ(waker_->count, 1);
  EXPECT_EQ(advance(), Wait::input);
  const std::string response = taken();
  EXPECT_THAT(response, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(response, EndsWith("\r\n\r\nvalue"));
}

TEST_F(WebHandlerTest, ReadsRequestsInAnyCut) {
  for (std::size_t cut = 1; cut < post_k.size(); ++cut) {
    EXPECT_EQ(feed(post_k.substr(0, cut)), Wait::input);
    EXPECT_EQ(feed(post_k.substr(cut)), Wait::wake);
    runner_.answer_first("done");
    EXPECT_EQ(advance(), Wait::input);
    EXPECT_THAT(taken(), EndsWith("done"));
  }
}

TEST_F(WebHandlerTest, AnswersPipelinedRequestsInOrder) {
  EXPECT_EQ(feed(std::string(get_k) + std::string(get_health) + std::string(get_k)), Wait::wake);
  EXPECT_EQ(runner_.calls.size(), 1U) << "one call at a time";
  runner_.answer_first("first");
  EXPECT_EQ(advance(), Wait::wake);
  const std::string responses = taken();
  EXPECT_LT(responses.find("first"), responses.find("ok\n"));
  runner_.answer_first("third");
  EXPECT_EQ(advance(), Wait::input);
  EXPECT_THAT(taken(), EndsWith("third"));
}

TEST_F(WebHandlerTest, SaysSoWhenThereIsNoRoomForACall) {
  runner_.full = true;
  EXPECT_EQ(feed(get_k), Wait::input);
  EXPECT_THAT(taken(), StartsWith("HTTP/1.1 503 "));
  runner_.full = false;
  EXPECT_EQ(feed(get_k), Wait::wake) << "the connection is kept";
}

TEST_F(WebHandlerTest, IsWokenThoughMemoryRanOut) {
  EXPECT_EQ(feed(get_k), Wait::wake);
  waker_->failure_count = 2;
  runner_.answer_first("value");
  EXPECT_EQ(waker_->count, 1);
  EXPECT_EQ(advance(), Wait::input);
  EXPECT_THAT(taken(), EndsWith("value"));
}

// The peer may hang up while the cache is asked, and the outcome comes all the same, from another thread.
TEST_F(WebHandlerTest, MayBeGoneWhenTheOutcomeComes) {
  EXPECT_EQ(feed(get_k), Wait::wake);
  handler_.reset();
  std::thread([this] { runner_.answer_first("too late"); }).join();
  EXPECT_EQ(taken(), "");
}

TEST_F(WebHandlerTest, ClosesWhenThePeerAsksForIt) {
  EXPECT_EQ(feed("GET /api/storage/?key=k HTTP/1.0\r\nHost: h\r\n\r\n"), Wait::wake);
  runner_.answer_first("value");
  EXPECT_EQ(advance(), Wait::close);
  EXPECT_THAT(taken(), HasSubstr("Connection: close\r\n"));
}

TEST_F(WebHandlerTest, RefusesWhatIsNoRequestOnceAndCloses) {
  EXPECT_EQ(feed("what is this\r\n\r\n"), Wait::close);
  const std::string response = taken();
  EXPECT_THAT(response, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(response, Not(HasSubstr("what is this")));
}

TEST_F(WebHandlerTest, RefusesABodyBeyondItsBound) {
  EXPECT_EQ(
      feed("POST /api/storage/ HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n"
           "Content-Length: 99999999\r\n\r\n"),
      Wait::close);
  EXPECT_THAT(taken(), StartsWith("HTTP/1.1 413 "));
}

TEST_F(WebHandlerTest, SendsNoBodyToHead) {
  EXPECT_EQ(feed("HEAD /api/storage/?key=k HTTP/1.1\r\nHost: h\r\n\r\n"), Wait::wake);
  runner_.answer_first("value");
  EXPECT_EQ(advance(), Wait::input);
  const std::string response = taken();
  EXPECT_THAT(response, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(response, EndsWith("\r\n\r\n"));
}

TEST_F(WebHandlerTest, LetsABodyComeOnlyIfItCanBeUsed) {
  const std::string head = "Host: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n";
  EXPECT_EQ(feed("POST /api/storage/ HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n" + head +
                 "\r\n"),
            Wait::input);
  EXPECT_THAT(taken(), StartsWith("HTTP/1.1 100 "));
  EXPECT_EQ(feed("k=v"), Wait::wake);
  runner_.answer_first("done");
  EXPECT_EQ(advance(), Wait::input);
  EXPECT_THAT(taken(), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(feed("POST /api/storage/ HTTP/1.1\r\nContent-Type: text/plain\r\n" + head + "\r\n"), Wait::close);
  EXPECT_THAT(taken(), StartsWith("HTTP/1.1 415 "));
}

TEST_F(WebHandlerTest, StopsTakingRequestsWhileItsOutputIsFull) {
  EXPECT_EQ(feed(std::string(get_k) + std::string(get_health)), Wait::wake);
  runner_.answer_first(std::string(Output::turn_size, 'v'));
  EXPECT_EQ(advance(), Wait::output);
  EXPECT_EQ(taken().find("ok\n"), std::string::npos);
  EXPECT_EQ(advance(), Wait::input);
  EXPECT_THAT(taken(), EndsWith("ok\n"));
}

// What others hold leaves no room. Method: a second connection, by its share of the budget.
TEST_F(WebHandlerTest, RefusesABodyForWhichThereIsNoMemory) {
  const std::string head =
      "POST /api/storage/ HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n"
      "Content-Length: 4000000\r\n\r\n";
  MemoryBudget::Share other(budget_);
  ASSERT_TRUE(other.change_to(std::size_t{3} << 20));
  EXPECT_EQ(feed(head), Wait::input) << "announcing a body holds nothing";
  EXPECT_EQ(feed(std::string(1000000, 'k')), Wait::input);
  EXPECT_EQ(feed(std::string(1500000, 'k')), Wait::close);
  EXPECT_THAT(taken(), StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(budget_.held_size(), std::size_t{3} << 20);
  EXPECT_EQ(counts_.requests_refused, 1U);
}

TEST_F(WebHandlerTest, HoldsItsShareWhileACallIsUnderWay) {
  const std::string form = "k=" + std::string(99998, 'v');
  const std::string post_form =
      "POST /api/storage/ HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n"
      "Content-Length: 100000\r\n\r\n" +
      form;
  EXPECT_EQ(feed(post_form), Wait::wake);
  EXPECT_GE(budget_.held_size(), 99999U);
  runner_.answer_first("done");
  EXPECT_EQ(advance(), Wait::input);
  EXPECT_EQ(budget_.held_size(), 0U);
  EXPECT_EQ(feed(post_form), Wait::wake);
  handler_.reset();
  EXPECT_EQ(budget_.held_size(), 0U);
}

TEST_F(WebHandlerTest, AnswersSmallRequestsWhateverOthersHold) {
  MemoryBudget::Share other(budget_);
  ASSERT_TRUE(other.change_to(std::size_t{5} << 20));
  for (const Bytes request : {get_k, post_k}) {
    EXPECT_EQ(feed(request.substr(0, request.size() - 1)), Wait::input);
    EXPECT_EQ(feed(request.substr(request.size() - 1)), Wait::wake);
    runner_.answer_first("done");
    EXPECT_EQ(advance(), Wait::input);
    EXPECT_THAT(taken(), EndsWith("done"));
  }
}

TEST_F(WebHandlerTest, RefusesALargeAnswerWhileOthersAreUntaken) {
  const std::string value(std::size_t{3} << 20, 'v');
  EXPECT_EQ(feed(get_k), Wait::wake);
  runner_.answer_first(value);
  EXPECT_EQ(advance(), Wait::output);
  EXPECT_EQ(budget_.held_size(), value.size());

  WebHandler second(runner_, limits_, budget_, PageRules{.allowed_origins = origins_});
  second.attach(waker_);
  Output second_output;
  EXPECT_EQ(second.advance(get_k, Now{}, second_output).wait, Wait::wake);
  runner_.answer_first(value);
  EXPECT_EQ(second.advance("", Now{}, second_output).wait, Wait::input);
  EXPECT_THAT(second_output.pending(), StartsWith("HTTP/1.1 503 "));
  second_output.clear();

  taken();
  EXPECT_EQ(advance(), Wait::input);
  EXPECT_EQ(budget_.held_size(), 0U);
  EXPECT_EQ(second.advance(get_k, Now{}, second_output).wait, Wait::wake);
  runner_.answer_first(value);
  EXPECT_EQ(second.advance("", Now{}, second_output).wait, Wait::output);
  EXPECT_THAT(second_output.pending(), StartsWith("HTTP/1.1 200 "));
}

}  // namespace
}  // namespace larder::web
