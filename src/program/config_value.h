// program/config_value.h: a value as a configuration file spells it.
#pragma once

#include <string>
#include <string_view>

#include "program/option_table.h"

namespace larder::program {

/// What stands behind `key = ` for `text`, which is what a flag would have, of a row that is no list, or of
/// one entry of a list: numbers and truth values bare, all else as a TOML string. `text` is UTF-8.
[[nodiscard]] std::string config_value_text(const OptionRow& row, std::string_view text);

}  // namespace larder::program
