// tools/trace/synthetic.h: traces made from a description and a seed.
//
//   mix    = part { "+" part }
//   part   = kind [ ":" name "=" value { "," name "=" value } ] [ "*" weight ]
//
//   zipf   n, skew (1)   one of n objects, the k-th as often as 1 / k^skew says; the first id is the
//   favourite loop   n             n objects one after the other, again and again scan                 a new
//   object each time
//
// Each request of a mix comes from one of its parts, by their weights (1). A part has objects of its own: the
// ids of part number k, from 0, start at k * 10^9, or where `first` says, so that parts can be made to share.
//
//   zipf:n=100000,skew=0.9*0.8+scan*0.2     every fifth request is of a scan that runs through
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tools/trace/portable_math.h"
#include "tools/trace/trace.h"
#include "tools/trace/zipf.h"

namespace larder::tools {

enum class PatternKind : std::uint8_t { zipf, loop, scan };

/// One part of a mix, as it was described.
struct Pattern {
  PatternKind kind;
  std::uint64_t object_count = 0;  // of zipf and loop
  double skew = 1;
  std::uint64_t first_id = 0;
  double weight = 1;
};

/// Reads a description. Errors: malformed, a sentence that quotes the part that is wrong.
[[nodiscard]] Result<std::vector<Pattern>> parse_patterns(std::string_view text);

/// The most requests that a trace is made of; a part's ids stay clear of the next part's with it.
inline constexpr std::uint64_t synthetic_request_count_max = 1'000'000'000;

/// Makes requests without end: the same for the same patterns and seed, on every machine.
class TraceMaker final {
 public:
  /// `patterns` as parse_patterns() returns them.
  TraceMaker(const std::vector<Pattern>& patterns, std::uint64_t seed);

  std::uint64_t next();

 private:
  struct Part {
    Pattern pattern;
    double weight_end;  // of this part and all before it; of the last: 1
    Zipf zipf;          // unused by other kinds
    std::uint64_t position = 0;
  };

  SplitMix64 random_;
  std::vector<Part> parts_;
};

/// The first `request_count` requests of a TraceMaker. `progress` is told now and then how many there are.
[[nodiscard]] Trace make_trace(const std::vector<Pattern>& patterns, std::uint64_t seed,
                               std::uint64_t request_count, TraceProgress progress);

}  // namespace larder::tools
