// base/random.h: randomness from the kernel. Programs call it once at start and hand the bytes on; no other
// room draws its own.
#pragma once

#include <span>

namespace larder {

/// Fills `target` from getrandom(2); blocks only on a machine that has just booted. Asserts if the kernel has
/// none.
void fill_random(std::span<unsigned char> target);

}  // namespace larder
