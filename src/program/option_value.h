// program/option_value.h: the texts somebody gave an option, checked and turned into a value.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/endpoint.h"
#include "base/result.h"
#include "program/option_table.h"

namespace larder::program {

/// The value of one row. Which members mean something is decided by the row's kind.
struct OptionValue {
  std::uint64_t number = 0;  // size, duration (milliseconds), count, toggle (0 or 1)
  bool is_auto = false;      // of count_or_auto
  std::vector<std::string> texts;
  std::vector<Endpoint> endpoints;
  std::string origin;     // "--memory", "LARDER_MEMORY", "larder.toml:3: memory"
  bool is_given = false;  // false: nobody said anything, this is the table's default
};

/// Reads what was given for `row`; of several texts for a row that is no list the last counts, as on a
/// command line that a script has put together. `origin` starts every error and is kept in the value.
/// Errors: malformed, a sentence for the person who wrote the text.
[[nodiscard]] Result<OptionValue> parse_option_value(const OptionRow& row, std::span<const std::string> texts,
                                                     const std::string& origin);

}  // namespace larder::program
