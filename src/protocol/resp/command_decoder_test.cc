// A command may arrive in any number of reads. Method: decode every sample whole, byte by byte and cut at
// each position; all must agree with the table. Errors are held to the texts of Redis 7.
#include "protocol/resp/command_decoder.h"

#include <cstddef>
#include <deque>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <vector>

#include "protocol/resp/command_encoder.h"

namespace larder::protocol {
namespace {

using Words = std::vector<std::string>;

/// What a stream of bytes came to: commands and refusals in order, and the error that ended it, if one did.
struct Outcome {
  std::vector<Words> commands;  // a refusal is one word: its message
  std::string error;
  std::size_t dropped_size = 0;

  bool operator==(const Outcome&) const = default;
};

/// Takes long arguments of every command but PING, as long as there is room.
class TestSink final : public ArgumentSink {
 public:
  explicit TestSink(std::size_t room) : room_(room) {}
  bool begin(Bytes command_name, std::size_t index, std::size_t size) override {
    EXPECT_GT(index, 0U);
    if (command_name == "PING") return false;
    held_.emplace_back().reserve(size);
    return true;
  }
  bool append(Bytes bytes) override {
    if (bytes.size() > room_) return false;
    room_ -= bytes.size();
    held_.back().append(bytes);
    return true;
  }
  Bytes whole() override { return held_.back(); }
  void drop_all() { held_.clear(); }
  std::size_t count() const { return held_.size(); }

 private:
  std::size_t room_;
  std::deque<std::string> held_;
};

/// A reader as a session is one: presents again what was not taken.
class Reader {
 public:
  explicit Reader(const CommandLimits& limits, TestSink* sink = nullptr)
      : decoder_(limits, sink), sink_(sink) {}

  void feed(Bytes bytes) {
    buffer_.append(bytes);
    while (outcome_.error.empty()) {
      const auto next = decoder_.next(buffer_);
      if (!next) {
        if (next.error().kind == ErrorKind::too_large || next.error().kind == ErrorKind::overloaded) {
          outcome_.commands.push_back({next.error().message});
          continue;
        }
        EXPECT_EQ(next.error().kind, ErrorKind::malformed);
        outcome_.error = next.error().message;
        return;
      }
      const std::optional<Command>& whole = *next;
      if (!whole) return;
      const Command& command = *whole;
      EXPECT_LE(command.size, buffer_.size());
      if (!command.arguments.empty() && asks_twice) {
        const Words words(command.arguments.begin(), command.arguments.end());
        decoder_.repeat();
        buffer_ = std::string(buffer_);  // the same bytes elsewhere
        const auto again = decoder_.next(buffer_);
        ASSERT_TRUE(again && *again);
        EXPECT_EQ(Words((*again)->arguments.begin(), (*again)->arguments.end()), words);
        EXPECT_EQ((*again)->size, command.size);
        outcome_.commands.push_back(words);
      } else if (!command.arguments.empty()) {
        outcome_.commands.emplace_back(command.arguments.begin(), command.arguments.end());
      }
      if (!command.arguments.empty() && sink_ != nullptr) sink_->drop_all();
      outcome_.dropped_size += command.size;
      buffer_.erase(0, command.size);
    }
  }

  const Outcome& outcome() const { return outcome_; }
  const CommandDecoder& decoder() const { return decoder_; }
  std::size_t buffer_size() const { return buffer_.size(); }
  bool asks_twice = false;

