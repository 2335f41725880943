// tools/replay/cache_size.h: the sizes of the caches to simulate, as people write them.
//
//   5%  0.25%   a share of all that the trace asks for: of its distinct objects, or of their bytes if they
//   have
//               sizes; fractions of an object are cut off
//   1000        objects; bytes if the objects have sizes
//   16mb        bytes; the objects must have sizes
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tools/trace/trace.h"

namespace larder::tools {

enum class CacheSizeKind : std::uint8_t { share, number, bytes };

/// A size before the trace is known.
struct CacheSize {
  std::string text;  // as it was written
  CacheSizeKind kind = CacheSizeKind::share;
  std::uint64_t number = 0;  // objects or bytes; of a share: millionths of a percent
};

/// What a cache would have to hold to miss nothing twice.
struct TraceTotals {
  std::uint64_t object_count = 0;
  std::uint64_t capacity = 0;  // object_count, or with sizes the sum of each object's largest
};

/// Reads one size. Errors: malformed, a sentence that quotes it.
[[nodiscard]] Result<CacheSize> parse_cache_size(std::string_view text);

/// The sizes of a curve that nobody asked for more exactly: shares, spread evenly over a logarithmic axis.
[[nodiscard]] std::vector<CacheSize> curve_cache_sizes();

/// Goes over the whole trace.
[[nodiscard]] TraceTotals totals_of(const Trace& trace);

/// The capacity that `size` means for a trace: objects, or bytes where it has sizes. Errors: malformed, a
/// sentence: bytes of a trace without sizes, or less than one object or byte.
[[nodiscard]] Result<std::uint64_t> capacity_of(const CacheSize& size, const TraceTotals& totals,
                                                bool has_sizes);

}  // namespace larder::tools
