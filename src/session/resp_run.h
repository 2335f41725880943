// session/resp_run.h: has a command answered, and notes what came of it: its counts, and how long it took if
// that is worth a look at the clock.
#pragma once

#include <cstddef>

#include "session/resp_commands.h"

namespace larder::session {

/// Calls the row's handler. Outside and inside a transaction alike; what EXEC runs is counted as EXEC is.
void run_command(RespCall& call);

/// One step of the task under way, `call.state.task`; it is gone when it is done.
void run_task_step(RespCall& call);

/// Counts the reply behind the first `size` bytes of the output, if it is an error. True: it is.
bool count_if_error(const RespCall& call, std::size_t size);

}  // namespace larder::session
