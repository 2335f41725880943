// A reply may arrive in any number of reads. Method: decode every sample whole, byte by byte and cut at each
// position, and encode what was decoded again; all must agree. Broken and oversize replies must end in an
// error of the right kind however they are cut.
#include "protocol/resp/reply_decoder.h"

#include <cmath>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace larder::protocol {
namespace {

struct ReplyOutcome {
  std::vector<Reply> replies;
  std::optional<ErrorKind> error;
};

/// A client's buffer: what the decoder took is dropped.
class ReplyReader {
 public:
  explicit ReplyReader(const ReplyLimits& limits) : decoder_(limits) {}

  void feed(Bytes bytes) {
    buffer_.append(bytes);
    while (!outcome_.error) {
      auto next = decoder_.next(buffer_);
      if (!next) {
        outcome_.error = next.error().kind;
        return;
      }
      buffer_.erase(0, decoder_.consumed());
      std::optional<Reply>& reply = *next;
      if (!reply) return;
      outcome_.replies.push_back(std::move(*reply));
    }
  }

  const ReplyOutcome& outcome() const { return outcome_; }
  std::size_t buffer_size() const { return buffer_.size(); }
  bool idle() const { return decoder_.idle() && buffer_.empty(); }

 private:
  ReplyDecoder decoder_;
  std::string buffer_;
  ReplyOutcome outcome_;
};

ReplyOutcome decode(const std::vector<Bytes>& pieces, const ReplyLimits& limits = {}) {
  ReplyReader reader(limits);
  for (const Bytes piece : pieces) reader.feed(piece);
  return reader.outcome();
}

std::vector<Reply> decode_however_cut(Bytes bytes) {
  const ReplyOutcome whole = decode({bytes});
  EXPECT_FALSE(whole.error) << bytes;
  ReplyReader bytewise({});
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytewise.feed(bytes.substr(i, 1));
    const ReplyOutcome cut = decode({bytes.substr(0, i), bytes.substr(i)});
    EXPECT_FALSE(cut.error) << bytes;
    EXPECT_EQ(cut.replies, whole.replies) << bytes << " cut at " << i;
  }
  EXPECT_EQ(bytewise.outcome().replies, whole.replies) << bytes;

  Output output;
  ReplyEncoder encoder(output, RespVersion::resp3);
  for (const Reply& reply : whole.replies) encode_reply(reply, encoder);
  EXPECT_EQ(decode({output.pending()}).replies, whole.replies) << bytes;
  return whole.replies;
}

Reply decode_one(Bytes bytes) {
  const auto replies = decode_however_cut(bytes);
  EXPECT_EQ(replies.size(), 1U) << bytes;
  return replies.empty() ? Reply{} : replies.front();
}

TEST(ReplyDecoder, ReadsEveryScalar) {
  EXPECT_EQ(decode_one("+PONG\r\n").text, "PONG");
  EXPECT_EQ(decode_one("-ERR no\r\n").text, "ERR no");
  EXPECT_TRUE(decode_one("-ERR no\r\n").is_error());
  EXPECT_EQ(decode_one(":-42\r\n").integer, -42);
  EXPECT_EQ(decode_one(":+42\r\n").integer, 42);
  EXPECT_EQ(decode_one("$6\r\na\r\nb\r\n\r\n").text, "a\r\nb\r\n");
  EXPECT_EQ(decode_one("$0\r\n\r\n").kind, Reply::Kind::bulk);
  for (const Bytes null : {"$-1\r\n", "*-1\r\n", "_\r\n"}) EXPECT_TRUE(decode_one(null).is_null());
  EXPECT_EQ(decode_one(",-1.5e3\r\n").number, -1500.0);
  EXPECT_EQ(decode_one(",-inf\r\n").number, -HUGE_VAL);
  EXPECT_TRUE(std::isnan(decode_one(",nan\r\n").number));
  EXPECT_TRUE(decode_one("#t\r\n").boolean);
  EXPECT_FALSE(decode_one("#f\r\n").boolean);
  EXPECT_EQ(decode_one("(-3492890328409238509324850943850943825024385\r\n").text,
            "-3492890328409238509324850943850943825024385");
  EXPECT_EQ(decode_one("=8\r\ntxt:a\r\nb\r\n").text, "a\r\nb");
  EXPECT_EQ(decode_one("!8\r\nERR a\r\nb\r\n").text, "ERR a\r\nb");
}

