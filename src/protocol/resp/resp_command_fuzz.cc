// Property: the same bytes give the same commands and errors however they are cut, whether long arguments are
// held or handed to a sink, in bounded memory; encoded commands decode alike; a batch takes nothing that the
// decoder does not.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/assert.h"
#include "protocol/resp/command_batch.h"
#include "protocol/resp/command_decoder.h"
#include "protocol/resp/command_encoder.h"

namespace {

using larder::Bytes;
using larder::ErrorKind;
using larder::protocol::Command;
using larder::protocol::CommandBatch;
using larder::protocol::CommandDecoder;
using larder::protocol::CommandLimits;

constexpr CommandLimits limits{.argument_count_max = 64,
                               .bulk_size_max = 64,
                               .command_size_max = 512,
                               .inline_size_max = 128,
                               .skipped_size_max = 1024,
                               .sunk_size_min = 8};

// The longest that a reader's buffer ever needs to be: a command, or a header line behind one.
constexpr std::size_t buffer_size_max = limits.command_size_max + limits.inline_size_max + 2;

struct Outcome {
  std::string wire;  // the commands encoded again, and the refusals as they came
  std::string error;
  bool operator==(const Outcome&) const = default;
};

// Takes the long arguments at odd places.
class Sink final : public larder::protocol::ArgumentSink {
 public:
  bool begin(Bytes /*command_name*/, std::size_t index, std::size_t size) override {
    if (index % 2 == 0) return false;
    held_.emplace_back();
    size_ = size;
    return true;
  }
  bool append(Bytes bytes) override {
    held_.back().append(bytes);
    LARDER_ASSERT(held_.back().size() <= size_);
    return true;
  }
  Bytes whole() override {
    LARDER_ASSERT(held_.back().size() == size_);
    return held_.back();
  }

 private:
  std::deque<std::string> held_;
  std::size_t size_ = 0;
};

Outcome decode(Bytes bytes, std::size_t step, bool has_sink = false) {
  Sink sink;
  CommandDecoder decoder(limits, has_sink ? &sink : nullptr);
  Outcome outcome;
  std::size_t start = 0;
  std::size_t end = 0;
  while (true) {
    const std::string input(bytes.substr(start, end - start));  // its own memory, so that overruns are seen
    const auto next = decoder.next(input);
    LARDER_ASSERT(decoder.memory_size() <= 65536);
    if (!next && next.error().kind == ErrorKind::too_large) {
      outcome.wire += next.error().message;
      continue;
    }
    if (!next) {
      LARDER_ASSERT(next.error().kind == ErrorKind::malformed);
      LARDER_ASSERT(next.error().message.find_first_of("\r\n") == std::string::npos);
      outcome.error = next.error().message;
      return outcome;
    }
    const std::optional<Command>& command = *next;
    if (command) {
      LARDER_ASSERT(command->size > 0);
      LARDER_ASSERT(command->size <= input.size());
      if (!command->arguments.empty()) larder::protocol::append_command(outcome.wire, command->arguments);
      start += command->size;
      continue;
    }
    LARDER_ASSERT(input.size() <= buffer_size_max);
    LARDER_ASSERT(decoder.input_size_min() <= limits.command_size_max);
    LARDER_ASSERT(decoder.input_size_min() == 0 || decoder.input_size_min() > input.size());
    if (end == bytes.size()) return outcome;
    end = std::min(bytes.size(), end + step);
  }
}

// A batch is a short cut: what it takes, the decoder takes for the same.
void compare_with_batch(Bytes bytes) {
  CommandBatch batch;
  batch.decode(bytes, limits);
  CommandDecoder decoder(limits);
  while (!batch.empty()) {
    const Command command = batch.take();
    const auto next = decoder.next(bytes);
    LARDER_ASSERT(next.has_value());
    const std::optional<Command>& same = *next;
    LARDER_ASSERT(same && std::ranges::equal(command.arguments, same->arguments));
    LARDER_ASSERT(same && command.size == same->size);
    bytes.remove_prefix(command.size);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(reinterpret_cast<const char*>(data), size);
  compare_with_batch(bytes);
  const Outcome fine = decode(bytes, 1);
  LARDER_ASSERT(decode(bytes, 5) == fine);
  LARDER_ASSERT(decode(bytes, 61) == fine);
  for (const std::size_t step : {1U, 7U, 1000U}) LARDER_ASSERT(decode(bytes, step, true) == fine);
  if (fine.error.empty() && fine.wire.find("exceeds") == std::string::npos) {
    // Inline commands grow when they are encoded, perhaps beyond the limits: only what stays within comes
    // back.
    const Outcome again = decode(fine.wire, 3);
    LARDER_ASSERT(again.wire == fine.wire || again.wire.find("exceeds") != std::string::npos ||
                  !again.error.empty());
  }
  return 0;
}
