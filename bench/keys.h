// bench/keys.h: which keys a benchmark asks for, at next to no cost.
//
// A key is "key:" and its id in 16 hex digits, 20 bytes. Ids are drawn at random, so that no prefetcher and
// no branch predictor learns their order. A shuffled array of ready keys would itself be a cache miss for
// each look-up; here keys are computed, a block of 64 at a time, into 1.3 KiB that stay in the L1 cache, as a
// server's keys stand in its receive buffer. Making a key and asking for it in the same breath would be
// dearer: the hash reads words that straddle the stores that are still on their way.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/bytes.h"

namespace larder::bench {

/// splitmix64: a bijection, so that different ids stay different. Source: Steele et al., OOPSLA 2014.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// A stream of random numbers; the same for the same seed.
class Draws final {
 public:
  explicit Draws(std::uint64_t seed) : state_(mix(seed)) {}

  [[nodiscard]] std::uint64_t next() { return mix(state_ += 0x9e3779b97f4a7c15); }

  /// 0 to `count` - 1; `count` is below 2^32.
  [[nodiscard]] std::uint64_t below(std::uint64_t count) { return ((next() >> 32) * count) >> 32; }

 private:
  std::uint64_t state_;
};

inline constexpr std::size_t key_size = 20;
inline constexpr std::size_t block_size = 64;

/// Eight hex digits of `number`, the first one in the lowest byte.
[[nodiscard]] constexpr std::uint64_t hex_digits(std::uint32_t number) {
  std::uint64_t x = std::byteswap(number);  // then a nibble in each byte, in order
  x = (x | (x << 16)) & 0x0000'ffff'0000'ffff;
  x = (x | (x << 8)) & 0x00ff'00ff'00ff'00ff;
  x = ((x >> 4) & 0x000f'000f'000f'000f) | ((x & 0x000f'000f'000f'000f) << 8);
  const std::uint64_t above_nine = ((x + 0x0606'0606'0606'0606) >> 4) & 0x0101'0101'0101'0101;
  return x + 0x3030'3030'3030'3030 + above_nine * ('a' - '9' - 1);
}

/// Writes the key of `id` into `target`, which has room for key_size bytes.
inline void write_key(char* target, std::uint64_t id) {
  const std::uint64_t high = hex_digits(static_cast<std::uint32_t>(id >> 32));
  const std::uint64_t low = hex_digits(static_cast<std::uint32_t>(id));
  constexpr std::array<char, 4> prefix{'k', 'e', 'y', ':'};
  std::memcpy(target, prefix.data(), prefix.size());
  std::memcpy(target + 4, &high, 8);
  std::memcpy(target + 12, &low, 8);
}

/// The keys that are asked for next.
///
/// Ownership  owns the text; keys() shows it. Neither copied nor moved
class KeyBlock final {
 public:
  KeyBlock() {
    for (std::size_t i = 0; i < block_size; ++i) {
      write_key(text_.data() + i * key_size, 0);
      keys_[i] = Bytes(text_.data() + i * key_size, key_size);
    }
  }
  KeyBlock(const KeyBlock&) = delete;
  KeyBlock& operator=(const KeyBlock&) = delete;

  /// New keys, their ids by `next_id()`.
  template <class NextId>
  void refill(NextId next_id) {
    for (std::size_t i = 0; i < block_size; ++i) write_key(text_.data() + i * key_size, next_id());
  }

  [[nodiscard]] std::span<const Bytes, block_size> keys() const { return keys_; }

 private:
  std::array<char, block_size * key_size> text_{};
  std::array<Bytes, block_size> keys_{};
};

/// Where values are copied to, as a server copies them into a reply: a look-up whose value nobody reads would
/// leave out the memory that it lies in.
///
/// Invariant  values made by value_of_size() begin with eight zero bytes
class ValueSink final {
 public:
  static constexpr std::size_t size_max = 1024;

  void take(Bytes value) {
    if (value.size() > size_max) value = value.substr(0, size_max);
    std::memcpy(copy_.data(), value.data(), value.size());
    std::memcpy(&first_, copy_.data(), sizeof first_);
  }

  /// The first eight bytes of the last value: 0, which the compiler and the processor only know once the
  /// value is here. Added to what names the next key, it makes a look-up wait for the one before.
  [[nodiscard]] std::uint64_t first() const { return first_; }

 private:
  alignas(64) std::array<char, size_max> copy_{};
  std::uint64_t first_ = 0;
};

}  // namespace larder::bench
