// server/run_server.h: the server as a process: signals, file limit, the line that says ready, the exit
// status.
#pragma once

#include "program/options.h"

namespace larder::server {

/// Serves until SIGTERM, SIGINT or a failure. Returns the exit status. Once for a process, on its main
/// thread, before there are others.
[[nodiscard]] int run_server(const program::OptionValues& values);

}  // namespace larder::server
