// base/numbers.h: integers from a peer's bytes, strictly.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>

#include "base/bytes.h"

namespace larder {

/// A signed 64-bit decimal as Redis reads one: digits with an optional '-', no '+', no spaces, no leading
/// zero, no "-0".
[[nodiscard]] inline std::optional<std::int64_t> parse_int64(Bytes text) {
  const Bytes digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty()) return std::nullopt;
  if (digits.front() == '0' && text.size() > 1) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// An unsigned 64-bit decimal: one or more digits and nothing else; leading zeros are allowed.
[[nodiscard]] inline std::optional<std::uint64_t> parse_uint64(Bytes text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Digits of an integer without a detour over locales or allocation.
class IntegerText final {
 public:
  explicit IntegerText(std::int64_t value) : end_(std::to_chars(text_, text_ + sizeof text_, value).ptr) {}
  explicit IntegerText(std::uint64_t value) : end_(std::to_chars(text_, text_ + sizeof text_, value).ptr) {}
  IntegerText(const IntegerText&) = delete;
  IntegerText& operator=(const IntegerText&) = delete;
  [[nodiscard]] Bytes bytes() const { return {text_, static_cast<std::size_t>(end_ - text_)}; }

 private:
  char text_[24];
  char* end_;
};

}  // namespace larder
