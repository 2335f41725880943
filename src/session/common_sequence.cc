#include "session/common_sequence.h"

#include <algorithm>
#include <array>
#include <bit>
#include <climits>
#include <cstdint>
#include <memory>

#include "base/assert.h"

namespace larder::session {
namespace {

using Word = std::uint64_t;
constexpr std::size_t bits_per_word = 64;

// Redis keeps numbers of four bytes. The sum bounds what goes once over both values, and the rows of a long
// `a` beside a short `b`, each of which takes a word at least.
constexpr std::size_t cell_count_max = std::size_t{1} << 27;
constexpr std::size_t size_sum_max = std::size_t{2} << 20;

std::size_t index_of(char c) { return static_cast<unsigned char>(c); }

// For each byte that stands in `a`, where it stands in `b`.
class Places final {
 public:
  Places(Bytes a, Bytes b, std::size_t row_size) : row_size_(row_size) {
    std::size_t count = 0;
    for (const char c : a) {
      if (rows_[index_of(c)] == 0) rows_[index_of(c)] = static_cast<std::uint16_t>(++count);
    }
    words_.resize(count * row_size);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t row = rows_[index_of(b[j])];
      if (row != 0) words_[(row - 1) * row_size + j / bits_per_word] |= Word{1} << j % bits_per_word;
    }
  }

  [[nodiscard]] const Word* of(char c) const { return &words_[(rows_[index_of(c)] - 1U) * row_size_]; }

 private:
  std::size_t row_size_;
  std::array<std::uint16_t, 1U << CHAR_BIT> rows_{};  // from 1 on; 0: not in `a`
  std::vector<Word> words_;
};

// Each run of ones is the stretch in which L stays the same. The sum moves the zero that ends it forward to
// the first place in it where the byte of `a` stands.
void write_row(const Word* before, const Word* places, Word* row, std::size_t row_size) {
  bool carry = false;
  for (std::size_t k = 0; k < row_size; ++k) {
    const Word hits = before[k] & places[k];
    Word sum = 0;
    const bool first = __builtin_add_overflow(before[k], hits, &sum);
    const bool second = __builtin_add_overflow(sum, static_cast<Word>(carry), &sum);
    carry = first || second;
    row[k] = sum | (before[k] - hits);
  }
}

// L, a row of bits for each byte of `a` and one for none.
class LengthTable final {
 public:
  LengthTable(Bytes a, Bytes b)
      : row_size_((b.size() + bits_per_word - 1) / bits_per_word),
        words_(std::make_unique_for_overwrite<Word[]>((a.size() + 1) * row_size_)) {
    const Places places(a, b, row_size_);
    std::fill_n(words_.get(), row_size_, ~Word{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
      write_row(&words_[i * row_size_], places.of(a[i]), &words_[(i + 1) * row_size_], row_size_);
    }
  }

  /// Whether L(i, j) > L(i, j - 1).
  [[nodiscard]] bool grows(std::size_t i, std::size_t j) const {
    const Word word = words_[i * row_size_ + (j - 1) / bits_per_word];
    return (word >> (j - 1) % bits_per_word & 1U) == 0;
  }

 private:
  std::size_t row_size_;
  std::unique_ptr<Word[]> words_;
};

// The byte before the piece found last makes it longer; any other begins one.
void add_place(std::vector<CommonPiece>& pieces, std::size_t i, std::size_t j) {
  if (!pieces.empty() && pieces.back().a_start == i + 1 && pieces.back().b_start == j + 1) {
    pieces.back() = {.a_start = i, .b_start = j, .size = pieces.back().size + 1};
  } else {
    pieces.push_back({.a_start = i, .b_start = j, .size = 1});
  }
}

}  // namespace

bool can_find_common_sequence(std::size_t a_size, std::size_t b_size) {
  return a_size <= size_sum_max && b_size <= size_sum_max - a_size &&
         (a_size + 1) * (b_size + 1) <= cell_count_max;
}

CommonSequence find_common_sequence(Bytes a, Bytes b) {
  LARDER_ASSERT(can_find_common_sequence(a.size(), b.size()));
  CommonSequence common;
  if (a.empty() || b.empty()) return common;
  const LengthTable table(a, b);
  std::size_t i = a.size();
  std::size_t j = b.size();
  while (i > 0 && j > 0) {
    if (a[i - 1] == b[j - 1]) {
      --i;
      --j;
      common.bytes.push_back(a[i]);
      add_place(common.pieces, i, j);
    } else {
      table.grows(i, j) ? --i : --j;
    }
  }
  std::ranges::reverse(common.bytes);
  return common;
}

}  // namespace larder::session
