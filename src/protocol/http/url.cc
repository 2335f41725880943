#include "protocol/http/url.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "protocol/http/grammar.h"

namespace larder::protocol::http {
namespace {

Result<std::string> decode(Bytes text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return failure(ErrorKind::malformed, "A % is not followed by two hex digits.");
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return decoded;
}

}  // namespace

Result<Target> split_target(Bytes target) {
  Target parts;
  Bytes rest = target;
  if (!rest.starts_with('/') && rest != "*") {
    const auto colon = rest.find("://");
    const Bytes scheme = rest.substr(0, colon == Bytes::npos ? 0 : colon);
    if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) {
      return failure(ErrorKind::malformed, "The target of the request is not a path.");
    }
    rest.remove_prefix(colon + 3);
    const auto end = rest.find_first_of("/?");
    parts.authority = rest.substr(0, end);
    if (parts.authority.empty()) return failure(ErrorKind::malformed, "The target names no host.");
    rest = end == Bytes::npos ? Bytes{} : rest.substr(end);
  }
  const auto mark = rest.find('?');
  parts.path = rest.substr(0, mark);
  if (parts.path.empty()) parts.path = "/";
  if (mark != Bytes::npos) parts.query = rest.substr(mark + 1);
  return parts;
}

Result<std::string> percent_decode(Bytes text) { return decode(text, false); }

Result<std::vector<FormPair>> parse_form(Bytes text, std::size_t pair_count_max) {
  std::vector<FormPair> pairs;
  while (!text.empty()) {
    const auto end = std::min(text.find('&'), text.size());
    const Bytes piece = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (piece.empty()) continue;
    if (pairs.size() == pair_count_max) return failure(ErrorKind::too_large, "The form has too many pairs.");
    const auto equals = std::min(piece.find('='), piece.size());
    auto name = decode(piece.substr(0, equals), true);
    if (!name) return std::unexpected(std::move(name.error()));
    auto value = decode(piece.substr(std::min(equals + 1, piece.size())), true);
    if (!value) return std::unexpected(std::move(value.error()));
    pairs.push_back({std::move(*name), std::move(*value)});
  }
  return pairs;
}

}  // namespace larder::protocol::http
