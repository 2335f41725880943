#include <optional>
#include <string>
#include <utility>

#include "base/ascii.h"
#include "base/numbers.h"
#include "session/resp_handlers.h"
#include "session/resp_info.h"

namespace larder::session {
namespace {

// Nobody but the default user exists; without a password he gets in with any. A connection that was logged in
// before stays so if this fails.
bool log_in(RespCall& call, Bytes user, Bytes guess) {
  // The password is looked at for any name: how long this takes should not tell which there are.
  const bool is_right = call.environment.service.accounts.password.matches(guess);
  if (user == "default" && is_right) {
    call.state.login.finish(nullptr, call.environment.service.accounts.users.generation());
    return true;
  }
  call.environment.counters.logins_refused.add();
  call.reply.error("WRONGPASS invalid username-password pair or user is disabled.");
  return false;
}

}  // namespace

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
  fresh.login = Login(call.environment.service.accounts);
  call.state = std::move(fresh);
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

void handle_auth(RespCall& call) {
  if (call.arguments.size() > 3) return call.reply.error(syntax_error);
  if (call.arguments.size() == 2 && !call.environment.service.accounts.password.is_set()) {
    return call.reply.error(
        "ERR AUTH <password> called without any password configured for the default user. Are you sure your "
        "configuration is correct?");
  }
  const bool names_user = call.arguments.size() == 3;
  if (log_in(call, names_user ? call.arguments[1] : Bytes("default"), call.arguments.back())) call.reply.ok();
}

// HELLO [version [AUTH user password] [SETNAME name]]. Each option acts where it stands, before the next is
// read; the version only when all is right.
void handle_hello(RespCall& call) {
  const auto& arguments = call.arguments;
  protocol::RespVersion version = call.state.version;
  if (arguments.size() > 1) {
    const auto number = parse_int64(arguments[1]);
    if (!number) return call.reply.error("ERR Protocol version is not an integer or out of range");
    if (*number < 2 || *number > 3) return call.reply.error("NOPROTO unsupported protocol version");
    version = *number == 3 ? protocol::RespVersion::resp3 : protocol::RespVersion::resp2;
  }
  for (std::size_t i = 2; i < arguments.size(); ++i) {
    const std::size_t more = arguments.size() - i - 1;
    if (equals_ignoring_case(arguments[i], "auth") && more >= 2) {
      if (!log_in(call, arguments[i + 1], arguments[i + 2])) return;
      i += 2;
    } else if (equals_ignoring_case(arguments[i], "setname") && more >= 1) {
      const Bytes name = arguments[++i];
      if (!check_client_name(call, name)) return;
      set_client_name(call.state, name);
    } else {
      return call.reply.error("ERR Syntax error in HELLO option '" + quotable(arguments[i]) + "'");
    }
  }
  // Also when the password was taken away since: as in Redis.
  if (!call.state.login.is_done()) {
    return call.reply.error(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> "
        "<pass> option can be used to authenticate the client and select the RESP protocol version at the "
        "same "
        "time");
  }
  call.state.version = version;

  protocol::ReplyEncoder reply(call.output, version);
  reply.map(7);
  reply.bulk("server");
  reply.bulk("redis");  // clients look for what they know
  reply.bulk("version");
  reply.bulk(redis_version);
  reply.bulk("proto");
  reply.integer(static_cast<std::int64_t>(version));
  reply.bulk("id");
  reply.integer(static_cast<std::int64_t>(call.state.client->facts.id));
  reply.bulk("mode");
  reply.bulk("standalone");
  reply.bulk("role");
  reply.bulk("master");
  reply.bulk("modules");
  reply.array(0);
}

}  // namespace larder::session
