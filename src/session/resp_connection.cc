#include <algorithm>
#include <optional>
#include <string>

#include "base/ascii.h"
#include "base/numbers.h"
#include "session/resp_handlers.h"
#include "session/resp_info.h"

namespace larder::session {
namespace {

// Redis knows no bound; a connection that is idle for years should not hold more.
constexpr std::size_t client_name_size_max = 1024;

bool is_client_text(Bytes text) {
  return std::ranges::all_of(text, [](char c) { return c >= '!' && c <= '~'; });
}

// False: `call` is answered with an error.
bool check_client_name(RespCall& call, Bytes name) {
  if (!is_client_text(name)) {
    call.reply.error("ERR Client names cannot contain spaces, newlines or special characters.");
    return false;
  }
  if (name.size() > client_name_size_max) {
    call.reply.error("ERR Client names cannot be longer than 1024 bytes.");
    return false;
  }
  return true;
}

// No password is configured, so the default user gets in with any, and nobody else exists.
bool check_user(RespCall& call, Bytes user) {
  if (user == "default") return true;
  call.reply.error("WRONGPASS invalid username-password pair or user is disabled.");
  return false;
}

void write_help(RespCall& call, std::span<const Bytes> lines) {
  call.reply.array(lines.size());
  for (const Bytes line : lines) call.reply.simple_string(line);
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
  const std::uint64_t id = call.state.connection_id;
  call.state = RespState{};
  call.state.connection_id = id;
  call.reply.simple_string("RESET");
}

void handle_select(RespCall& call) {
  const auto index = parse_int64(call.arguments[1]);
  if (!index) return call.reply.error(not_an_integer_error);
  if (*index < 0 || static_cast<std::uint64_t>(*index) >= cache::database_count) {
    return call.reply.error("ERR DB index is out of range");
  }
  call.state.database = static_cast<cache::Database>(*index);
  call.reply.ok();
}

void handle_auth(RespCall& call) {
  if (call.arguments.size() > 3) return call.reply.error(syntax_error);
  if (call.arguments.size() == 2) {
    return call.reply.error(
        "ERR AUTH <password> called without any password configured for the default user. Are you sure your "
        "configuration is correct?");
  }
  if (check_user(call, call.arguments[1])) call.reply.ok();
}

// HELLO [version [AUTH user password] [SETNAME name]]. Nothing changes unless all of it is right.
void handle_hello(RespCall& call) {
  const auto& arguments = call.arguments;
  protocol::RespVersion version = call.state.version;
  if (arguments.size() > 1) {
    const auto number = parse_int64(arguments[1]);
    if (!number) return call.reply.error("ERR Protocol version is not an integer or out of range");
    if (*number < 2 || *number > 3) return call.reply.error("NOPROTO unsupported protocol version");
    version = *number == 3 ? protocol::RespVersion::resp3 : protocol::RespVersion::resp2;
  }
  std::optional<Bytes> user;
  std::optional<Bytes> name;
  for (std::size_t i = 2; i < arguments.size(); ++i) {
    const std::size_t more = arguments.size() - i - 1;
    if (equals_ignoring_case(arguments[i], "auth") && more >= 2) {
      user = arguments[i + 1];
      i += 2;
    } else if (equals_ignoring_case(arguments[i], "setname") && more >= 1) {
      name = arguments[++i];
      if (!check_client_name(call, *name)) return;
    } else {
      return call.reply.error("ERR Syntax error in HELLO option '" + quotable(arguments[i]) + "'");
    }
  }
  if (user && !check_user(call, *user)) return;
  if (name) call.state.client_name = *name;
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
  reply.integer(static_cast<std::int64_t>(call.state.connection_id));
  reply.bulk("mode");
  reply.bulk("standalone");
  reply.bulk("role");
  reply.bulk("master");
  reply.bulk("modules");
  reply.array(0);
}

void handle_client_id(RespCall& call) {
  call.reply.integer(static_cast<std::int64_t>(call.state.connection_id));
}

void handle_client_getname(RespCall& call) {
  if (call.state.client_name.empty()) return call.reply.null();
  call.reply.bulk(call.state.client_name);
}

void handle_client_setname(RespCall& call) {
  if (!check_client_name(call, call.arguments[2])) return;
  call.state.client_name = call.arguments[2];
  call.reply.ok();
}

// What a client's library is called is checked and not kept: nothing shows it yet.
void handle_client_setinfo(RespCall& call) {
  const Bytes option = call.arguments[2];
  if (!equals_ignoring_case(option, "lib-name") && !equals_ignoring_case(option, "lib-ver")) {
    return call.reply.error("ERR Unrecognized option '" + quotable(option) + "'");
  }
  if (!is_client_text(call.arguments[3])) {
    return call.reply.error("ERR " + quotable(option) +
                            " cannot contain spaces, newlines or special characters.");
  }
  call.reply.ok();
}

void handle_client_help(RespCall& call) {
  static constexpr Bytes lines[] = {
      "CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "GETNAME",
      "    Return the name of the current connection.",
      "ID",
      "    Return the ID of the current connection.",
      "SETINFO <option> <value>",
      "    Set client meta attr. Options are LIB-NAME and LIB-VER.",
      "SETNAME <name>",
      "    Assign the name <name> to the current connection.",
      "HELP",
      "    Print this help.",
  };
  write_help(call, lines);
}

void handle_command_help(RespCall& call) {
  static constexpr Bytes lines[] = {
      "COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "(no subcommand)",
      "    Return details about all commands.",
      "COUNT",
      "    Return the total number of commands in this server.",
      "DOCS [<command-name> ...]",
      "    Return documentation details about multiple commands.",
      "GETKEYS <full-command>",
      "    Return the keys from a full command.",
      "INFO [<command-name> ...]",
      "    Return details about multiple commands.",
      "LIST",
      "    Return a list of all commands in this server.",
      "HELP",
      "    Print this help.",
  };
  write_help(call, lines);
}

}  // namespace larder::session
