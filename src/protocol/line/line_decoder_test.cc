// A line may arrive in any number of reads. Method: decode every sample whole, byte by byte and cut at each
// position; all must agree with the table.
#include "protocol/line/line_decoder.h"

#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <vector>

namespace larder::protocol {
namespace {

using Verb = LineRequest::Verb;

struct Line {
  Verb verb = Verb::invalid;
  std::string key{};
  std::string value{};
  bool operator==(const Line&) const = default;
};

struct Outcome {
  std::vector<Line> lines;
  bool too_large = false;
  bool operator==(const Outcome&) const = default;
};

class Reader {
 public:
  explicit Reader(std::size_t line_size_max) : decoder_(line_size_max) {}

  void feed(Bytes bytes) {
    buffer_.append(bytes);
    while (!outcome_.too_large) {
      const auto next = decoder_.next(buffer_);
      if (!next) {
        EXPECT_EQ(next.error().kind, ErrorKind::too_large);
        outcome_.too_large = true;
        return;
      }
      const std::optional<LineRequest>& request = *next;
      if (!request) return;
      EXPECT_EQ(request->verb == Verb::invalid, !Bytes(request->reason).empty());
      outcome_.lines.push_back({request->verb, std::string(request->key), std::string(request->value)});
      buffer_.erase(0, request->size);
    }
  }

  const Outcome& outcome() const { return outcome_; }

 private:
  LineDecoder decoder_;
  std::string buffer_;
  Outcome outcome_;
};

void expect_however_cut(Bytes bytes, const Outcome& expected, std::size_t line_size_max = 64) {
  Reader bytewise(line_size_max);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    Reader reader(line_size_max);
    reader.feed(bytes.substr(0, cut));
    reader.feed(bytes.substr(cut));
    EXPECT_EQ(reader.outcome(), expected) << bytes << " cut at " << cut;
    bytewise.feed(bytes.substr(cut, 1));
  }
  EXPECT_EQ(bytewise.outcome(), expected) << bytes;
}

TEST(LineDecoder, ReadsEveryVerbInAnyCase) {
  expect_however_cut("get k\r\n", {.lines = {{Verb::get, "k"}}});
  expect_however_cut("GET k\n", {.lines = {{Verb::get, "k"}}});
  expect_however_cut("sEt k v\n", {.lines = {{Verb::set, "k", "v"}}});
  expect_however_cut("Delete k\r\n", {.lines = {{Verb::remove, "k"}}});
  expect_however_cut("QUIT\n", {.lines = {{Verb::quit}}});
}

TEST(LineDecoder, TakesTheRestOfTheLineAsTheValue) {
  expect_however_cut("set k a b  c \r\n", {.lines = {{Verb::set, "k", "a b  c "}}});
  expect_however_cut("set k \n", {.lines = {{Verb::set, "k", ""}}});
  expect_however_cut("set k  v\n", {.lines = {{Verb::set, "k", " v"}}});
  expect_however_cut("set k a\rb\r\r\n", {.lines = {{Verb::set, "k", "a\rb\r"}}});
  const std::string bytes("set \0\xff \0\x80\r\n", 11);
  expect_however_cut(bytes, {.lines = {{Verb::set, std::string("\0\xff", 2), std::string("\0\x80", 2)}}});
}

TEST(LineDecoder, ReadsLinesBehindEachOther) {
  expect_however_cut("set a 1\nget a\r\n\nquit\n",
                     {.lines = {{Verb::set, "a", "1"}, {Verb::get, "a"}, {Verb::invalid}, {Verb::quit}}});
}

TEST(LineDecoder, RefusesEveryOtherLineAndGoesOn) {
  for (const std::string line :
       {"",       " ",      "get",      "get ",      "get  k", "get k ",    "get k v", " get k",
        "set",    "set ",   "set k",    "set  v",    "delete", "delete k ", "quit ",   "quit now",
        "get\tk", "gets k", "get a\rb", "set a\r b", "\r",     "\0"}) {
    expect_however_cut(line + "\nget k\n", {.lines = {{Verb::invalid}, {Verb::get, "k"}}});
  }
}

TEST(LineDecoder, BoundsALineByItsBytesWithoutItsEnd) {
  const std::string longest = "set k " + std::string(10, 'v');
  for (const std::string end : {"\n", "\r\n"}) {
    expect_however_cut(longest + end, {.lines = {{Verb::set, "k", std::string(10, 'v')}}}, longest.size());
    expect_however_cut("set k " + std::string(11, 'v').append(end), {.lines = {}, .too_large = true},
                       longest.size());
  }
  expect_however_cut(longest + "v", {.lines = {}, .too_large = true}, longest.size());
  expect_however_cut("get a\n" + longest + "v", {.lines = {{Verb::get, "a"}}, .too_large = true},
                     longest.size());
}

TEST(LineDecoder, NamesTheKeyThatALineBeyondTheLimitWasAboutToSet) {
  const auto refused_key = [](Bytes bytes) {
    LineDecoder decoder(10);
    EXPECT_FALSE(decoder.next(bytes).has_value()) << bytes;
    return decoder.refused_key();
  };
  EXPECT_EQ(refused_key("set k 12345"), "k");
  EXPECT_EQ(refused_key("SET key 12345\n"), "key");
  for (const Bytes other : {"get k 12345", "delete k 12", "set 1234567890", "set 123456 7", "set  k 12345"}) {
    EXPECT_EQ(refused_key(other), "") << other;
  }
}

TEST(LineDecoder, ScansALineThatDribblesInOnce) {
  // A mebibyte in a mebibyte of calls: scanning from the front each time would be 5 * 10^11 steps.
  const std::string line = "set k " + std::string(1 << 20, 'v') + "\n";
  LineDecoder decoder(2 << 20);
  for (std::size_t size = 1; size < line.size(); ++size) {
    ASSERT_FALSE(decoder.next(Bytes(line).substr(0, size))->has_value());
  }
  EXPECT_TRUE(decoder.next(line)->has_value());
}

TEST(LineDecoder, ReadsALogin) {
  expect_however_cut("auth u p\nAUTH u two words \r\n",
                     {{{Verb::auth, "u", "p"}, {Verb::auth, "u", "two words "}}});
  expect_however_cut("auth u \n", {{{Verb::auth, "u", ""}}});
  expect_however_cut("auth\nauth u\nauth  p\n", {{{}, {}, {}}});
}

}  // namespace
}  // namespace larder::protocol
