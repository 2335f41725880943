// A batch is a short cut through CommandDecoder: what it takes, the decoder takes for the same. Method: the
// table says where a batch ends; whatever it has taken, the decoder is asked too.
#include "protocol/resp/command_batch.h"

#include <gtest/gtest.h>
#include <span>
#include <string>
#include <vector>

#include "protocol/resp/command_encoder.h"

namespace larder::protocol {
namespace {

using Words = std::vector<std::string>;

constexpr CommandLimits narrow{.argument_count_max = 8,
                               .bulk_size_max = 100,
                               .command_size_max = 120,
                               .inline_size_max = 64,
                               .sunk_size_min = 64};

Words words_of(std::span<const Bytes> arguments) { return {arguments.begin(), arguments.end()}; }

// What the batch takes of `input`, after the decoder has agreed to each.
std::vector<Words> taken(Bytes input, const CommandLimits& limits = narrow) {
  CommandBatch batch;
  batch.decode(input, limits);
  CommandDecoder decoder(limits);
  std::vector<Words> all;
  while (!batch.empty()) {
    const Command command = batch.take();
    const auto next = decoder.next(input);
    EXPECT_TRUE(next.has_value() && next->has_value());
    if (!next || !*next) return all;
    EXPECT_EQ(words_of(command.arguments), words_of((*next)->arguments));
    EXPECT_EQ(command.size, (*next)->size);
    EXPECT_TRUE(decoder.is_between_commands());
    all.push_back(words_of(command.arguments));
    input.remove_prefix(command.size);
  }
  return all;
}

std::string encoded(const Words& words) {
  std::string wire;
  append_command(wire, std::vector<Bytes>(words.begin(), words.end()));
  return wire;
}

TEST(CommandBatch, TakesAPipeline) {
  const std::vector<Words> pipeline = {{"GET", "a"}, {"PING"}, {"SET", "b", ""}, {"MGET", "a", "b", "c"}};
  std::string wire;
  for (const Words& words : pipeline) wire += encoded(words);
  EXPECT_EQ(taken(wire), pipeline);
}

TEST(CommandBatch, WhatIsNotAllThereIsLeft) {
  const std::string wire = encoded({"GET", "a"}) + encoded({"SET", "key", "value"});
  for (std::size_t size = 0; size < wire.size(); ++size) {
    // A copy, so that overruns are seen.
    const std::vector<char> cut(wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(size));
    const std::size_t expected = size < encoded({"GET", "a"}).size() ? 0 : 1;
    EXPECT_EQ(taken(Bytes(cut.data(), cut.size())).size(), expected) << size;
  }
}

TEST(CommandBatch, WhatIsNotPlainIsLeft) {
  const std::string before = encoded({"GET", "a"});
  for (const std::string& odd : std::vector<std::string>{
           "PING\r\n", "\r\n", "*0\r\n", "*-1\r\n", "*01\r\n$4\r\nPING\r\n", "*+1\r\n$4\r\nPING\r\n",
           "*1\n$4\r\nPING\r\n", "*1\r\n$04\r\nPING\r\n", "*1\r\n$-1\r\n", "*1\r\n$4\r\nPING\rx",
           "*1\r\n:4\r\n", "*1\r\n$\r\nPING\r\n", "*\r\n", "*9999999999999999999999\r\n",
           "*1\r\n$9999999999999999999999\r\n", encoded(Words(9, "x")),
           encoded({"SET", "a", std::string(64, 'x')}),  // the sink's
           encoded(
               {"MSET", "a", std::string(60, 'x'), std::string(60, 'y')}),  // larger than a command may be
       }) {
    std::string wire = before;
    wire.append(odd).append(before);
    EXPECT_EQ(taken(wire), std::vector<Words>({{"GET", "a"}})) << odd;
  }
}

TEST(CommandBatch, EndsAtItsBounds) {
  constexpr CommandLimits wide;
  std::string pings;
  for (std::size_t i = 0; i < CommandBatch::command_count_max + 1; ++i) pings += encoded({"PING"});
  EXPECT_EQ(taken(pings, wide).size(), CommandBatch::command_count_max);
  const Words half(CommandBatch::argument_count_max / 2, "x");
  EXPECT_EQ(taken(encoded(half) + encoded(half) + encoded({"PING"}), wide).size(), 2U);
  EXPECT_EQ(taken(encoded(Words(CommandBatch::argument_count_max + 1, "x")), wide).size(), 0U);
}

TEST(CommandBatch, WhatWasClearedIsGone) {
  const std::string wire = encoded({"GET", "a"}) + encoded({"GET", "b"});
  CommandBatch batch;
  batch.decode(wire, narrow);
  EXPECT_EQ(batch.size(), 2U);
  EXPECT_EQ(batch.arguments(1).back(), "b");
  batch.clear();
  EXPECT_TRUE(batch.empty());
  batch.decode(wire, narrow);
  EXPECT_EQ(batch.take().arguments.back(), "a");
}

}  // namespace
}  // namespace larder::protocol
