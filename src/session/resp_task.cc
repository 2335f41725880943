#include "session/resp_task.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "session/resp_commands.h"

namespace larder::session {
namespace {

auto find_draft(auto& drafts, Bytes argument) {
  return std::ranges::find_if(drafts, [&](const std::unique_ptr<cache::Draft>& draft) {
    return draft != nullptr && draft->bytes().data() == argument.data();
  });
}

}  // namespace

KeptArgument::KeptArgument(RespState& state, Bytes argument) {
  const auto found = find_draft(state.drafts, argument);
  if (found != state.drafts.end()) {
    draft_ = std::move(*found);
  } else {
    copy_ = argument;
  }
}

bool KeptArgument::is_cheap(const RespState& state, Bytes argument) {
  return argument.size() <= one_piece_size_max || find_draft(state.drafts, argument) != state.drafts.end();
}

void begin_task(RespCall& call, std::unique_ptr<Task> task) {
  while (!task->step(call)) {
    if (call.is_in_transaction) continue;
    call.state.task = std::move(task);
    return;
  }
}

}  // namespace larder::session
