// tools/trace/trace_reader.h: a trace from its lines.
//
//   17          an object's id: a decimal number below 2^64
//   17,4096     with its size in bytes; then every line has one
//
// Nothing else is a line of a trace: what cannot be read is an error that names file and line, never skipped,
// because a figure made from half a trace looks like any other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "tools/trace/byte_source.h"
#include "tools/trace/trace.h"

namespace larder::tools {

/// The longest line: two 64-bit numbers, a comma, and some leading zeros.
inline constexpr std::size_t trace_line_size_max = 64;
/// The largest size that a line may give: 1 TiB.
inline constexpr std::uint64_t trace_value_size_max = std::uint64_t{1} << 40;

/// Reads at most `request_count_max` requests from `source`; what follows is not looked at. `name` is what
/// errors call it. Errors: malformed, one sentence; a trace without a request is one.
[[nodiscard]] Result<Trace> read_trace(ByteSource& source, const std::string& name,
                                       std::uint64_t request_count_max, TraceProgress progress);

}  // namespace larder::tools
