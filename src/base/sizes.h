// base/sizes.h: what the larger units of memory are in bytes.
#pragma once

#include <cstddef>

namespace larder {

inline constexpr std::size_t kib = 1024;
inline constexpr std::size_t mib = 1024 * kib;
inline constexpr std::size_t gib = 1024 * mib;

}  // namespace larder
