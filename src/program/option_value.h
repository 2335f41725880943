// program/option_value.h: the texts somebody gave an option, checked and turned into a value.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/endpoint.h"
#include "base/result.h"
#include "program/option_table.h"

namespace larder::program {

/// Who said it, the weakest first.
enum class OptionSource : std::uint8_t { table, file, environment, command_line };

/// The value of one row. Which members mean something is decided by the row's kind.
struct OptionValue {
  std::uint64_t number = 0;  // size, duration (milliseconds), count, toggle (0 or 1)
  bool is_word = false;      // of count_or_auto and count_or_none: the word in place of a number
  std::vector<std::string> texts;
  std::vector<Endpoint> endpoints;
  std::string origin;                         // "--memory", "LARDER_MEMORY", "larder.toml:3: memory"
  OptionSource source = OptionSource::table;  // of the default
};

/// Reads what was given for `row`; of several texts for a row that is no list the last counts, as on a
/// command line that a script has put together. `origin` starts every error and is kept in the value, as is
/// `source`. Errors: malformed, a sentence for the person who wrote the text.
[[nodiscard]] Result<OptionValue> parse_option_value(const OptionRow& row, std::span<const std::string> texts,
                                                     const std::string& origin, OptionSource source);

/// The texts in one text: of a list those between its commas.
[[nodiscard]] std::vector<std::string> option_texts(const OptionRow& row, std::string_view text);

/// The value that `row` has when nobody says anything; without a default_text it is empty.
[[nodiscard]] OptionValue default_option_value(const OptionRow& row);

}  // namespace larder::program
