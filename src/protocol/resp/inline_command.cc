#include "protocol/resp/inline_command.h"

#include <optional>

namespace larder::protocol {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f'; }

// Vertical tab and form feed are skipped before a word but do not end one: so it is in Redis.
bool ends_word(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

char unescape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return c;
  }
}

// What a closing quote must be followed by.
bool ends_quoted(Bytes line, std::size_t offset) { return offset == line.size() || is_blank(line[offset]); }

// Reads from behind an opening '"'; answers the place behind the closing one.
std::optional<std::size_t> read_double_quoted(Bytes line, std::size_t offset, std::string& text) {
  while (offset < line.size()) {
    const char c = line[offset];
    if (c == '"') {
      return ends_quoted(line, offset + 1) ? std::optional(offset + 1) : std::nullopt;
    }
    if (c != '\\' || offset + 1 == line.size()) {
      text.push_back(c);
      ++offset;
      continue;
    }
    if (line[offset + 1] == 'x' && offset + 3 < line.size()) {
      const auto high = hex_digit(line[offset + 2]);
      const auto low = hex_digit(line[offset + 3]);
      if (high && low) {
        text.push_back(static_cast<char>(*high * 16 + *low));
        offset += 4;
        continue;
      }
    }
    text.push_back(unescape(line[offset + 1]));
    offset += 2;
  }
  return std::nullopt;
}

// Reads from behind an opening '\''; answers the place behind the closing one.
std::optional<std::size_t> read_single_quoted(Bytes line, std::size_t offset, std::string& text) {
  while (offset < line.size()) {
    const char c = line[offset];
    if (c == '\'') {
      return ends_quoted(line, offset + 1) ? std::optional(offset + 1) : std::nullopt;
    }
    if (c == '\\' && offset + 1 < line.size() && line[offset + 1] == '\'') {
      text.push_back('\'');
      offset += 2;
      continue;
    }
    text.push_back(c);
    ++offset;
  }
  return std::nullopt;
}

}  // namespace

bool split_inline_command(Bytes line, std::string& text, std::vector<Slice>& words) {
  std::size_t offset = 0;
  while (true) {
    while (offset < line.size() && is_blank(line[offset])) ++offset;
    if (offset == line.size()) return true;

    const std::size_t start = text.size();
    while (offset < line.size() && !ends_word(line[offset])) {
      const char c = line[offset++];
      if (c != '"' && c != '\'') {
        text.push_back(c);
        continue;
      }
      const auto end =
          c == '"' ? read_double_quoted(line, offset, text) : read_single_quoted(line, offset, text);
      if (!end) return false;
      offset = *end;
      break;  // a closing quote ends its word
    }
    words.push_back({.offset = start, .size = text.size() - start});
  }
}

}  // namespace larder::protocol