TEST(ReplyDecoder, ReadsAggregatesWithinAggregates) {
  const Reply reply = decode_one("%2\r\n+a\r\n*2\r\n:1\r\n~1\r\n$1\r\nx\r\n+b\r\n*0\r\n");
  ASSERT_EQ(reply.kind, Reply::Kind::map);
  ASSERT_EQ(reply.elements.size(), 4U);
  ASSERT_EQ(reply.elements[1].elements.size(), 2U);
  EXPECT_EQ(reply.elements[1].elements[1].kind, Reply::Kind::set);
  EXPECT_EQ(reply.elements[1].elements[1].elements[0].text, "x");
  EXPECT_EQ(reply.elements[3].kind, Reply::Kind::array);
  EXPECT_TRUE(reply.elements[3].elements.empty());
}

TEST(ReplyDecoder, ReadsRepliesBehindEachOtherAndPushesBetween) {
  const auto replies = decode_however_cut("+OK\r\n>2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n:1\r\n");
  ASSERT_EQ(replies.size(), 3U);
  EXPECT_EQ(replies[1].kind, Reply::Kind::push);
  EXPECT_EQ(replies[2].integer, 1);
}

TEST(ReplyDecoder, DropsAttributesWhereverTheyStand) {
  EXPECT_EQ(decode_one("|1\r\n+ttl\r\n:3600\r\n$1\r\nv\r\n").text, "v");
  const Reply reply = decode_one("*2\r\n:1\r\n|1\r\n+a\r\n*1\r\n:9\r\n:2\r\n");
  ASSERT_EQ(reply.elements.size(), 2U);
  EXPECT_EQ(reply.elements[1].integer, 2);
  EXPECT_EQ(decode_one("|0\r\n:5\r\n").integer, 5);
}

TEST(ReplyDecoder, RefusesWhatIsNotAReply) {
  for (const Bytes bytes : {"\r\n",
                            "\n",
                            "+OK\n",
                            "x\r\n",
                            "GET / HTTP/1.1\r\n",
                            ":\r\n",
                            ":1.5\r\n",
                            ":a\r\n",
                            ":-+1\r\n",
                            "$\r\n",
                            "$-2\r\n",
                            "$1\r\nabc\r\n",
                            "$01\r\n",
                            "*-2\r\n",
                            "*x\r\n",
                            "%-1\r\n",
                            "#x\r\n",
                            "#\r\n",
                            "_x\r\n",
                            ",\r\n",
                            ",infinity\r\n",
                            ",1x\r\n",
                            ",--1\r\n",
                            "(\r\n",
                            "(1a\r\n",
                            "=3\r\nabc\r\n",
                            "=5\r\nabcde\r\n",
                            "$?\r\n",
                            "*?\r\n",
                            "!-1\r\n"}) {
    EXPECT_EQ(decode({bytes}).error, ErrorKind::malformed) << bytes;
    ReplyReader bytewise({});
    for (const char& byte : bytes) bytewise.feed(Bytes(&byte, 1));
    EXPECT_EQ(bytewise.outcome().error, ErrorKind::malformed) << bytes;
  }
}

TEST(ReplyDecoder, BoundsDepthCountLinesAndSize) {
  std::string deep;
  for (int i = 0; i < 33; ++i) deep += "*1\r\n";
  EXPECT_EQ(decode({deep}).error, ErrorKind::too_large);
  EXPECT_EQ(decode({Bytes(deep).substr(4)}).error, std::nullopt);
  EXPECT_EQ(decode({"*1048577\r\n"}).error, ErrorKind::too_large);
  EXPECT_EQ(decode({"%524289\r\n"}).error, ErrorKind::too_large);
  EXPECT_EQ(decode({"*2\r\n*1048575\r\n"}).error, ErrorKind::too_large);
  EXPECT_EQ(decode({"$1073741825\r\n"}).error, ErrorKind::too_large);
  EXPECT_EQ(decode({"*2\r\n$3\r\nabc\r\n$8\r\n"}, {.reply_size_max = 10}).error, ErrorKind::too_large);
  EXPECT_EQ(decode({"+" + std::string(20, 'a')}, {.line_size_max = 16}).error, ErrorKind::too_large);
  // The limits are those of one reply: the next starts afresh.
  EXPECT_EQ(decode({"$8\r\nabcdefgh\r\n$8\r\nabcdefgh\r\n"}, {.reply_size_max = 10}).error, std::nullopt);
}

TEST(ReplyDecoder, TakesALargeValueAsItComes) {
  ReplyReader reader({});
  reader.feed("$1000000\r\n");
  const std::string chunk(1000, 'v');
  for (int i = 0; i < 1000; ++i) {
    reader.feed(chunk);
    ASSERT_EQ(reader.buffer_size(), 0U);
  }
  EXPECT_FALSE(reader.idle());
  reader.feed("\r\n");
  ASSERT_EQ(reader.outcome().replies.size(), 1U);
  EXPECT_EQ(reader.outcome().replies.front().text, std::string(1000000, 'v'));
  EXPECT_TRUE(reader.idle());
}

}  // namespace
}  // namespace larder::protocol
