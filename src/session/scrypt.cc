#include "session/scrypt.h"

#include <array>
#include <bit>
#include <cstddef>
#include <fmt/format.h>
#include <new>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <optional>
#include <utility>

#include "base/base64.h"
#include "base/numbers.h"

namespace larder::session {
namespace {

constexpr Bytes scheme = "scrypt:";

const unsigned char* unsigned_bytes(Bytes bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// OpenSSL fails at this for want of memory only: the parameters were checked.
std::string work_out(const ScryptHash& hash, Bytes password) {
  std::string result(scrypt_hash_size, '\0');
  const std::uint64_t memory_max = 2 * scrypt_memory_max;  // it counts what it needs besides, too
  if (EVP_PBE_scrypt(password.data(), password.size(), unsigned_bytes(hash.salt), hash.salt.size(), hash.n,
                     hash.r, hash.p, memory_max, reinterpret_cast<unsigned char*>(result.data()),
                     result.size()) != 1) {
    throw std::bad_alloc();
  }
  return result;
}

std::optional<std::uint64_t> parse_number(Bytes text, std::uint64_t max) {
  const auto number = parse_uint64(text);
  return number && *number >= 1 && *number <= max ? number : std::nullopt;
}

}  // namespace

Result<ScryptHash> parse_scrypt_hash(Bytes text) {
  const auto refused = [](const char* reason) { return failure(ErrorKind::malformed, reason); };
  if (!text.starts_with(scheme)) return refused("begins with no 'scrypt:', as --hash-password writes it");
  text.remove_prefix(scheme.size());
  std::array<Bytes, 5> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t size = text.find('$');
    const bool is_last = i + 1 == parts.size();
    if ((size == Bytes::npos) != is_last) return refused("is not scrypt:N$r$p$salt$hash");
    parts[i] = text.substr(0, size);
    if (!is_last) text.remove_prefix(size + 1);
  }
  constexpr std::uint64_t r_max = 32;
  constexpr std::uint64_t p_max = 4;
  const auto n = parse_number(parts[0], scrypt_memory_max / 128);
  const auto r = parse_number(parts[1], r_max);
  const auto p = parse_number(parts[2], p_max);
  if (!n || *n < 2 || !std::has_single_bit(*n)) return refused("has an N that is no power of two from 2 on");
  if (!r) return refused("has an r that is not from 1 to 32");
  if (!p) return refused("has a p that is not from 1 to 4");
  if (128 * *n * *r > scrypt_memory_max)
    return refused("asks for more than 64mb for each login: 128 * N * r");
  auto salt = base64_decode(parts[3]);
  if (!salt || salt->size() < 8 || salt->size() > 64) {
    return refused("has a salt that is not 8 to 64 bytes in base64");
  }
  auto hash = base64_decode(parts[4]);
  if (!hash || hash->size() != scrypt_hash_size) return refused("has a hash that is not 32 bytes in base64");
  return ScryptHash{.n = *n,
                    .r = static_cast<std::uint32_t>(*r),
                    .p = static_cast<std::uint32_t>(*p),
                    .salt = *std::move(salt),
                    .hash = *std::move(hash)};
}

std::string scrypt_text(const ScryptHash& hash) {
  return fmt::format("{}{}${}${}${}${}", scheme, hash.n, hash.r, hash.p, base64_encode(hash.salt),
                     base64_encode(hash.hash));
}

ScryptHash make_scrypt_hash(Bytes password, ScryptHash hash) {
  hash.hash = work_out(hash, password);
  return hash;
}

bool scrypt_matches(const ScryptHash& hash, Bytes password) {
  const std::string result = work_out(hash, password);
  return hash.hash.size() == result.size() &&
         CRYPTO_memcmp(result.data(), hash.hash.data(), result.size()) == 0;
}

}  // namespace larder::session
