#include "session/resp_task.h"

#include <utility>

#include "session/resp_commands.h"

namespace larder::session {

void begin_task(RespCall& call, std::unique_ptr<Task> task) {
  while (!task->step(call)) {
    if (call.is_in_transaction) continue;
    call.state.task = std::move(task);
    return;
  }
}

}  // namespace larder::session
