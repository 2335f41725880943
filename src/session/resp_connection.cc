#include <utility>

#include "base/numbers.h"
#include "session/resp_handlers.h"

namespace larder::session {

void handle_ping(RespCall& call) {
  if (call.arguments.size() > 2) return reply_wrong_argument_count(call, call.spec);
  if (call.arguments.size() == 2) return call.reply.bulk(call.arguments[1]);
  call.reply.simple_string("PONG");
}

void handle_echo(RespCall& call) { call.reply.bulk(call.arguments[1]); }

void handle_quit(RespCall& call) {
  call.reply.ok();
  call.state.closing = true;
}

void handle_reset(RespCall& call) {
  Client& client = *call.state.client;
  call.environment.service.clients.stop_monitor(client);
  client.is_spared.store(false, std::memory_order_relaxed);
  client.leaves_age.store(false, std::memory_order_relaxed);
  set_client_name(call.state, "");
  RespState fresh;
  fresh.client = std::move(call.state.client);
  if (call.state.reply_mode == ReplyMode::skip_this) fresh.reply_mode = ReplyMode::skip_this;
  fresh.remote = std::move(call.state.remote);
  fresh.login = Login(call.environment.service.accounts);
  call.state = std::move(fresh);
  note_user(call.state);
  call.reply.simple_string("RESET");
}

void handle_select(RespCall& call) {
  const auto index = parse_int64(call.arguments[1]);
  if (!index) return call.reply.error(not_an_integer_error);
  if (*index != static_cast<std::int32_t>(*index)) {
    return call.reply.error("ERR value is out of range, value must between -2147483648 and 2147483647");
  }
  if (*index < 0 || static_cast<std::uint64_t>(*index) >= cache::database_count) {
    return call.reply.error("ERR DB index is out of range");
  }
  call.state.database = static_cast<cache::Database>(*index);
  call.reply.ok();
}

}  // namespace larder::session
