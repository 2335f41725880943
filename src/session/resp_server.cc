#include "base/ascii.h"
#include "session/resp_handlers.h"
#include "session/resp_info.h"

namespace larder::session {

void handle_dbsize(RespCall& call) {
  call.reply.integer(static_cast<std::int64_t>(call.keys.item_count(call.state.database)));
}

// FLUSHALL [ASYNC | SYNC]: the cache is cleared shard by shard either way.
void handle_flushall(RespCall& call) {
  const auto& arguments = call.arguments;
  const bool is_known =
      arguments.size() == 1 || (arguments.size() == 2 && (equals_ignoring_case(arguments[1], "async") ||
                                                          equals_ignoring_case(arguments[1], "sync")));
  if (!is_known) return call.reply.error(syntax_error);
  call.keys.clear_all();
  call.reply.ok();
}

void handle_info(RespCall& call) {
  call.reply.verbatim("txt", info_text(gather_stats(call.keys, call.environment, call.now), call.now,
                                       call.arguments.subspan(1)));
}

}  // namespace larder::session