 private:
  CommandDecoder decoder_;
  TestSink* sink_;
  std::string buffer_;
  Outcome outcome_;
};

Outcome decode_whole(Bytes bytes, const CommandLimits& limits = {}) {
  Reader reader(limits);
  reader.feed(bytes);
  return reader.outcome();
}

Outcome decode_bytewise(Bytes bytes, const CommandLimits& limits = {}) {
  Reader reader(limits);
  for (const char byte : bytes) reader.feed(Bytes(&byte, 1));
  return reader.outcome();
}

Command decode_one(CommandDecoder& decoder, Bytes bytes) {
  const auto next = decoder.next(bytes);
  return next ? next->value_or(Command{}) : Command{};
}

void expect_however_cut(Bytes bytes, const std::vector<Words>& commands, const std::string& error,
                        const CommandLimits& limits = {}) {
  const Outcome whole = decode_whole(bytes, limits);
  EXPECT_EQ(whole.commands, commands) << bytes;
  EXPECT_EQ(whole.error, error) << bytes;
  if (error.empty()) {
    EXPECT_EQ(whole.dropped_size, bytes.size()) << bytes;
  }
  const Outcome bytewise = decode_bytewise(bytes, limits);
  EXPECT_EQ(bytewise.commands, commands) << bytes;
  EXPECT_EQ(bytewise.error, error) << bytes;
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    Reader reader(limits);
    reader.feed(bytes.substr(0, cut));
    reader.feed(bytes.substr(cut));
    EXPECT_EQ(reader.outcome().commands, commands) << bytes << " cut at " << cut;
    EXPECT_EQ(reader.outcome().error, error) << bytes << " cut at " << cut;
  }
}

TEST(CommandDecoder, YieldsTheSameCommandsHoweverTheBytesAreCut) {
  expect_however_cut("*1\r\n$4\r\nPING\r\n", {{"PING"}}, "");
  expect_however_cut("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPING\r\n", {{"GET", "k"}, {"PING"}}, "");
  expect_however_cut("*3\r\n$3\r\nSET\r\n$0\r\n\r\n$4\r\n\r\n*1\r\n", {{"SET", "", "\r\n*1"}}, "");
  expect_however_cut("PING\r\nget k\n  \n\r\n*1\r\n$4\r\nECHO\r\nset \"a b\" 'c'\r\n",
                     {{"PING"}, {"get", "k"}, {"ECHO"}, {"set", "a b", "c"}}, "");
}

TEST(CommandDecoder, TakesArgumentsOfEveryByte) {
  std::string every;
  for (int byte = 0; byte < 256; ++byte) every.push_back(static_cast<char>(byte));
  std::string wire;
  append_command(wire, {"SET", every, every});
  expect_however_cut(wire, {{"SET", every, every}}, "");
}

TEST(CommandDecoder, PassesOverCommandsThatAskNothing) {
  expect_however_cut("*0\r\n*-1\r\n*-7\r\n\r\n\n \t \r\n\"\"\r\nPING\r\n", {{""}, {"PING"}}, "");
}

TEST(CommandDecoder, NamesErrorsAsRedisDoes) {
  const std::string array_length = "Protocol error: invalid multibulk length";
  const std::string bulk_length = "Protocol error: invalid bulk length";
  for (const Bytes bytes : {"*\r\n", "*x\r\n", "*1x\r\n", "*01\r\n", "*+1\r\n", "*-0\r\n", "*1\n", "*2 \r\n",
                            "*1048577\r\n", "*99999999999999999999\r\n"}) {
    expect_however_cut(bytes, {}, array_length);
  }
  for (const Bytes bytes : {"*1\r\n$\r\n", "*1\r\n$-1\r\n", "*1\r\n$x\r\n", "*1\r\n$04\r\n", "*1\r\n$4\nPING",
                            "*1\r\n$536870913\r\n", "*1\r\n$4\r\nPINGXY", "*1\r\n$4\r\nPING\rX"}) {
    expect_however_cut(bytes, {}, bulk_length);
  }
  expect_however_cut("*1\r\nx", {}, "Protocol error: expected '$', got 'x'");
  expect_however_cut("*1\r\n\r\n", {}, "Protocol error: expected '$', got ' '");
  expect_however_cut("*1\r\n\x01\r\n", {}, "Protocol error: expected '$', got '?'");
  expect_however_cut("*1\r\n:1\r\n", {}, "Protocol error: expected '$', got ':'");
  expect_however_cut("set k \"v\r\n", {}, "Protocol error: unbalanced quotes in request");
  expect_however_cut("PING\r\n*1\r\n?", {{"PING"}}, "Protocol error: expected '$', got '?'");
}

TEST(CommandDecoder, HoldsAStrangerToTighterBounds) {
  const auto said = [](const std::string& bytes, bool is_stranger = true) -> std::string {
    CommandDecoder decoder{CommandLimits{}};
    decoder.set_stranger(is_stranger);
    const auto next = decoder.next(bytes);
    return next ? "" : next.error().message;
  };
  const std::string argument_count = "Protocol error: unauthenticated multibulk length";
  const std::string bulk_length = "Protocol error: unauthenticated bulk length";
  EXPECT_EQ(said("*10\r\n"), "");
  EXPECT_EQ(said("*11\r\n"), argument_count);
  EXPECT_EQ(said("*11\r\n", false), "");
  EXPECT_EQ(said("*2147483647\r\n"), argument_count);
  EXPECT_EQ(said("*2147483648\r\n"), "Protocol error: invalid multibulk length");
  EXPECT_EQ(said("*1\r\n$16384\r\n"), "");
  EXPECT_EQ(said("*1\r\n$16385\r\n"), bulk_length);
  EXPECT_EQ(said("*1\r\n$16385\r\n", false), "");
  EXPECT_EQ(said("*1\r\n$536870913\r\n"), "Protocol error: invalid bulk length");
  EXPECT_EQ(said("PING 1 2 3 4 5 6 7 8 9 10 11\r\n"), "");
}

TEST(CommandDecoder, MayCeaseToHoldAPeerForAStrangerBetweenTwoHeaders) {
  CommandDecoder decoder{CommandLimits{}};
  const std::string bytes = "*2\r\n$4\r\nECHO\r\n$16385\r\n" + std::string(16385, 'x') + "\r\n";
  decoder.set_stranger(true);
  EXPECT_EQ(decode_one(decoder, Bytes(bytes).substr(0, 14)).size, 0U);
  decoder.set_stranger(false);
  EXPECT_EQ(decode_one(decoder, bytes).arguments.size(), 2U);
}

TEST(CommandDecoder, RefusesLinesBeyondTheirLimitWithOrWithoutAnEnd) {
  const CommandLimits limits{.inline_size_max = 16};
  expect_however_cut(std::string(17, 'a'), {}, "Protocol error: too big inline request", limits);
  expect_however_cut(std::string(17, 'a') + "\n", {}, "Protocol error: too big inline request", limits);
  expect_however_cut(std::string(16, 'a') + "\n", {{std::string(16, 'a')}}, "", limits);
  expect_however_cut("*" + std::string(20, '0'), {}, "Protocol error: too big mbulk count string", limits);
  expect_however_cut("*1\r\n$" + std::string(20, '0'), {}, "Protocol error: too big bulk count string",
                     limits);
}

TEST(CommandDecoder, RefusesATooLargeArgumentOnceAndGoesOnBehindIt) {
  const CommandLimits limits{.bulk_size_max = 4, .skipped_size_max = 100};
  const std::string refusal = "string exceeds maximum allowed size";
  expect_however_cut("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nabcde\r\nPING\r\n", {{refusal}, {"PING"}}, "",
                     limits);
  expect_however_cut("*3\r\n$5\r\nabcde\r\n$6\r\n*1\r\nab\r\n$1\r\nv\r\n*1\r\n$4\r\nPING\r\n",
                     {{refusal}, {"PING"}}, "", limits);
  expect_however_cut("*2\r\n$5\r\nabcde\r\n$101\r\n", {{refusal}}, "Protocol error: invalid bulk length",
                     limits);
  expect_however_cut("*2\r\n$5\r\nabcdeXY", {{refusal}}, "Protocol error: invalid bulk length", limits);
}

TEST(CommandDecoder, ShowsWhatStoodBeforeTheRefusedArgument) {
  CommandDecoder decoder({.bulk_size_max = 4});
  const std::string wire = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nab";
  EXPECT_FALSE(decoder.next(wire).has_value());
  const auto before = decoder.refused_arguments();
  EXPECT_EQ((Words{before.begin(), before.end()}), (Words{"SET", "k"}));
}

// However a refused command and the PING behind it are cut, these of its arguments are shown, and only PING
// is a command.
void expect_passed(const CommandLimits& limits, const std::string& wire, const Words& expected) {
  for (std::size_t step = 1; step <= wire.size(); ++step) {
    CommandDecoder decoder(limits);
    std::string buffer;
    Words passed;
    std::size_t command_count = 0;
    for (std::size_t offset = 0; offset < wire.size(); offset += step) {
      buffer += wire.substr(offset, step);
      while (true) {
        const auto next = decoder.next(buffer);
        for (const Bytes argument : decoder.passed()) passed.emplace_back(argument);
        if (!next) continue;  // the refusal
        const std::optional<Command>& command = *next;
        if (!command) break;
        if (!command->arguments.empty()) ++command_count;
        buffer.erase(0, command->size);
      }
    }
    EXPECT_EQ(passed, expected) << step;
    EXPECT_EQ(command_count, 1U) << "PING only, by " << step;
  }
}

TEST(CommandDecoder, ShowsTheShortArgumentsThatItPassesOver) {
  expect_passed({.bulk_size_max = 4, .passed_size_max = 2},
                "*6\r\n$4\r\nMSET\r\n$5\r\nabcde\r\n$2\r\nk1\r\n$3\r\nvvv\r\n$0\r\n\r\n$2\r\nk2\r\n"
                "*1\r\n$4\r\nPING\r\n",
                {"", "k1", "", "", "k2"});
}

TEST(CommandDecoder, ShowsAShortArgumentThatTheWholeCommandHasNoRoomFor) {
  const std::string wire =
      "*5\r\n$4\r\nMSET\r\n$2\r\nk1\r\n$3\r\nvvv\r\n$2\r\nk2\r\n$1\r\nv\r\n*1\r\n$4\r\nPING\r\n";
  expect_passed({.command_size_max = wire.find("k2"), .passed_size_max = 2}, wire, {"k2", "v"});
}

TEST(CommandDecoder, ShowsWhatStoodBeforeALengthThatEndsTheConnection) {
  const auto before = [](const std::string& wire) {
    CommandDecoder decoder({.bulk_size_max = 4, .inline_size_max = 16, .skipped_size_max = 100});
    const auto next = decoder.next(wire);
    EXPECT_FALSE(next.has_value()) << wire;
    EXPECT_EQ(next.error().kind, ErrorKind::malformed) << wire;
    const auto arguments = decoder.refused_arguments();
    return Words{arguments.begin(), arguments.end()};
  };
  const Words set_k{"SET", "k"};
  EXPECT_EQ(before("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$101\r\n"), set_k);
  EXPECT_EQ(before("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$99999999999\r\n"), set_k);
  EXPECT_EQ(before("SET k 1234567890123"), set_k);
  EXPECT_EQ(before("SET k \"234567890123"), set_k);
  EXPECT_EQ(before("SET k           x"), set_k);
  EXPECT_EQ(before("SET 1234567890123"), (Words{"SET"}));
  EXPECT_EQ(before("SET \"k\"x 4567890123"), (Words{"SET"}));
  EXPECT_EQ(before("12345678901234567"), (Words{}));
}

TEST(CommandDecoder, ForgetsTheArgumentsOfTheCommandBefore) {
  CommandDecoder decoder({});
  ASSERT_TRUE(decoder.next("SET k v\r\n").has_value());
  EXPECT_FALSE(decoder.next("GET \"k\r\n").has_value());
  EXPECT_TRUE(decoder.refused_arguments().empty());
}

TEST(CommandDecoder, DropsWhatItRefusedWithoutKeepingIt) {
  const CommandLimits limits{.bulk_size_max = 4};
  Reader reader(limits);
  reader.feed("*2\r\n$3\r\nGET\r\n$10000000\r\n");
  const std::string chunk(1000, 'x');
  for (int i = 0; i < 10000; ++i) {
    reader.feed(chunk);
    ASSERT_EQ(reader.buffer_size(), 0U);
    ASSERT_LE(reader.decoder().memory_size(), 256U);
  }
  reader.feed("\r\nPING\r\n");
  EXPECT_EQ(reader.outcome().commands,
            (std::vector<Words>{{"string exceeds maximum allowed size"}, {"PING"}}));
}

TEST(CommandDecoder, BoundsTheWholeCommand) {
  const CommandLimits limits{.command_size_max = 64};
  std::string wire;
  append_command(wire, {"MSET", std::string(30, 'k'), std::string(30, 'v')});
  wire += "PING\r\n";
  expect_however_cut(wire, {{"command exceeds maximum allowed size"}, {"PING"}}, "", limits);
}

TEST(CommandDecoder, SaysHowManyBytesItWaitsFor) {
  CommandDecoder decoder({});
  const std::string header = "*2\r\n$3\r\nGET\r\n$1000000\r\n";
  ASSERT_FALSE(decoder.next(header)->has_value());
  EXPECT_EQ(decoder.input_size_min(), header.size() + 1000002);
  const std::string whole = header + std::string(1000000, 'x') + "\r\n";
  ASSERT_TRUE(decoder.next(whole)->has_value());
  ASSERT_FALSE(decoder.next("GET")->has_value());
  EXPECT_EQ(decoder.input_size_min(), 0U);
}

TEST(CommandDecoder, MakesNoRoomForWhatIsOnlyAnnounced) {
  CommandDecoder decoder({});
  ASSERT_FALSE(decoder.next("*1048576\r\n$1\r\na\r\n")->has_value());
  EXPECT_LE(decoder.memory_size(), 1024U);
}

TEST(CommandDecoder, GivesBackTheMemoryOfAnUnusuallyLongCommand) {
  std::string wire;
  begin_command(wire, 100000);
  for (int i = 0; i < 100000; ++i) append_argument(wire, "k");
  CommandDecoder decoder({});
  const Command command = decode_one(decoder, wire);
  EXPECT_EQ(command.arguments.size(), 100000U);
  EXPECT_EQ(command.size, wire.size());
  ASSERT_FALSE(decoder.next("")->has_value());
  EXPECT_LE(decoder.memory_size(), 8192U);
}

TEST(CommandDecoder, ScansACommandThatDribblesInOnce) {
  // 64,000 arguments presented byte by byte are 450,000 calls; scanning from the front each time would be
  // 10^11 steps and run into the time limit of the test.
  std::string wire;
  begin_command(wire, 64000);
  for (int i = 0; i < 64000; ++i) append_argument(wire, "");
  CommandDecoder decoder({});
  for (std::size_t size = 1; size < wire.size(); ++size) {
    ASSERT_FALSE(decoder.next(Bytes(wire).substr(0, size))->has_value());
  }
  EXPECT_EQ(decode_one(decoder, wire).arguments.size(), 64000U);
}

// What a reader with a sink comes to, cut in two at every place and fed byte by byte.
void expect_with_sink(Bytes bytes, const std::vector<Words>& commands, const std::string& error,
                      const CommandLimits& limits, std::size_t room = 1000) {
  for (const bool asks_twice : {false, true}) {
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      TestSink sink(room);
      Reader reader(limits, &sink);
      reader.asks_twice = asks_twice;
      if (cut == 0) {
        for (const char byte : bytes) reader.feed(Bytes(&byte, 1));
      } else {
        reader.feed(bytes.substr(0, cut));
        reader.feed(bytes.substr(cut));
      }
      ASSERT_EQ(reader.outcome().commands, commands) << bytes << " cut at " << cut;
      ASSERT_EQ(reader.outcome().error, error) << bytes << " cut at " << cut;
    }
  }
}

