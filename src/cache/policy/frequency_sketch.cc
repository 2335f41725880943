#include "cache/policy/frequency_sketch.h"

#include <algorithm>
#include <cmath>
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace larder::cache::policy {
namespace {

constexpr std::uint64_t start_seed = 0x12345678;
constexpr std::uint64_t step_seed = 0x12344321;

std::uint32_t hash(std::uint64_t id, std::uint64_t seed) {
  return static_cast<std::uint32_t>(XXH64(&id, sizeof id, seed));
}

}  // namespace

FrequencySketch::FrequencySketch(std::size_t id_count)
    : counters_(std::max(2 * hash_count, static_cast<std::size_t>(
                                             std::ceil(counters_per_id * static_cast<double>(id_count))))) {}

void FrequencySketch::add(std::uint64_t id) {
  for (const std::size_t place : places(id)) ++counters_[place];
}

std::uint32_t FrequencySketch::estimate(std::uint64_t id) const {
  std::uint32_t smallest = ~std::uint32_t{0};
  for (const std::size_t place : places(id)) smallest = std::min(smallest, counters_[place]);
  return smallest;
}

void FrequencySketch::halve() {
  for (std::uint32_t& counter : counters_) counter /= 2;
}

// Two hashes stand for ten: the places are an arithmetic series modulo 2^32, then modulo the number of
// counters.
std::array<std::size_t, FrequencySketch::hash_count> FrequencySketch::places(std::uint64_t id) const {
  std::array<std::size_t, hash_count> all{};
  std::uint32_t place = hash(id, start_seed);
  const std::uint32_t step = hash(id, step_seed);
  for (std::size_t& one : all) {
    one = place % counters_.size();
    place += step;
  }
  return all;
}

}  // namespace larder::cache::policy
