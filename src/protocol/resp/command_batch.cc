#include "protocol/resp/command_batch.h"

#include <algorithm>

#include "base/assert.h"

namespace larder::protocol {
namespace {

/// Reads one command, as long as it is plain. What it reads goes to a place of the caller's: an optional is
/// written to the stack in halves and read back whole, and that waits for both (5 % of a pipelined GET).
class PlainReader final {
 public:
  explicit PlainReader(Bytes input) : at_(input.data()), end_(input.data() + input.size()) {}

  /// "*12\r\n" or "$12\r\n". False: it is not there, or no number as one writes it.
  bool header(char kind, std::size_t& number) {
    constexpr int digit_count_max = 6;
    if (at_ == end_ || *at_ != kind) return false;
    const char* digit = at_ + 1;
    const char* const digits_end = digit + std::min<std::ptrdiff_t>(end_ - digit, digit_count_max);
    std::size_t value = 0;
    for (; digit != digits_end && *digit >= '0' && *digit <= '9'; ++digit) {
      value = 10 * value + static_cast<std::size_t>(*digit - '0');
    }
    const bool is_plain = digit != at_ + 1 && (at_[1] != '0' || digit == at_ + 2);
    if (!is_plain || !has_line_end(digit)) return false;
    at_ = digit + 2;
    number = value;
    return true;
  }

  /// `size` bytes and a line end.
  bool bulk(std::size_t size, Bytes& bytes) {
    if (static_cast<std::size_t>(end_ - at_) < size || !has_line_end(at_ + size)) return false;
    bytes = Bytes(at_, size);
    at_ += size + 2;
    return true;
  }

  [[nodiscard]] std::size_t offset_from(Bytes input) const {
    return static_cast<std::size_t>(at_ - input.data());
  }

 private:
  [[nodiscard]] bool has_line_end(const char* place) const {
    return end_ - place >= 2 && place[0] == '\r' && place[1] == '\n';
  }

  const char* at_;
  const char* end_;
};

}  // namespace

Command plain_command(Bytes input, const CommandLimits& limits, std::span<Bytes> room) {
  if (limits.sunk_size_min == 0) return {};
  const std::size_t bulk_size_max = std::min(limits.bulk_size_max, limits.sunk_size_min - 1);
  PlainReader reader(input);
  std::size_t count = 0;
  if (!reader.header('*', count)) return {};
  if (count == 0 || count > std::min(room.size(), limits.argument_count_max)) return {};
  for (Bytes& argument : room.first(count)) {
    std::size_t size = 0;
    if (!reader.header('$', size) || size > bulk_size_max) return {};
    if (reader.offset_from(input) + size + 2 > limits.command_size_max) return {};
    if (!reader.bulk(size, argument)) return {};
  }
  return {.arguments = room.first(count), .size = reader.offset_from(input)};
}

void CommandBatch::decode(Bytes input, const CommandLimits& limits) {
  LARDER_ASSERT(empty());
  clear();
  std::size_t argument_count = 0;
  while (count_ < command_count_max) {
    const Command command = plain_command(input, limits, std::span(arguments_).subspan(argument_count));
    if (command.size == 0) return;
    entries_[count_++] = {.first = static_cast<std::uint32_t>(argument_count),
                          .count = static_cast<std::uint32_t>(command.arguments.size()),
                          .size = command.size};
    argument_count += command.arguments.size();
    input.remove_prefix(command.size);
  }
}

}  // namespace larder::protocol
