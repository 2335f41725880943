// Requests may arrive in any number of reads. Method: read every sample whole, byte by byte, and cut at each
// position; all must yield the same requests, or the same refusal.
#include "protocol/http/request_parser.h"

#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace larder::protocol::http {
namespace {

/// What came of one run: the requests, and how it ended.
struct Outcome {
  std::vector<Request> requests;
  int status = 0;            // of the refusal; 0: none
  std::string unconsumed{};  // what the parser left behind
};

std::string describe(const Outcome& outcome) {
  std::string text;
  for (const Request& request : outcome.requests) {
    text += request.method + ' ' + request.target + " 1." + std::to_string(request.version_minor) +
            (request.keep_alive ? " keep" : " close") + '\n';
    for (const Header& header : request.headers) text += header.name + '=' + header.value + '\n';
    text += '[' + request.body + "]\n";
  }
  return text + std::to_string(outcome.status);
}

/// A connection: bytes come in pieces, and what was not consumed is presented again.
class Connection {
 public:
  explicit Connection(const RequestLimits& limits = {}) : parser_(limits) {}

  void feed(Bytes piece) {
    outcome_.unconsumed += piece;
    while (outcome_.status == 0) {
      auto result = parser_.next(outcome_.unconsumed);
      outcome_.unconsumed.erase(0, parser_.consumed());
      if (!result) {
        outcome_.status = parser_.error_status();
        EXPECT_NE(outcome_.status, 0);
        EXPECT_FALSE(result.error().message.empty());
        return;
      }
      std::optional<Request> request = *std::move(result);
      if (!request.has_value()) return;
      outcome_.requests.push_back(*std::move(request));
    }
  }

  RequestParser& parser() { return parser_; }
  const Outcome& outcome() const { return outcome_; }

 private:
  RequestParser parser_;
  Outcome outcome_;
};

Outcome read_whole(Bytes bytes, const RequestLimits& limits = {}) {
  Connection connection(limits);
  connection.feed(bytes);
  return connection.outcome();
}

/// Reads in every cut and expects one and the same outcome.
Outcome read_in_every_cut(Bytes bytes, const RequestLimits& limits = {}) {
  const Outcome whole = read_whole(bytes, limits);
  Connection bytewise(limits);
  for (const char byte : bytes) bytewise.feed(Bytes(&byte, 1));
  EXPECT_EQ(describe(bytewise.outcome()), describe(whole)) << "byte by byte";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    Connection halves(limits);
    halves.feed(bytes.substr(0, cut));
    halves.feed(bytes.substr(cut));
    EXPECT_EQ(describe(halves.outcome()), describe(whole)) << "cut at " << cut;
  }
  return whole;
}

TEST(RequestParser, ReadsRequestsHoweverTheyAreCut) {
  using namespace std::string_view_literals;
  const Outcome outcome = read_in_every_cut(
      "PUT /v1/keys/a%20b?ttl=5 HTTP/1.1\r\nHost: cache:8080\r\nX-Empty:\r\nX-Spaces:  a b\t \r\n"
      "Content-Length: 5\r\n\r\nhe\0\r\n"
      "GET / HTTP/1.1\r\nHost:x\r\n\r\nGET"sv);
  ASSERT_EQ(outcome.requests.size(), 2U);
  const Request& put = outcome.requests[0];
  EXPECT_EQ(put.method, "PUT");
  EXPECT_EQ(put.target, "/v1/keys/a%20b?ttl=5");
  EXPECT_EQ(put.body, "he\0\r\n"sv);
  ASSERT_NE(put.find("host"), nullptr);
  EXPECT_EQ(*put.find("host"), "cache:8080");
  EXPECT_EQ(*put.find("x-empty"), "");
  EXPECT_EQ(*put.find("X-SPACES"), "a b");
  EXPECT_EQ(put.find("X-None"), nullptr);
  EXPECT_TRUE(put.keep_alive);
  EXPECT_EQ(outcome.requests[1].target, "/");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.unconsumed, "GET");
}

