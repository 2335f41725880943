// base/random.h: randomness from the kernel, and numbers that follow from a seed. Programs call fill_random()
// once at start and hand the bytes on, or a seed made of them; no other room draws its own.
#pragma once

#include <cstdint>
#include <span>

namespace larder {

/// Fills `target` from getrandom(2); blocks only on a machine that has just booted. Asserts if the kernel has
/// none.
void fill_random(std::span<unsigned char> target);

/// Numbers that look random and follow from the seed: for choices, never for secrets.
///
/// Threads    belongs to one
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
class SplitMix64 final {
 public:
  explicit SplitMix64(std::uint64_t seed) : state_(seed) {}

  /// 64 bits.
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

}  // namespace larder
