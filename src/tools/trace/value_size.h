// tools/trace/value_size.h: the key and the value that stand for an object, made from its id alone.
//
// Every run and every peer stores the same bytes, so that figures can be compared, and so that a value that
// comes back can be told from a wrong one.
//
//   key     "object:" and the 16 hexadecimal digits of mix(id)
//   size    log-normal around a mean, from the id's bits in place of random ones
//   value   the key's text again and again, cut at the size
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace larder::tools {

/// The sizes that log_normal_value_size() keeps to.
inline constexpr std::uint64_t log_normal_value_size_max = 200'000;

/// Scatters 64 bits, one to one: MurmurHash3's finalizer (Austin Appleby, public domain).
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdU;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53U;
  x ^= x >> 33;
  return x;
}

/// Bytes of every key.
inline constexpr std::size_t object_key_size = 23;

/// "object:b69daa6c5ddd55a5".
[[nodiscard]] std::string object_key(std::uint64_t id);

/// The same into memory of the caller's, which has object_key_size bytes there.
void write_object_key(std::uint64_t id, char* target);

/// Bytes, from 1 to 200,000, log-normal with the mean `mean_size`, which is at least 1, and a standard
/// deviation of the logarithm of 1. Box and Muller's transform turns bits of the id into a normal number.
[[nodiscard]] std::uint64_t log_normal_value_size(std::uint64_t id, std::uint64_t mean_size);

/// The `size` bytes to store under `key`, which is not empty.
[[nodiscard]] std::string object_value(Bytes key, std::uint64_t size);

/// The same behind what `target` has already.
void append_object_value(Bytes key, std::uint64_t size, std::string& target);

/// `value` is object_value(key, size), without making that.
[[nodiscard]] bool is_object_value(Bytes value, Bytes key, std::uint64_t size);

}  // namespace larder::tools