TEST(RequestParser, JoinsTheChunksOfABody) {
  const Outcome outcome = read_in_every_cut(
      "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "3\r\nabc\r\n00A;name=\"v\"\r\n0123456789\r\n0\r\nTrailer: dropped\r\nContent-MD5: x\r\n\r\n"
      "GET /next HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_EQ(outcome.requests.size(), 2U);
  EXPECT_EQ(outcome.requests[0].body, "abc0123456789");
  EXPECT_EQ(outcome.requests[0].find("Trailer"), nullptr);
  EXPECT_EQ(outcome.requests[1].target, "/next");
}

TEST(RequestParser, ReadsAChunkedBodyOfNothing) {
  const Outcome outcome =
      read_in_every_cut("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  ASSERT_EQ(outcome.requests.size(), 1U);
  EXPECT_EQ(outcome.requests[0].body, "");
}

TEST(RequestParser, ReadsAThousandPipelinedRequests) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  const Outcome outcome = read_whole(bytes);
  ASSERT_EQ(outcome.requests.size(), 1000U);
  EXPECT_EQ(outcome.requests[999].target, "/999");
  EXPECT_EQ(outcome.unconsumed, "");
}

TEST(RequestParser, IgnoresOneEmptyLineBeforeARequest) {
  EXPECT_EQ(read_in_every_cut("\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
                .requests.size(),
            2U);
  EXPECT_EQ(read_in_every_cut("\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n").status, 400);
}

TEST(RequestParser, TellsWhetherTheConnectionStays) {
  const std::pair<Bytes, bool> samples[] = {
      {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: x\r\nConnection: foo , CLOSE\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: x\r\nConnection: foo\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.0\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
      {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
  };
  for (const auto& [bytes, keep_alive] : samples) {
    const Outcome outcome = read_in_every_cut(bytes);
    ASSERT_EQ(outcome.requests.size(), 1U) << bytes;
    EXPECT_EQ(outcome.requests[0].keep_alive, keep_alive) << bytes;
  }
}

TEST(RequestParser, SaysWhenThePeerWaitsForContinue) {
  Connection connection;
  connection.feed("PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r");
  EXPECT_FALSE(connection.parser().awaits_continue());
  EXPECT_EQ(connection.parser().arriving(), nullptr);
  connection.feed("\n");
  EXPECT_TRUE(connection.parser().awaits_continue());
  ASSERT_NE(connection.parser().arriving(), nullptr);
  EXPECT_EQ(connection.parser().arriving()->method, "PUT");
  connection.parser().continue_sent();
  EXPECT_FALSE(connection.parser().awaits_continue());
  connection.feed("ab");
  ASSERT_EQ(connection.outcome().requests.size(), 1U);
  EXPECT_EQ(connection.outcome().requests[0].body, "ab");
  // The next request on the connection asks anew.
  connection.feed("PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_TRUE(connection.parser().awaits_continue());
}

TEST(RequestParser, NeedsNoContinueWhenTheBodyIsThereOrNoneIsAnnounced) {
  Connection early;
  early.feed("PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\na");
  EXPECT_FALSE(early.parser().awaits_continue());
  Connection empty;
  empty.feed("GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_FALSE(empty.parser().awaits_continue());
  EXPECT_EQ(empty.outcome().requests.size(), 1U);
}

TEST(RequestParser, KeepsItsLimitsToTheByteHoweverTheInputIsCut) {
  const RequestLimits limits{
      .request_line_size_max = 40, .header_size_max = 60, .header_count_max = 3, .body_size_max = 10};
  const auto line = [](std::size_t size) {
    return "GET /" + std::string(size - 16, 'k') + " HTTP/1.1\r\n";  // `size` with its CRLF
  };
  EXPECT_EQ(read_in_every_cut(line(40) + "Host: x\r\n\r\n", limits).status, 0);
  EXPECT_EQ(read_in_every_cut(line(41) + "Host: x\r\n\r\n", limits).status, 414);
  EXPECT_EQ(read_in_every_cut(std::string(100, 'G'), limits).status, 414);

  const auto headers = [](std::size_t size) {  // `size` without the empty line
    return "GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(size - 14, 'v') + "\r\n\r\n";
  };
  EXPECT_EQ(read_in_every_cut(headers(58), limits).status, 0);
  EXPECT_EQ(read_in_every_cut(headers(59), limits).status, 431);
  EXPECT_EQ(read_in_every_cut("GET / HTTP/1.1\r\nHost: x\r\nA:\r\nB:\r\n\r\n", limits).status, 0);
  EXPECT_EQ(read_in_every_cut("GET / HTTP/1.1\r\nHost: x\r\nA:\r\nB:\r\nC:\r\n\r\n", limits).status, 431);

  const std::string length = "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: ";
  EXPECT_EQ(read_in_every_cut(length + "10\r\n\r\n0123456789", limits).requests.size(), 1U);
  EXPECT_EQ(read_in_every_cut(length + "11\r\n\r\n", limits).status, 413);
  EXPECT_EQ(read_in_every_cut(length + "18446744073709551615\r\n\r\n", limits).status, 413);

  const std::string chunked = "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(read_in_every_cut(chunked + "5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n", limits).requests.size(), 1U);
  EXPECT_EQ(read_in_every_cut(chunked + "5\r\n01234\r\n6\r\n", limits).status, 413);
  EXPECT_EQ(read_in_every_cut(chunked + "ffffffffffffffff\r\n", limits).status, 413);
  EXPECT_EQ(read_in_every_cut(chunked + "5;e=" + std::string(100, 'v') + "\r\n01234\r\n", limits).status,
            431);
  EXPECT_EQ(read_in_every_cut(chunked + std::string(16, '0') + "5\r\n01234\r\n", limits).status, 400);
  std::string extended = chunked;  // a little with every chunk adds up
  for (int i = 0; i < 8; ++i) extended += "1;12345678\r\na\r\n";
  EXPECT_EQ(read_in_every_cut(extended, limits).status, 431);
  EXPECT_EQ(read_in_every_cut(chunked + "0\r\nT: " + std::string(100, 'v') + "\r\n\r\n", limits).status, 431);
}

TEST(RequestParser, HoldsWhatHasComeAndNotWhatWasAnnounced) {
  Connection connection(RequestLimits{.body_size_max = std::size_t{1} << 30});
  connection.feed("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\nabc");
  ASSERT_NE(connection.parser().arriving(), nullptr);
  EXPECT_LT(connection.parser().arriving()->body.capacity(), 1000U);
}

TEST(RequestParser, ReadsALargeHeaderAndALargeBody) {
  const std::string value(15000, 'v');
  const std::string body(1 << 20, 'b');
  const Outcome outcome =
      read_whole("PUT / HTTP/1.1\r\nHost: x\r\nA: " + value + "\r\nContent-Length: 1048576\r\n\r\n" + body);
  ASSERT_EQ(outcome.requests.size(), 1U);
  EXPECT_EQ(*outcome.requests[0].find("A"), value);
  EXPECT_EQ(outcome.requests[0].body, body);
}

TEST(RequestParser, RepeatsItsRefusalAndReadsNoFurther) {
  RequestParser parser{RequestLimits{}};
  EXPECT_FALSE(parser.next("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n").has_value());
  EXPECT_FALSE(parser.next("GET / HTTP/1.1\r\nHost: x\r\n\r\n").has_value());
  EXPECT_EQ(parser.consumed(), 0U);
  EXPECT_EQ(parser.error_status(), 400);
}

}  // namespace
}  // namespace larder::protocol::http
