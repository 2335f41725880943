// web/web_app.h: the parts of larder-web put together, from its options to its exit.
//
//   main thread   waits for signals
//   loop thread   sockets, HTTP, storage_api      one is enough: a request costs it microseconds
//   pool threads  calls to the cache              as many as the client keeps connections
#pragma once

#include "program/options.h"

namespace larder::web {

/// Serves until SIGTERM or SIGINT; a second one does not wait for the requests under way. Returns the exit
/// status (program/run_program.h). Called once, by the main thread, before there is any other.
[[nodiscard]] int serve(const program::OptionValues& values);

}  // namespace larder::web
