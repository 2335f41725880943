// base/sha256.h: SHA-256, for passwords: what is shown in place of one, and what is compared.
//
// Source: FIPS 180-4.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace larder {

using Sha256 = std::array<std::uint8_t, 32>;

[[nodiscard]] Sha256 sha256(Bytes bytes);

/// 64 lower-case hexadecimal digits.
[[nodiscard]] std::string sha256_text(const Sha256& hash);

/// Takes as long wherever they differ.
[[nodiscard]] bool equals_in_constant_time(const Sha256& one, const Sha256& other);

}  // namespace larder
