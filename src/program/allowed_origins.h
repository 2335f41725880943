// program/allowed_origins.h: --allow-origin, of every program that web pages may call.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "program/option_table.h"
#include "program/options.h"

namespace larder::program {

/// `help` says what such a page may do; it outlives the table.
[[nodiscard]] OptionRow allow_origin_option_row(std::string_view help);

/// The values of that row. Errors: malformed, a sentence that starts with where the values stand.
[[nodiscard]] Result<std::vector<std::string>> allowed_origins(const OptionValues& values);

}  // namespace larder::program
