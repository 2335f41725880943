// base/test_seed.h: where tests that make random choices take their seeds from. Test code.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <optional>
#include <vector>

#include "base/random.h"

namespace larder {

/// LARDER_SEED=N, if that is set.
inline std::optional<std::uint64_t> given_seed() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): read before any thread is started
  const char* const given = std::getenv("LARDER_SEED");
  if (given == nullptr) return std::nullopt;
  return std::strtoull(given, nullptr, 10);
}

/// The given seed, or another at each run. Printed before anything else happens, so that a run that fails, or
/// ends the process, can be had again.
inline std::uint64_t test_seed() {
  std::array<unsigned char, 4> bytes{};
  fill_random(bytes);
  std::uint64_t seed = 0;
  for (const unsigned char byte : bytes) seed = seed << 8 | byte;
  seed = given_seed().value_or(seed);
  std::printf("LARDER_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  return seed;
}

/// The seeds of `count` short runs, the printed one and those behind it; or the given one alone.
inline std::vector<std::uint64_t> test_seeds(std::size_t count) {
  std::vector<std::uint64_t> seeds(given_seed() ? 1 : count);
  std::iota(seeds.begin(), seeds.end(), test_seed());
  return seeds;
}

}  // namespace larder
