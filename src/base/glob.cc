#include "base/glob.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <utility>

namespace larder {

// Redis compares signed chars, so that 0x80 to 0xFF come before 0, and takes the ends in either order.
void Glob::ByteSet::add_range(char from, char to) {
  constexpr unsigned sign = 0x80;
  unsigned first = static_cast<unsigned char>(from) ^ sign;
  unsigned last = static_cast<unsigned char>(to) ^ sign;
  if (first > last) std::swap(first, last);
  for (unsigned byte = first; byte <= last; ++byte) add(static_cast<unsigned char>(byte ^ sign));
}

// From behind the '[' to behind the ']', which may be missing. A ']' that comes first ends it: there is then
// nothing that it takes, or, with '^', nothing that it does not.
Glob::ByteSet Glob::read_class(Bytes& rest) {
  ByteSet set;
  const bool is_inverted = rest.starts_with('^');
  if (is_inverted) rest.remove_prefix(1);
  while (!rest.empty()) {
    if (rest.front() == ']') {
      rest.remove_prefix(1);
      break;
    }
    if (rest.front() == '\\' && rest.size() >= 2) {
      set.add(static_cast<unsigned char>(rest[1]));
      rest.remove_prefix(2);
    } else if (rest.size() >= 3 && rest[1] == '-') {
      set.add_range(rest[0], rest[2]);
      rest.remove_prefix(3);
    } else {
      set.add(static_cast<unsigned char>(rest.front()));
      rest.remove_prefix(1);
    }
  }
  if (is_inverted) set.invert();
  return set;
}

Glob::Glob(Bytes pattern, std::size_t text_size_max) : matches_all_(pattern == "*") {
  std::vector<ByteSet> sets;
  std::vector<std::size_t> stars;
  Bytes rest = pattern;
  while (!rest.empty()) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c == '*') {
      if (stars.empty() || stars.back() != sets.size()) stars.push_back(sets.size());
      continue;
    }
    if (sets.size() == text_size_max) {
      matches_none_ = true;
      return;
    }
    ByteSet& set = sets.emplace_back();
    if (c == '?') {
      set.invert();
    } else if (c == '[') {
      set = read_class(rest);
    } else if (c == '\\' && !rest.empty()) {
      set.add(static_cast<unsigned char>(rest.front()));
      rest.remove_prefix(1);
    } else {
      set.add(static_cast<unsigned char>(c));
    }
  }
  build(sets, stars);
}

void Glob::build(const std::vector<ByteSet>& sets, const std::vector<std::size_t>& stars) {
  place_max_ = sets.size();
  has_star_ = !stars.empty();
  row_size_ = place_max_ / word_size + 1;
  moves_.resize(256 * row_size_);
  stays_.resize(row_size_);
  places_.resize(row_size_);
  // Word by word of the rows: each write to a row itself would be to another cache line.
  for (std::size_t first = 0; first < sets.size(); first += word_size) {
    std::array<Word, 256> column{};
    const std::size_t count = std::min(word_size, sets.size() - first);
    for (std::size_t place = 0; place < count; ++place) {
      for (std::size_t i = 0; i < 4; ++i) {
        for (Word bytes = sets[first + place].words[i]; bytes != 0; bytes &= bytes - 1) {
          column[i * word_size + static_cast<std::size_t>(std::countr_zero(bytes))] |= Word{1} << place;
        }
      }
    }
    for (std::size_t byte = 0; byte < 256; ++byte)
      moves_[byte * row_size_ + first / word_size] = column[byte];
  }
  for (const std::size_t place : stars) stays_[place / word_size] |= Word{1} << place % word_size;
}

bool Glob::matches(Bytes text) {
  begin(text);
  std::size_t work = std::numeric_limits<std::size_t>::max();
  return go_on(work).value_or(false);
}

void Glob::begin(Bytes text) {
  text_ = text;
  offset_ = 0;
  std::ranges::fill(places_, Word{0});
  low_ = high_ = 0;
  if (!places_.empty()) places_[0] = 1;
}

std::optional<bool> Glob::go_on(std::size_t& work) {
  if (matches_all_) return true;
  // Also what no walk would find: that a text is too short, or without a star too long.
  if (matches_none_ || text_.size() < place_max_ || (!has_star_ && text_.size() > place_max_)) return false;
  if (text_.empty()) return !has_star_;
  while (offset_ < text_.size()) {
    if (work == 0) return std::nullopt;
    step(static_cast<unsigned char>(text_[offset_++]));
    if (low_ > high_) return false;
    work -= std::min(work, high_ - low_ + 1);
  }
  return (places_[place_max_ / word_size] >> place_max_ % word_size & 1) != 0;
}

// Moves all places that are taken. Words beyond low_ and high_ are 0.
void Glob::step(unsigned char byte) {
  const Word* const moves = &moves_[byte * row_size_];
  Word carry = 0;
  const std::size_t end = std::min(high_ + 2, row_size_);
  std::size_t high = 0;
  std::size_t star = low_;  // the last word in which a place with a star is taken
  bool is_empty = true;
  for (std::size_t i = low_; i < end; ++i) {
    const Word moving = places_[i] & moves[i];
    const Word staying = places_[i] & stays_[i];
    const Word now = moving << 1 | carry | staying;
    carry = moving >> (word_size - 1);
    places_[i] = now;
    if (now == 0) continue;
    is_empty = false;
    high = i;
    if ((now & stays_[i]) != 0) star = i;
  }
  if (is_empty) {
    low_ = 1;
    high_ = 0;
    return;
  }
  while (low_ < star || places_[low_] == 0) places_[low_++] = 0;
  high_ = high;
}

std::size_t Glob::held_size() const {
  return (moves_.capacity() + stays_.capacity() + places_.capacity()) * sizeof(Word);
}

}  // namespace larder
