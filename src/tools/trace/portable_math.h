// tools/trace/portable_math.h: randomness and logarithms that are the same bits on every machine.
//
// The standard library's distributions differ between libraries, and even log() and exp() differ in their
// last bit between versions and processors of one library. A trace made from a seed must be the same trace
// everywhere, so what it needs is built here from what IEEE 754 defines to the bit: + - * / and powers of
// two. The errors are a few units in the last place, which no sampler can tell from none.
#pragma once

#include "base/random.h"

namespace larder::tools {

using larder::SplitMix64;

/// The natural logarithm of a positive, normal number.
[[nodiscard]] double portable_log(double x);

/// e to the power of x, for x from -700 to 700.
[[nodiscard]] double portable_exp(double x);

/// (e^x - 1) / x, and 1 at 0.
[[nodiscard]] double portable_expm1_over(double x);

/// log(1 + x) / x for x > -1, and 1 at 0.
[[nodiscard]] double portable_log1p_over(double x);

}  // namespace larder::tools
