// tools/replay/simulation.h: one trace through many policies and sizes at once.
//
// Every pair of a policy and a size is a run of its own over the same requests, which nobody changes; a few
// threads take one run after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.h"
#include "base/result.h"
#include "cache/policy/policy.h"
#include "tools/trace/trace.h"

namespace larder::tools {

/// Makes the policy of one run; cache::policy::make_policy in the program. Called from any thread.
using PolicyMaker = std::function<Result<std::unique_ptr<cache::policy::Policy>>(
    std::string_view name, const cache::policy::PolicyOptions& options)>;

/// What to run: every policy in a cache of every capacity.
struct SimulationPlan {
  std::vector<std::string> policies;
  std::vector<std::uint64_t> capacities;  // objects, or bytes where the trace has sizes
  std::size_t thread_count = 1;
};

/// The misses as [policy][capacity]. An object of a trace without sizes takes 1.
/// `progress` is told, from any thread, how many requests all runs together are through. Errors: the first
/// that `make` has.
[[nodiscard]] Result<std::vector<std::vector<std::uint64_t>>> simulate(
    const Trace& trace, const SimulationPlan& plan, const PolicyMaker& make,
    FunctionRef<void(std::uint64_t)> progress);

}  // namespace larder::tools
