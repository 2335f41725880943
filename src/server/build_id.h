// server/build_id.h: which build of the program runs.
#pragma once

#include <string>

namespace larder::server {

/// The first sixteen hexadecimal digits of what the linker made of all that went into the program: another
/// build has another, the same sources and tools have the same. Empty: it was linked without one.
[[nodiscard]] std::string build_id();

}  // namespace larder::server
