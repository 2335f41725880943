// cache/policy/test_traces.h: the traces of tests/traces/, for the tests of this room.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "cache/policy/policy.h"

namespace larder::cache::policy::test {

/// Names of the traces that the repository carries.
inline constexpr std::string_view trace_names[] = {"web12", "sprite", "multi3", "loop"};

/// One request of size 1 for each line of NAME.txt.zst. Errors: malformed (no such file, not zstd, cut short,
/// or a line that is no number).
[[nodiscard]] Result<std::vector<Request>> read_trace(std::string_view name);

/// A capacity as a share of the distinct objects, rounded down, as libCacheSim takes it.
[[nodiscard]] std::uint64_t capacity_for(const std::vector<Request>& trace, double share);

}  // namespace larder::cache::policy::test
