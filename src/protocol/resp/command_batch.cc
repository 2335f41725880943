#include "protocol/resp/command_batch.h"

#include <algorithm>
#include <optional>

#include "base/assert.h"

namespace larder::protocol {
namespace {

/// Reads one command, as long as it is plain.
class PlainReader final {
 public:
  explicit PlainReader(Bytes input) : at_(input.data()), end_(input.data() + input.size()) {}

  /// "*12\r\n" or "$12\r\n". Nothing: it is not there, or no number as one writes it.
  std::optional<std::size_t> header(char kind) {
    constexpr int digit_count_max = 6;
    // One digit or two are what nearly every header has.
    if (end_ - at_ >= 5 && *at_ == kind) {
      const auto first = static_cast<unsigned char>(at_[1] - '0');
      const auto second = static_cast<unsigned char>(at_[2] - '0');
      if (first <= 9 && at_[2] == '\r' && at_[3] == '\n') return take_header(4, first);
      if (first - 1U < 9 && second <= 9 && at_[3] == '\r' && at_[4] == '\n') {
        return take_header(5, std::size_t{10} * first + second);
      }
    }
    if (at_ == end_ || *at_ != kind) return std::nullopt;
    const char* digit = at_ + 1;
    const char* const digits_end = digit + std::min<std::ptrdiff_t>(end_ - digit, digit_count_max);
    std::size_t number = 0;
    for (; digit != digits_end && *digit >= '0' && *digit <= '9'; ++digit) {
      number = 10 * number + static_cast<std::size_t>(*digit - '0');
    }
    const bool is_plain = digit != at_ + 1 && (at_[1] != '0' || digit == at_ + 2);
    if (!is_plain || !has_line_end(digit)) return std::nullopt;
    return take_header(digit + 2 - at_, number);
  }

  /// `size` bytes and a line end.
  std::optional<Bytes> bulk(std::size_t size) {
    if (static_cast<std::size_t>(end_ - at_) < size || !has_line_end(at_ + size)) return std::nullopt;
    const Bytes bytes(at_, size);
    at_ += size + 2;
    return bytes;
  }

  [[nodiscard]] std::size_t offset_from(Bytes input) const {
    return static_cast<std::size_t>(at_ - input.data());
  }

 private:
  std::size_t take_header(std::ptrdiff_t size, std::size_t number) {
    at_ += size;
    return number;
  }
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
  const auto count = reader.header('*');
  if (!count || *count == 0 || *count > std::min(room.size(), limits.argument_count_max)) return {};
  for (Bytes& argument : room.first(*count)) {
    const auto size = reader.header('$');
    if (!size || *size > bulk_size_max) return {};
    if (reader.offset_from(input) + *size + 2 > limits.command_size_max) return {};
    const auto bytes = reader.bulk(*size);
    if (!bytes) return {};
    argument = *bytes;
  }
  return {.arguments = room.first(*count), .size = reader.offset_from(input)};
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
