// tools/trace/trace_writer.h: a trace as lines, packed with zstd where the name ends in .zst.
#pragma once

#include <string>

#include "base/result.h"
#include "tools/trace/trace.h"

namespace larder::tools {

/// Writes `trace` to `path`; "-" is standard output. Errors: refused, a sentence that starts with the path; a
/// file that could not be written to its end is left behind as it is.
[[nodiscard]] Result<void> write_trace(const Trace& trace, const std::string& path, TraceProgress progress);

}  // namespace larder::tools
