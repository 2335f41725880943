// session/scrypt.h: passwords as a file of users keeps them.
//
//   scrypt:N$r$p$SALT$HASH       scrypt:32768$8$1$(16 bytes in base64)$(32 bytes in base64)
//
// Working a hash out takes 128 * N * r bytes and some 80 ms, on purpose: whoever has the file, or guesses at
// the port, pays that for each guess. So it is never done by an event loop: login_queue.h.
//
// Source: RFC 7914.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace larder::session {

/// What is to be worked out, and what must come of it.
struct ScryptHash {
  std::uint64_t n = std::uint64_t{1} << 15;  // a power of two
  std::uint32_t r = 8;
  std::uint32_t p = 1;
  std::string salt{};
  std::string hash{};  // scrypt_hash_size bytes

  friend bool operator==(const ScryptHash&, const ScryptHash&) = default;
};

inline constexpr std::size_t scrypt_hash_size = 32;
inline constexpr std::size_t scrypt_salt_size = 16;                          // of those made here
inline constexpr std::uint64_t scrypt_memory_max = std::uint64_t{64} << 20;  // bytes that a text may ask for

/// Errors: malformed, how the text differs from what make_scrypt_hash() gives; or it asks for more memory or
/// work than anybody should have to pay for a login.
[[nodiscard]] Result<ScryptHash> parse_scrypt_hash(Bytes text);
[[nodiscard]] std::string scrypt_text(const ScryptHash& hash);

/// Both take their time, and throw std::bad_alloc. Of `hash` all but the hash is given; the salt is random.
[[nodiscard]] ScryptHash make_scrypt_hash(Bytes password, ScryptHash hash);
/// Compares in a time that tells nothing.
[[nodiscard]] bool scrypt_matches(const ScryptHash& hash, Bytes password);

}  // namespace larder::session
