#include "base/hash.h"

#define XXH_INLINE_ALL
#include <cstddef>
#include <xxhash.h>

namespace larder {

std::uint64_t Hasher::operator()(Bytes key) const {
  return XXH3_64bits_withSecret(key.data(), key.size(), secret_.data(), secret_.size());
}

std::uint64_t digest64(Bytes bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

HashSecret hash_secret_from_seed(std::uint64_t seed) {
  HashSecret secret{};
  for (std::size_t offset = 0; offset < secret.size(); offset += sizeof(std::uint64_t)) {
    const std::uint64_t word = XXH3_64bits_withSeed(&offset, sizeof offset, seed);
    for (std::size_t i = 0; i < sizeof word; ++i) {
      secret[offset + i] = static_cast<unsigned char>(word >> (8 * i));
    }
  }
  return secret;
}

}  // namespace larder
