// Every kind of reply in both versions of the protocol. Method: the exact bytes of each, from the
// specification of RESP3.
#include "protocol/resp/reply_encoder.h"

#include <cmath>
#include <functional>
#include <gtest/gtest.h>
#include <limits>
#include <string>

namespace larder::protocol {
namespace {

std::string encoded(RespVersion version, const std::function<void(ReplyEncoder&)>& write) {
  Output output;
  ReplyEncoder encoder(output, version);
  write(encoder);
  return std::string(output.pending());
}

void expect_both(const std::function<void(ReplyEncoder&)>& write, const std::string& resp2,
                 const std::string& resp3) {
  EXPECT_EQ(encoded(RespVersion::resp2, write), resp2);
  EXPECT_EQ(encoded(RespVersion::resp3, write), resp3);
}

TEST(ReplyEncoder, WritesWhatBothVersionsShare) {
  expect_both([](auto& e) { e.simple_string("PONG"); }, "+PONG\r\n", "+PONG\r\n");
  expect_both([](auto& e) { e.ok(); }, "+OK\r\n", "+OK\r\n");
  expect_both([](auto& e) { e.error("ERR no"); }, "-ERR no\r\n", "-ERR no\r\n");
  expect_both([](auto& e) { e.integer(std::numeric_limits<std::int64_t>::min()); },
              ":-9223372036854775808\r\n", ":-9223372036854775808\r\n");
  expect_both([](auto& e) { e.bulk("a\r\nb"); }, "$4\r\na\r\nb\r\n", "$4\r\na\r\nb\r\n");
  expect_both([](auto& e) { e.bulk(""); }, "$0\r\n\r\n", "$0\r\n\r\n");
  expect_both([](auto& e) { e.array(3); }, "*3\r\n", "*3\r\n");
}

TEST(ReplyEncoder, WritesWhatTheVersionsTellApart) {
  expect_both([](auto& e) { e.null(); }, "$-1\r\n", "_\r\n");
  expect_both([](auto& e) { e.null_array(); }, "*-1\r\n", "_\r\n");
  expect_both([](auto& e) { e.map(7); }, "*14\r\n", "%7\r\n");
  expect_both([](auto& e) { e.set(2); }, "*2\r\n", "~2\r\n");
  expect_both([](auto& e) { e.push(3); }, "*3\r\n", ">3\r\n");
  expect_both([](auto& e) { e.number(1.5); }, "$3\r\n1.5\r\n", ",1.5\r\n");
  expect_both([](auto& e) { e.number(10); }, "$2\r\n10\r\n", ",10\r\n");
  expect_both([](auto& e) { e.number(-HUGE_VAL); }, "$4\r\n-inf\r\n", ",-inf\r\n");
  expect_both([](auto& e) { e.number(HUGE_VAL); }, "$3\r\ninf\r\n", ",inf\r\n");
  expect_both([](auto& e) { e.number(std::nan("")); }, "$3\r\nnan\r\n", ",nan\r\n");
  expect_both([](auto& e) { e.boolean(true); }, ":1\r\n", "#t\r\n");
  expect_both([](auto& e) { e.boolean(false); }, ":0\r\n", "#f\r\n");
  expect_both([](auto& e) { e.big_number("-123"); }, "$4\r\n-123\r\n", "(-123\r\n");
  expect_both([](auto& e) { e.verbatim("txt", "a\nb"); }, "$3\r\na\nb\r\n", "=7\r\ntxt:a\nb\r\n");
  expect_both([](auto& e) { e.bulk_error("ERR a\r\nb"); }, "-ERR a  b\r\n", "!8\r\nERR a\r\nb\r\n");
}

TEST(ReplyEncoder, LetsNoLineEndThroughIntoALine) {
  expect_both([](auto& e) { e.error("ERR 'a\r\n+OK\r\n'"); }, "-ERR 'a  +OK  '\r\n", "-ERR 'a  +OK  '\r\n");
  expect_both([](auto& e) { e.simple_string("\r\n"); }, "+  \r\n", "+  \r\n");
}

}  // namespace
}  // namespace larder::protocol
