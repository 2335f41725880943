// protocol/http/grammar.h: the character classes of HTTP.
//
// Source: RFC 9110 5.6.2 (token), 5.5 (field value); RFC 3986 2.1 (hex digits).
#pragma once

#include "base/ascii.h"
#include "base/bytes.h"

namespace larder::protocol::http {

[[nodiscard]] constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

[[nodiscard]] constexpr bool is_alphanumeric(char c) {
  return is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

[[nodiscard]] constexpr bool is_token_byte(char c) {
  return is_alphanumeric(c) || Bytes("!#$%&'*+-.^_`|~").find(c) != Bytes::npos;
}

/// What may stand in a header's value, the white space inside it included: no control character but HTAB.
[[nodiscard]] constexpr bool is_field_byte(char c) {
  return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) || c == '\t';
}

/// 0 to 15, or -1.
[[nodiscard]] constexpr int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// `text` without the spaces and tabs around it.
[[nodiscard]] constexpr Bytes trim(Bytes text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == Bytes::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace larder::protocol::http
