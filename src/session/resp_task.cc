#include "session/resp_task.h"

#include <utility>

#include "session/resp_commands.h"

namespace larder::session {

void begin_task(RespCall& call, std::unique_ptr<Task> task) {
  const cache::Keyspace* everybodys = &call.environment.cache;
  const bool is_in_transaction = &call.keys != everybodys;
  while (!task->step(call)) {
    if (is_in_transaction) continue;
    call.state.task = std::move(task);
    return;
  }
}

}  // namespace larder::session
