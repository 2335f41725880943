// program/version.h: Larder's version, which CMakeLists.txt at the top states once.
#pragma once

#include <string_view>

namespace larder::program {

/// "0.1.0"
[[nodiscard]] std::string_view version();

}  // namespace larder::program
