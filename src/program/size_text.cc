#include "program/size_text.h"

#include <array>
#include <limits>
#include <optional>
#include <span>

#include "base/ascii.h"
#include "base/numbers.h"

namespace larder::program {
namespace {

struct Unit {
  Bytes name;
  std::uint64_t factor;
};

// Largest first, which is the order in which the printers try them.
constexpr std::array size_units{Unit{"gb", std::uint64_t{1} << 30}, Unit{"mb", std::uint64_t{1} << 20},
                                Unit{"kb", std::uint64_t{1} << 10}, Unit{"b", 1}};
constexpr std::array duration_units{Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1'000}, Unit{"ms", 1}};

// Room is left on top, so that a doubled size and a deadline in the future do not overflow either.
constexpr std::uint64_t size_max = std::uint64_t{1} << 62;
// The longest that CONFIG SET timeout takes.
constexpr std::uint64_t duration_max_ms = std::uint64_t{2'147'483'647} * 1000;

struct Parts {
  Bytes digits;
  Bytes unit;
};

Parts split(Bytes text) {
  std::size_t digit_count = 0;
  while (digit_count < text.size() && text[digit_count] >= '0' && text[digit_count] <= '9') ++digit_count;
  return {text.substr(0, digit_count), text.substr(digit_count)};
}

std::optional<std::uint64_t> factor_of(Bytes unit, std::span<const Unit> units) {
  for (const Unit& known : units) {
    if (equals_ignoring_case(unit, known.name)) return known.factor;
  }
  return std::nullopt;
}

// Digits that overflow 64 bits are as surely too large as those that pass the limit.
std::optional<std::uint64_t> scaled(Bytes digits, std::uint64_t factor, std::uint64_t max) {
  const std::optional<std::uint64_t> number = parse_uint64(digits);
  if (!number || *number > max / factor) return std::nullopt;
  return *number * factor;
}

std::string print(std::uint64_t value, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (value % unit.factor == 0) return std::to_string(value / unit.factor) + std::string(unit.name);
  }
  return std::to_string(value);
}

}  // namespace

Result<std::uint64_t> parse_size(Bytes text) {
  const auto [digits, unit] = split(text);
  const std::optional<std::uint64_t> factor = unit.empty() ? 1 : factor_of(unit, size_units);
  if (digits.empty() || !factor) {
    return failure(
        ErrorKind::malformed,
        "'" + std::string(text) + "' is not a size: write a whole number followed by b, kb, mb or gb");
  }
  const std::optional<std::uint64_t> size = scaled(digits, *factor, size_max);
  if (!size) return failure(ErrorKind::too_large, "'" + std::string(text) + "' is more than any machine has");
  return *size;
}

std::string size_text(std::uint64_t size) { return size == 0 ? "0" : print(size, size_units); }

Result<Duration> parse_duration(Bytes text) {
  if (text == "0") return Duration{0};
  const auto [digits, unit] = split(text);
  const std::optional<std::uint64_t> factor = factor_of(unit, duration_units);
  if (digits.empty() || !factor) {
    return failure(
        ErrorKind::malformed,
        "'" + std::string(text) + "' is not a duration: write a whole number followed by ms, s, m or h");
  }
  const std::optional<std::uint64_t> milliseconds = scaled(digits, *factor, duration_max_ms);
  if (!milliseconds)
    return failure(ErrorKind::too_large, "'" + std::string(text) + "' is more than 68 years");
  return Duration{static_cast<std::int64_t>(*milliseconds)};
}

std::string duration_text(Duration duration) {
  return duration == Duration{0} ? "0" : print(static_cast<std::uint64_t>(duration.count()), duration_units);
}

}  // namespace larder::program
