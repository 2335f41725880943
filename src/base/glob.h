// base/glob.h: patterns of names, as Redis reads them.
//
//   *        any bytes          [abc]  one of these         \x   x itself
//   ?        one byte           [a-c]  one from a to c      [^x] one that is not x
//
// A pattern comes from a peer, and so do the names: together they must not be able to cost more than their
// lengths say. So nothing is tried and taken back. A pattern of m single bytes has m + 1 places to be in, one
// bit each, and a byte of the text moves all of them at once:
//
//   pattern a * b c     places  0 -a-> 1 -b-> 2 -c-> 3      place 1 has a star: it may also stay
//   text    a b b c             {0} -> {1} -> {1,2} -> {1,2} -> {1,3}      3, the last: it matches
//
// A byte costs one step for each 64 places between the lowest and the highest that are taken, and what lies
// below a place with a star is given up when that is reached: nothing more can come from there.
//
// Source: the Shift-And automaton of Baeza-Yates and Gonnet, "A new approach to text searching", CACM 1992.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace larder {

/// A pattern and at most one text that it is tried on.
///
/// Units      bytes; work is in steps of a nanosecond or so
/// Ownership  keeps nothing of the pattern; the text is borrowed from begin() to the verdict
/// Invariant  the verdict on a text costs at most text size x (pattern size / 64 + 2) steps
class Glob final {
 public:
  /// No text that it will be tried on is longer than `text_size_max`: what can only match longer ones is not
  /// worth its memory.
  Glob(Bytes pattern, std::size_t text_size_max);

  /// The pattern is "*": everything matches. Other patterns of stars alone do not match the empty text, for
  /// they do not in Redis.
  [[nodiscard]] bool matches_all() const { return matches_all_; }

  [[nodiscard]] bool matches(Bytes text);

  /// The same in portions: go_on() spends up to `work` steps, takes what it spent off, and answers once there
  /// is a verdict.
  void begin(Bytes text);
  [[nodiscard]] std::optional<bool> go_on(std::size_t& work);

  [[nodiscard]] std::size_t held_size() const;

 private:
  using Word = std::uint64_t;
  static constexpr std::size_t word_size = 64;  // bits

  // A class or a single byte, as the pattern spells it: which bytes it takes.
  struct ByteSet {
    Word words[4] = {};
    void add(unsigned char byte) { words[byte / word_size] |= Word{1} << byte % word_size; }
    void add_range(char from, char to);
    void invert() {
      for (Word& word : words) word = ~word;
    }
  };

  static ByteSet read_class(Bytes& rest);
  void build(const std::vector<ByteSet>& sets, const std::vector<std::size_t>& stars);
  void step(unsigned char byte);

  bool matches_all_ = false;
  bool matches_none_ = false;  // of the texts up to text_size_max
  bool has_star_ = false;
  std::size_t place_max_ = 0;  // the last place: so many bytes are matched one by one
  std::size_t row_size_ = 0;   // words
  std::vector<Word> moves_;    // 256 rows: from which places a byte leads on
  std::vector<Word> stays_;    // a row: which places have a star

  Bytes text_;
  std::size_t offset_ = 0;
  std::vector<Word> places_;  // a row: those that are taken
  std::size_t low_ = 0;       // the words from which to which one may be
  std::size_t high_ = 0;
};

}  // namespace larder