constexpr CommandLimits sinking{
    .bulk_size_max = 20, .command_size_max = 100, .passed_size_max = 5, .sunk_size_min = 10};

TEST(CommandDecoderWithSink, HandsOutTheSameCommands) {
  expect_with_sink("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$10\r\n0123456789\r\n", {{"SET", "k", "0123456789"}}, "",
                   sinking);
  expect_with_sink("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$9\r\n012345678\r\n", {{"SET", "k", "012345678"}}, "",
                   sinking);
  expect_with_sink("*2\r\n$4\r\nPING\r\n$10\r\n0123456789\r\n", {{"PING", "0123456789"}}, "", sinking);
  expect_with_sink(
      "*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$10\r\n0123456789\r\n$2\r\nEX\r\n$2\r\n10\r\n*1\r\n$4\r\nPING\r\n",
      {{"SET", "k", "0123456789", "EX", "10"}, {"PING"}}, "", sinking);
  expect_with_sink(
      "*5\r\n$4\r\nMSET\r\n$1\r\na\r\n$10\r\n0123456789\r\n$1\r\nb\r\n$11\r\n0123456789A\r\nPING\r\n",
      {{"MSET", "a", "0123456789", "b", "0123456789A"}, {"PING"}}, "", sinking);
  expect_with_sink("*1\r\n$10\r\n0123456789\r\n", {{"0123456789"}}, "", sinking);
}

