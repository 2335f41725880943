// program/password_option.h: a password that a program was given, as a text or in a file.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "program/options.h"

namespace larder::program {

/// No server takes a longer one, in bytes.
inline constexpr std::size_t password_size_max = 16384;

/// The text of a row without a default, empty where nobody gave one.
[[nodiscard]] std::string given_text(const OptionValues& values, std::string_view flag);

/// The first line of the file at `path`, without its end. Errors: malformed, a sentence that begins with the
/// path and holds nothing of the file: it cannot be read, others than its owner may, or there is no password
/// in that line or one of more than password_size_max.
[[nodiscard]] Result<std::string> read_password_file(const std::string& path);

struct GivenPassword {
  std::string text;  // empty: none was given
  std::vector<std::string> warnings;
};

/// What the row `flag` or the row `file_flag`, which names a file, say. Errors: malformed, also if both do.
[[nodiscard]] Result<GivenPassword> given_password(const OptionValues& values, std::string_view flag,
                                                   std::string_view file_flag);

}  // namespace larder::program
