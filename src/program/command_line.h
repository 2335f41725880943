// program/command_line.h: argv against the table, and the text of --help. The one place that knows CLI11.
//
// CLI11 can read configuration files and the environment too, but it ranks the file above the environment
// and lets unknown keys pass, so only its command-line half is used and nothing is converted here.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "program/option_table.h"

namespace larder::program {

/// One row that was named on the command line, with the texts of all its occurrences in order.
struct CommandLineEntry {
  const OptionRow* row = nullptr;
  std::vector<std::string> texts;
};

struct CommandLine {
  std::optional<std::string> answer;  // --help or --version was given: print this and stop
  std::vector<CommandLineEntry> entries;
};

/// Reads `arguments` (without the program's name). --help and --version win over anything else that is
/// wrong. Errors: malformed (an unknown flag, a word that no flag asked for, a value that is missing).
[[nodiscard]] Result<CommandLine> parse_command_line(const OptionTable& table,
                                                     std::span<const std::string> arguments);

}  // namespace larder::program
