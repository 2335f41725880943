// server/process_use.h: what the kernel says of this process and its machine. INFO shows it.
#pragma once

#include <cstdint>
#include <string>

#include "session/service.h"

namespace larder::server {

/// Read when it is asked for: a file of /proc, opened by the first call, and a system call. Any thread. What
/// cannot be read is 0.
[[nodiscard]] session::ProcessUse process_use();

/// Bytes; 0: not known.
[[nodiscard]] std::uint64_t machine_memory_size();
/// "Linux 6.1.0 x86_64".
[[nodiscard]] std::string system_name();

}  // namespace larder::server
