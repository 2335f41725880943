#include "program/config_value.h"

#include <algorithm>

namespace larder::program {
namespace {

bool is_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// TOML's basic string. Control characters, line ends among them, may only stand there as code points.
std::string quoted(std::string_view text) {
  constexpr std::string_view hex_digits = "0123456789ABCDEF";
  std::string string = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      string += "\\u00";
      string += hex_digits[byte >> 4];
      string += hex_digits[byte & 0xF];
      continue;
    }
    if (c == '"' || c == '\\') string += '\\';
    string += c;
  }
  return string + '"';
}

}  // namespace

std::string config_value_text(const OptionRow& row, std::string_view text) {
  const bool is_text = row.kind == OptionKind::text || is_list(row.kind);
  const bool is_bare = row.kind == OptionKind::toggle || (!is_text && is_number(text));
  return is_bare ? std::string(text) : quoted(text);
}

}  // namespace larder::program
