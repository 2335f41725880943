// Frames may arrive in any number of reads. Method: every sample is read whole, byte by byte, and cut at each
// position; messages and answers must be the same. What breaks the protocol must be closed with the code that
// RFC 6455 names.
#include "protocol/websocket/frame_codec.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <utility>

#include "protocol/websocket/test_frames.h"

namespace larder::protocol::websocket {
namespace {

using namespace std::string_literals;
using test::binary_frame;
using test::close_frame;
using test::frame;
using test::ping_frame;
using test::server_frame;
using test::text_frame;

constexpr std::size_t message_size_max = 1000;

/// All that came of some bytes: messages as "t:payload;" or "b:payload;", and the answers.
struct Outcome {
  std::string messages;
  std::string answers;
  bool closed = false;
  bool failed = false;
  bool operator==(const Outcome&) const = default;
};

void feed(FrameCodec& codec, Bytes input, Output& output, Outcome& outcome) {
  while (std::optional<Message> message = codec.next(input, output)) {
    outcome.messages += message->kind == MessageKind::text ? "t:" : "b:";
    outcome.messages += message->payload + ';';
  }
  outcome.answers = output.pending();
  outcome.closed = codec.closed();
  outcome.failed = codec.failed();
}

Outcome read_in_pieces(Bytes bytes, std::size_t first, std::size_t rest) {
  FrameCodec codec({.text_size_max = message_size_max, .binary_size_max = message_size_max});
  Output output;
  Outcome outcome;
  feed(codec, bytes.substr(0, first), output, outcome);
  for (bytes.remove_prefix(first); !bytes.empty(); bytes.remove_prefix(std::min(rest, bytes.size()))) {
    feed(codec, bytes.substr(0, rest), output, outcome);
  }
  return outcome;
}

Outcome read(Bytes bytes) {
  Outcome whole = read_in_pieces(bytes, bytes.size(), 1);
  EXPECT_EQ(read_in_pieces(bytes, 0, 1), whole) << "byte by byte";
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    EXPECT_EQ(read_in_pieces(bytes, cut, bytes.size()), whole) << "cut at " << cut;
  }
  return whole;
}

std::string payload_of(const std::optional<Message>& message) {
  return message.has_value() ? message->payload : "no message";
}

TEST(FrameCodec, ReadsMessagesHoweverTheyAreCut) {
  const std::string large(900, 'x');
  const Outcome outcome =
      read(text_frame("h\xC3\xA4") + binary_frame("\0\xFF"s) + text_frame("") + binary_frame(large));
  EXPECT_EQ(outcome.messages, "t:h\xC3\xA4;b:\0\xFF;t:;b:"s + large + ";");
  EXPECT_EQ(outcome.answers, "");
  EXPECT_FALSE(outcome.closed);
}

TEST(FrameCodec, JoinsFragmentsWithPingsBetweenThem) {
  const Outcome outcome =
      read(frame({.opcode = 1, .final = false}, "h\xC3") + ping_frame("1") +
           frame({.opcode = 0, .final = false}, "") + frame({.opcode = 10}, "unasked") +
           frame({.opcode = 0, .final = false}, "\xA4") + ping_frame("") + frame({.opcode = 0}, "!"));
  EXPECT_EQ(outcome.messages, "t:h\xC3\xA4!;");
  EXPECT_EQ(outcome.answers, server_frame(10, "1") + server_frame(10, ""));
}

TEST(FrameCodec, AnswersACloseWithItsCode) {
  EXPECT_EQ(read(close_frame(1000, "bye")).answers, server_frame(8, "\x03\xE8"));
  EXPECT_EQ(read(close_frame(4999)).answers, server_frame(8, "\x13\x87"));
  EXPECT_EQ(read(frame({.opcode = 8}, "")).answers, server_frame(8, ""));
  const Outcome outcome = read(text_frame("a") + close_frame(1001) + text_frame("ignored"));
  EXPECT_EQ(outcome.messages, "t:a;");
  EXPECT_TRUE(outcome.closed);
  EXPECT_FALSE(outcome.failed);
}

TEST(FrameCodec, ClosesWithTheCodeOfTheRuleThatWasBroken) {
  const std::pair<std::string, unsigned> samples[] = {
      {frame({.masked = false}, "a"), 1002},
      {frame({.masked = false}, ""), 1002},
      {frame({.reserved_bits = 4}, "a"), 1002},  // permessage-deflate, which was not agreed on
      {frame({.reserved_bits = 1}, "a"), 1002},
      {frame({.opcode = 3}, "a"), 1002},
      {frame({.opcode = 11}, "a"), 1002},
      {frame({.opcode = 0}, "a"), 1002},
      {frame({.opcode = 1, .final = false}, "a") + text_frame("b"), 1002},
      {frame({.opcode = 9, .final = false}, "a"), 1002},
      {ping_frame(std::string(126, 'p')), 1002},
      {"\x81\xFE"s + "\0\x05"s + "abcd"s + "hello"s, 1002},              // 5 bytes announced in the long form
      {"\x81\xFF"s + "\0\0\0\0\0\0\0\x05"s + "abcd"s + "hello"s, 1002},  // and in the longest
      {"\x81\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s, 1002},               // more than 63 bits
      {text_frame("\xFF"), 1007},
      {text_frame("cut \xC3"), 1007},
      {frame({.opcode = 1, .final = false}, "\xED") + frame({.opcode = 0}, "\xA0\x80"), 1007},
      {close_frame(1000, "\xFF"), 1007},
      {close_frame(999), 1002},
      {close_frame(1005), 1002},
      {close_frame(1006), 1002},
      {close_frame(1015), 1002},
      {close_frame(2999), 1002},
      {close_frame(5000), 1002},
      {frame({.opcode = 8}, "\x03"), 1002},
      {binary_frame(std::string(1001, 'x')), 1009},
      {frame({.opcode = 2}, "x", std::uint64_t{1} << 62), 1009},
      {frame({.opcode = 2, .final = false}, std::string(600, 'x')) +
           frame({.opcode = 0}, std::string(401, 'x')),
       1009},
  };
  for (const auto& [bytes, code] : samples) {
    const Outcome outcome = read(bytes + text_frame("ignored"));
    EXPECT_EQ(test::trailing_close_code(outcome.answers), code) << testing::PrintToString(bytes);
    EXPECT_EQ(outcome.messages, "");
    EXPECT_TRUE(outcome.failed);
  }
}

TEST(FrameCodec, TakesAMessageOfExactlyTheLimit) {
  const std::string half(500, 'x');
  EXPECT_EQ(read(binary_frame(half + half)).messages, "b:" + half + half + ";");
  EXPECT_EQ(read(frame({.opcode = 2, .final = false}, half) + frame({.opcode = 0}, half)).messages,
            "b:" + half + half + ";");
}

TEST(FrameCodec, HasALimitForEachKindOfMessage) {
  const std::string text(10, 'x');
  for (const std::size_t cut : {0UL, 5UL, 10UL}) {
    for (const std::uint8_t opcode : {std::uint8_t{1}, std::uint8_t{2}}) {
      FrameCodec codec({.text_size_max = 9, .binary_size_max = 10});
      const std::string bytes = frame({.opcode = opcode, .final = false}, text.substr(0, cut)) +
                                frame({.opcode = 0}, text.substr(cut));
      Bytes input = bytes;
      Output output;
      EXPECT_EQ(codec.next(input, output).has_value(), opcode == 2) << cut;
      EXPECT_EQ(codec.failed(), opcode == 1) << cut;
    }
  }
}

TEST(FrameCodec, GoesOnForAsLongAsEmptyFragmentsCome) {
  FrameCodec codec({.text_size_max = message_size_max, .binary_size_max = message_size_max});
  Output output;
  std::string fragments = frame({.opcode = 1, .final = false}, "a");
  for (int i = 0; i < 10000; ++i) fragments += frame({.opcode = 0, .final = false}, "");
  Bytes input = fragments;
  EXPECT_FALSE(codec.next(input, output).has_value());
  const std::string last = frame({.opcode = 0}, "b");
  input = last;
  EXPECT_EQ(payload_of(codec.next(input, output)), "ab");
}

TEST(FrameCodec, AnswersNoMorePingsThanTheOutputHolds) {
  FrameCodec codec({.text_size_max = message_size_max, .binary_size_max = message_size_max});
  Output output;
  output.append(std::string(Output::turn_size - 10, 'x'));
  const std::string pings = ping_frame("12345678") + ping_frame("12345678") + text_frame("after");
  Bytes input = pings;
  EXPECT_FALSE(codec.next(input, output).has_value());
  EXPECT_EQ(output.size(), Output::turn_size);
  EXPECT_FALSE(codec.next(input, output).has_value());
  output.clear();
  EXPECT_EQ(payload_of(codec.next(input, output)), "after");
  EXPECT_EQ(output.pending(), server_frame(10, "12345678"));
}

TEST(FrameCodec, WritesEveryLengthForm) {
  FrameCodec codec({.text_size_max = message_size_max, .binary_size_max = message_size_max});
  for (const std::size_t size : {0UL, 1UL, 125UL, 126UL, 65535UL, 65536UL}) {
    Output output;
    const std::string payload(size, 'p');
    codec.write(MessageKind::binary, payload, output);
    EXPECT_EQ(output.pending(), server_frame(2, payload)) << size;
  }
}

TEST(FrameCodec, SaysNothingAfterItsOwnClose) {
  FrameCodec codec({.text_size_max = message_size_max, .binary_size_max = message_size_max});
  Output output;
  codec.close(CloseCode::normal, "done", output);
  codec.write(MessageKind::text, "late", output);
  codec.close(CloseCode::internal_error, "again", output);
  EXPECT_EQ(output.pending(), server_frame(8, "\x03\xE8"s + "done"));
  EXPECT_TRUE(codec.closed());
  EXPECT_FALSE(codec.failed());
}

}  // namespace
}  // namespace larder::protocol::websocket
