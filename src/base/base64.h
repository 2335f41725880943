// base/base64.h: bytes as text of 64 letters, four for each three bytes.
//
// Source: RFC 4648, section 4.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"

namespace larder {

[[nodiscard]] std::string base64_encode(Bytes bytes);

/// Only what base64_encode() gives: padded, nothing between, no bit set that says nothing. nullopt: it is
/// not.
[[nodiscard]] std::optional<std::string> base64_decode(Bytes text);

}  // namespace larder
