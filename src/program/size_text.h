// program/size_text.h: sizes and durations as people write them: `256mb`, `10s`.
//
// Units are powers of 1024 for sizes (b, kb, mb, gb) and ms, s, m, h for durations, in any case, directly
// behind a whole number. A bare number is bytes; a bare duration is refused unless it is 0, because nobody
// can tell whether 10 was meant in seconds.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace larder::program {

/// Bytes from `text`. Errors: malformed (not a size), too_large (over 2^62).
[[nodiscard]] Result<std::uint64_t> parse_size(Bytes text);

/// The shortest text that parse_size() reads back as `size`: 1536 is "1536b", 2048 is "2kb".
[[nodiscard]] std::string size_text(std::uint64_t size);

/// A duration of at least 0 from `text`. Errors: malformed (not a duration), too_large (over 2^31 - 1
/// seconds).
[[nodiscard]] Result<Duration> parse_duration(Bytes text);

/// The shortest text that parse_duration() reads back as `duration`, which is not negative: 90 s is "90s", 0
/// is "0".
[[nodiscard]] std::string duration_text(Duration duration);

}  // namespace larder::program
