// tools/trace/trace.h: a request trace in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/function_ref.h"

namespace larder::tools {

/// The requests of a trace in their order: 8 bytes each, and 8 more where the trace has sizes.
///
/// Units      a size is in bytes and may be 0
/// Invariant  `sizes` is empty, or as long as `ids`
struct Trace {
  std::vector<std::uint64_t> ids;
  std::vector<std::uint64_t> sizes;

  [[nodiscard]] std::size_t request_count() const { return ids.size(); }
  [[nodiscard]] bool has_sizes() const { return !sizes.empty(); }
};

/// Called now and then while a trace is read, made or written, with the number of requests so far.
using TraceProgress = FunctionRef<void(std::uint64_t)>;

}  // namespace larder::tools
