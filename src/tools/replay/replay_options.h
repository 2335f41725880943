// tools/replay/replay_options.h: what larder-replay can be told, and what that means.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/endpoint.h"
#include "base/result.h"
#include "program/option_table.h"
#include "program/options.h"
#include "tools/replay/cache_size.h"
#include "tools/replay/value_rule.h"
#include "tools/trace/synthetic.h"

namespace larder::tools {

/// What to do with the requests.
enum class ReplayAction : std::uint8_t { simulate, write, serve };

struct ReplayOptions {
  ReplayAction action = ReplayAction::simulate;
  std::string trace_path;         // "-" is standard input; empty: the requests are made
  std::vector<Pattern> patterns;  // what they are made of
  std::string made_text;          // that as it was written
  std::uint64_t seed = 1;
  std::uint64_t request_count_max = 0;  // of the trace, or of what is made
  ValueRule value_rule;                 // own, unless something else was asked for
  std::vector<std::string> policies;
  std::vector<CacheSize> sizes;
  std::string curve_path;   // empty: no curve
  std::string output_path;  // of the action write
  Endpoint server;          // of the action serve
};

/// Values of 200 bytes on average are what a server is given unless something else is asked for.
inline constexpr std::uint64_t value_mean_default = 200;

/// RESP's own bound of a value: a server is given none larger.
inline constexpr std::uint64_t replay_value_size_max = std::uint64_t{512} << 20;

[[nodiscard]] const program::OptionTable& replay_option_table();

/// Reads the values and holds them against each other. Errors: malformed, starting with the option.
[[nodiscard]] Result<ReplayOptions> replay_options(const program::OptionValues& values);

}  // namespace larder::tools
