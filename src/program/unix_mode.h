// program/unix_mode.h: --unix-mode, of every program that listens.
#pragma once

#include <string_view>

#include "base/result.h"
#include "program/option_table.h"
#include "program/options.h"

namespace larder::program {

[[nodiscard]] OptionRow unix_mode_option_row();

/// The value of that row: a file's mode. Errors: malformed, a sentence that starts with where the value
/// stands.
[[nodiscard]] Result<unsigned> unix_mode(const OptionValues& values);

}  // namespace larder::program
