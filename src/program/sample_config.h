// program/sample_config.h: a configuration file that says everything and changes nothing.
//
// Printed from the table: every row with its help, its range and its default, commented out.
#pragma once

#include <string>

#include "program/option_table.h"

namespace larder::program {

/// The text of docs/NAME.sample.toml for this table. Without the `# ` in front of its keys it is a file that
/// read_options() takes.
[[nodiscard]] std::string sample_config(const OptionTable& table);

}  // namespace larder::program
