#include <string>

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
  const ServerStats stats =
      since_reset(gather_stats(call.keys, call.environment, call.now), call.environment.service);
  call.reply.verbatim("txt", info_text(stats, call.now, call.arguments.subspan(1)));
}

void handle_time(RespCall& call) {
  const std::int64_t now = call.now.time_since_epoch().count();
  call.reply.array(2);
  call.reply.bulk(std::to_string(now / 1000));
  call.reply.bulk(std::to_string(now % 1000 * 1000));
}

// SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT]. As in Redis there is no reply when it works: the connection
// ends.
void handle_shutdown(RespCall& call) {
  bool is_at_once = false;
  bool is_abort = false;
  int save_word_count = 0;
  for (const Bytes word : call.arguments.subspan(1)) {
    if (equals_ignoring_case(word, "nosave") || equals_ignoring_case(word, "save")) {
      ++save_word_count;
    } else if (equals_ignoring_case(word, "now") || equals_ignoring_case(word, "force")) {
      is_at_once = true;
    } else if (equals_ignoring_case(word, "abort")) {
      is_abort = true;
    } else {
      return call.reply.error(syntax_error);
    }
  }
  if (save_word_count > 1 || (is_abort && call.arguments.size() > 2)) return call.reply.error(syntax_error);
  if (is_abort) return call.reply.error("ERR No shutdown in progress.");
  if (call.environment.service.control == nullptr) {
    return call.reply.error("ERR Errors trying to SHUTDOWN. Check logs.");
  }
  call.state.closing = true;
  call.environment.service.control->shut_down(is_at_once);
}

}  // namespace larder::session
