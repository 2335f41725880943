// tools/option_refusal.h: how an option is refused whose value alone looked right.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "program/options.h"

namespace larder::tools {

/// Names where the value of `flag` came from, and why it will not do. Error: malformed.
[[nodiscard]] inline std::unexpected<Error> refused(const program::OptionValues& values,
                                                    std::string_view flag, const std::string& reason) {
  return failure(ErrorKind::malformed, values.origin(flag) + ": " + reason);
}

}  // namespace larder::tools
