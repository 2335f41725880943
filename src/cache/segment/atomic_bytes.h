// cache/segment/atomic_bytes.h: bytes that one thread writes while others may be reading them.
//
// A read without a lock copies a record while a writer may be changing it, and throws the copy away if one
// was. C++ calls that a data race unless every access is atomic, and so does ThreadSanitizer. So shared
// memory is read and written in aligned 8-byte words, each one atomic:
//
//   address   ... 8        16        24        32 ...
//   record          [ header key value ]
//   words       [        ][        ][        ]      a copy takes all words that the record touches
//
// Loads acquire and stores release: a reader that saw any byte of a change also sees that the sequence number
// was raised before it (see sequence.h). On x86 both are plain moves.
//
// Threads: any number of readers beside one writer. A writer that changes part of a word keeps the rest, so
// two writers must not share a word: a segment belongs to one shard.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"

namespace larder::cache::segment {

using Word = std::uint64_t;
inline constexpr std::size_t word_size = sizeof(Word);

[[nodiscard]] inline Word load_word(const std::byte* aligned) {
  return std::atomic_ref<Word>(*reinterpret_cast<Word*>(const_cast<std::byte*>(aligned)))
      .load(std::memory_order_acquire);
}
inline void store_word(std::byte* aligned, Word word) {
  std::atomic_ref<Word>(*reinterpret_cast<Word*>(aligned)).store(word, std::memory_order_release);
}

[[nodiscard]] inline std::size_t offset_in_word(const std::byte* address) {
  return reinterpret_cast<std::uintptr_t>(address) % word_size;
}

/// Bytes of `buffer` that copy_out() needs for `size` bytes, wherever they lie.
[[nodiscard]] constexpr std::size_t copy_size(std::size_t size) {
  return (size + 2 * (word_size - 1)) / word_size * word_size;
}

/// Copies whole words into `buffer` (aligned to 8) and answers where in it the `size` bytes from `source`
/// are. Reads up to seven bytes on either side of them.
[[nodiscard]] inline const std::byte* copy_out(const std::byte* source, std::size_t size, std::byte* buffer) {
  const std::size_t shift = offset_in_word(source);
  const std::byte* const first = source - shift;
  for (std::size_t offset = 0; offset < shift + size; offset += word_size) {
    const Word word = load_word(first + offset);
    std::memcpy(buffer + offset, &word, word_size);
  }
  return buffer + shift;
}

/// The eight bytes from `source` on, wherever they begin. Reads the two words that they lie in, so up to
/// eight bytes behind them.
[[nodiscard]] inline Word load_unaligned(const std::byte* source) {
  const std::size_t shift = offset_in_word(source);
  const unsigned bit_count = static_cast<unsigned>(shift) * 8;
  const Word low = load_word(source - shift);
  const Word high = load_word(source - shift + word_size);
  return low >> bit_count | high << 1 << (63 - bit_count);
}

/// True if `bytes` stand at `source`. Compares in registers: a comparison with a copy would have to wait
/// until the copy has left the core's store buffer. Reads up to 15 bytes behind them.
[[nodiscard]] inline bool equals(const std::byte* source, Bytes bytes) {
  const auto word_of = [&](std::size_t offset, std::size_t size) {
    Word word = 0;
    std::memcpy(&word, bytes.data() + offset, size);
    return word;
  };
  const std::size_t size = bytes.size();
  if (size < word_size) {
    const Word mask = (Word{1} << (8 * size)) - 1;
    return (load_unaligned(source) & mask) == word_of(0, size);
  }
  for (std::size_t offset = 0; offset + word_size <= size; offset += word_size) {
    if (load_unaligned(source + offset) != word_of(offset, word_size)) return false;
  }
  return load_unaligned(source + size - word_size) == word_of(size - word_size, word_size);
}
/// How far behind its bytes equals() may read.
inline constexpr std::size_t overread_size = 2 * word_size - 1;

/// Writes `bytes` to `target`; its neighbours in the first and last word keep their values.
inline void copy_in(std::byte* target, Bytes bytes) {
  const char* source = bytes.data();
  std::size_t size_left = bytes.size();
  while (size_left > 0) {
    const std::size_t shift = offset_in_word(target);
    const std::size_t size = std::min(size_left, word_size - shift);
    Word word = size == word_size ? 0 : load_word(target - shift);
    std::memcpy(reinterpret_cast<char*>(&word) + shift, source, size);
    store_word(target - shift, word);
    target += size;
    source += size;
    size_left -= size;
  }
}

}  // namespace larder::cache::segment