TEST(CommandDecoderWithSink, KeepsItsLimitsAndErrors) {
  expect_with_sink("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$10\r\n0123456789xx", {},
                   "Protocol error: invalid bulk length", sinking);
  expect_with_sink(
      "*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$10\r\n0123456789\r\n$21\r\n0123456789012345678901\r\nPING\r\n",
      {{"string exceeds maximum allowed size"}}, "Protocol error: invalid bulk length", sinking);
  expect_with_sink(
      "*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$10\r\n0123456789\r\n$21\r\n012345678901234567890\r\nPING\r\n",
      {{"string exceeds maximum allowed size"}, {"PING"}}, "", sinking);
  std::string many = "*9\r\n$4\r\nMSET\r\n";
  for (int i = 0; i < 4; ++i) many += "$1\r\na\r\n$10\r\n0123456789\r\n";
  expect_with_sink(many + "PING\r\n", {{"command exceeds maximum allowed size"}, {"PING"}}, "", sinking);
}

TEST(CommandDecoderWithSink, RefusesACommandThatTheSinkHasNoRoomFor) {
  expect_with_sink("*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$10\r\n0123456789\r\n$2\r\nEX\r\n$2\r\n10\r\nPING\r\n",
                   {{"no memory for this argument"}, {"PING"}}, "", sinking, 5);
  expect_with_sink(
      "*5\r\n$4\r\nMSET\r\n$1\r\na\r\n$10\r\n0123456789\r\n$1\r\nb\r\n$11\r\n0123456789A\r\nPING\r\n",
      {{"no memory for this argument"}, {"PING"}}, "", sinking, 15);
}

TEST(CommandDecoderWithSink, HoldsNothingOfALongArgument) {
  TestSink sink(std::size_t{1} << 30);
  Reader reader(CommandLimits{}, &sink);
  reader.feed("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000000\r\n");
  const std::string piece(64 << 10, 'x');
  for (int i = 0; i < 1000; ++i) {
    reader.feed(piece);
    ASSERT_EQ(reader.buffer_size(), 0U);
    ASSERT_LT(reader.decoder().memory_size(), 1000U);
  }
  EXPECT_EQ(sink.count(), 1U);
}

}  // namespace
}  // namespace larder::protocol
