// base/glob.h: patterns with * ? [a-c] [^x] and \, as Redis reads them.
//
// After a star the text is tried from one place after the other, and only the last star is ever gone back to:
// whatever an earlier one could take, the later one can take as well. So the time is at most the product of
// the two lengths, whatever the pattern.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/bytes.h"

namespace larder {

namespace glob_detail {

/// What one element of a pattern (not a star) is, and whether `c` fits it.
struct Element {
  std::size_t size = 1;
  bool fits = false;
};

// A class ends at ']', or with the pattern. An empty one fits nothing.
constexpr Element match_class(Bytes pattern, char c) {
  std::size_t i = 1;
  const bool is_negated = i < pattern.size() && pattern[i] == '^';
  if (is_negated) ++i;
  bool is_in = false;
  for (; i < pattern.size() && pattern[i] != ']'; ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) {
      ++i;
      is_in |= pattern[i] == c;
    } else if (i + 2 < pattern.size() && pattern[i + 1] == '-') {
      const auto low = static_cast<unsigned char>(pattern[i]);
      const auto high = static_cast<unsigned char>(pattern[i + 2]);
      const auto byte = static_cast<unsigned char>(c);
      is_in |= std::min(low, high) <= byte && byte <= std::max(low, high);
      i += 2;
    } else {
      is_in |= pattern[i] == c;
    }
  }
  return {.size = std::min(i + 1, pattern.size()), .fits = is_in != is_negated};
}

constexpr Element match_one(Bytes pattern, char c) {
  switch (pattern.front()) {
    case '?':
      return {.size = 1, .fits = true};
    case '[':
      return match_class(pattern, c);
    case '\\':
      if (pattern.size() > 1) return {.size = 2, .fits = pattern[1] == c};
      break;
    default:
      break;
  }
  return {.size = 1, .fits = pattern.front() == c};
}

}  // namespace glob_detail

/// Whether `pattern` fits all of `text`. Bytes are compared as they are.
[[nodiscard]] constexpr bool glob_matches(Bytes pattern, Bytes text) {
  Bytes star_pattern;  // what follows the last star
  Bytes star_text;     // what was left of the text when it was tried last
  bool has_star = false;
  while (true) {
    if (!pattern.empty() && pattern.front() == '*') {
      pattern.remove_prefix(1);
      if (pattern.empty()) return true;
      has_star = true;
      star_pattern = pattern;
      star_text = text;
      continue;
    }
    if (text.empty() && pattern.empty()) return true;
    if (!text.empty() && !pattern.empty()) {
      const glob_detail::Element element = glob_detail::match_one(pattern, text.front());
      if (element.fits) {
        pattern.remove_prefix(element.size);
        text.remove_prefix(1);
        continue;
      }
    }
    if (!has_star || star_text.empty()) return false;
    star_text.remove_prefix(1);
    text = star_text;
    pattern = star_pattern;
  }
}

}  // namespace larder
