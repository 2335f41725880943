// protocol/http/seconds.h: a time to live as people write it.
#pragma once

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace larder::protocol::http {

/// Above this a time to live is a mistake: three centuries. Keeps every deadline within range.
inline constexpr double seconds_max = 1e10;

/// `30` or `0.25`: digits, and a fraction if wanted; no sign, no exponent. To the millisecond, rounded up, so
/// that no time above zero becomes none.
/// Errors: malformed (not such a number, not above 0, or above seconds_max).
[[nodiscard]] Result<Duration> seconds_from_text(Bytes text);

/// The same for a number that is read already.
[[nodiscard]] Result<Duration> seconds_from_number(double seconds);

}  // namespace larder::protocol::http
