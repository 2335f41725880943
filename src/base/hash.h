// base/hash.h: the keyed hash of the whole project.
//
// XXH3 with a secret of 192 random bytes drawn at start. A peer who does not know the secret cannot make keys
// that collide on purpose; what XXH3 is not is a cryptographic PRF, so whatever is built on it keeps its
// probes bounded. Source: https://github.com/Cyan4973/xxHash (XXH3_64bits_withSecret; the seed form is
// weaker, see its issue 1127).
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace larder {

/// 192 bytes of randomness; from getrandom in programs, from a seed in tests.
using HashSecret = std::array<unsigned char, 192>;

/// Hashes keys. A value type; copies hash alike.
///
/// Threads    any number may call at once
class Hasher final {
 public:
  explicit Hasher(const HashSecret& secret) : secret_(secret) {}
  [[nodiscard]] std::uint64_t operator()(Bytes key) const;

 private:
  HashSecret secret_;
};

/// XXH3 of 64 bits without a secret, as others compute it too. Not for tables: peers can make it collide.
[[nodiscard]] std::uint64_t digest64(Bytes bytes);

/// The same secret for the same seed, for tests that must be replayed.
[[nodiscard]] HashSecret hash_secret_from_seed(std::uint64_t seed);

}  // namespace larder
