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

/// A variable of the environment that is a number, if it is set.
inline std::optional<std::uint64_t> number_from_environment(const char* name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): read before any thread is started
  const char* const given = std::getenv(name);
  if (given == nullptr) return std::nullopt;
  return std::strtoull(given, nullptr, 10);
}

/// LARDER_SEED=N, or another at each run. Printed before anything else happens, so that a run that fails, or
/// ends the process, can be had again.
inline std::uint64_t test_seed() {
  std::array<unsigned char, 4> bytes{};
  fill_random(bytes);
  std::uint64_t seed = 0;
  for (const unsigned char byte : bytes) seed = seed << 8 | byte;
  seed = number_from_environment("LARDER_SEED").value_or(seed);
  std::printf("LARDER_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  return seed;
}

/// The seeds of `count` short runs, the printed one and those behind it; of LARDER_SEED alone, if it is set;
/// of as many as LARDER_SEEDS=COUNT says.
inline std::vector<std::uint64_t> test_seeds(std::size_t count) {
  if (number_from_environment("LARDER_SEED")) count = 1;
  std::vector<std::uint64_t> seeds(number_from_environment("LARDER_SEEDS").value_or(count));
  std::iota(seeds.begin(), seeds.end(), test_seed());
  return seeds;
}

}  // namespace larder
