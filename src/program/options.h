// program/options.h: what a program was told, whoever told it.
//
//   default  <  TOML file  <  environment  <  flag
//
// Every row of the table ends up with one value from the strongest place that names it; lists are replaced,
// not joined. A value in a weaker place must still be valid: a mistake in a file should not wait for the day
// on which somebody drops a flag.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/endpoint.h"
#include "base/result.h"
#include "program/option_table.h"
#include "program/option_value.h"

namespace larder::program {

/// Names and values, as in environ(7).
using EnvironmentVariables = std::vector<std::pair<std::string, std::string>>;

[[nodiscard]] EnvironmentVariables environment_variables();

/// The values of all rows. Asking for a row that is not in the table, or for another kind than it has, is a
/// mistake of ours.
class OptionValues final {
 public:
  OptionValues() = default;
  explicit OptionValues(std::map<std::string, OptionValue, std::less<>> values)
      : values_(std::move(values)) {}

  [[nodiscard]] std::uint64_t number(std::string_view flag) const;
  [[nodiscard]] std::optional<std::uint64_t> number_or_word(
      std::string_view flag) const;  // nullopt: the word
  [[nodiscard]] Duration duration(std::string_view flag) const;
  [[nodiscard]] bool toggle(std::string_view flag) const;
  [[nodiscard]] const std::string& text(std::string_view flag) const;
  [[nodiscard]] const std::vector<std::string>& texts(std::string_view flag) const;
  [[nodiscard]] const Endpoint& endpoint(std::string_view flag) const;
  [[nodiscard]] const std::vector<Endpoint>& endpoints(std::string_view flag) const;

  /// All of it: the value itself, and who said it.
  [[nodiscard]] const OptionValue& value(std::string_view flag) const;

  /// False: the value is the default, or there is none.
  [[nodiscard]] bool is_given(std::string_view flag) const;

  /// The same with another value for one row.
  [[nodiscard]] OptionValues with(std::string_view flag, OptionValue value) const;

  /// Where the value stands, to start a complaint with: "--memory", "LARDER_MEMORY", "larder.toml:3: memory";
  /// "--memory" too if it is the default.
  [[nodiscard]] const std::string& origin(std::string_view flag) const;

 private:
  std::map<std::string, OptionValue, std::less<>> values_;
};

struct ParsedOptions {
  std::optional<std::string> answer;  // print this on standard output and exit with 0
  OptionValues values;
  std::vector<std::string> warnings;  // one line each, for the log
};

/// Merges `arguments` (without the program's name), `environment` and the file that one of them names. An
/// empty variable counts as not set, because that is what a compose file makes of a missing one. Errors:
/// malformed, one sentence that starts with where the mistake is.
[[nodiscard]] Result<ParsedOptions> read_options(const OptionTable& table,
                                                 std::span<const std::string> arguments,
                                                 const EnvironmentVariables& environment);

}  // namespace larder::program
