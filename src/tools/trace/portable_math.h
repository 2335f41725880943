// tools/trace/portable_math.h: randomness and logarithms that are the same bits on every machine.
//
// The standard library's distributions differ between libraries, and even log() and exp() differ in their
// last bit between versions and processors of one library. A trace made from a seed must be the same trace
// everywhere, so what it needs is built here from what IEEE 754 defines to the bit: + - * / and powers of
// two. The errors are a few units in the last place, which no sampler can tell from none.
#pragma once

#include <cstdint>

namespace larder::tools {

/// SplitMix64: 64 random bits a call from 64 bits of state.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
class SplitMix64 final {
 public:
  explicit SplitMix64(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t x = state_ += 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
  }

  /// From 0 to 1 without 1, in steps of 2^-53.
  double next_unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

/// The natural logarithm of a positive, normal number.
[[nodiscard]] double portable_log(double x);

/// e to the power of x, for x from -700 to 700.
[[nodiscard]] double portable_exp(double x);

/// (e^x - 1) / x, and 1 at 0.
[[nodiscard]] double portable_expm1_over(double x);

/// log(1 + x) / x for x > -1, and 1 at 0.
[[nodiscard]] double portable_log1p_over(double x);

}  // namespace larder::tools
