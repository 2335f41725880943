// session/resp_handlers.h: the functions that answer commands, by the file they stand in, and the error texts
// they share. Texts are those of Redis 7: clients compare them.
#pragma once

#include "session/resp_commands.h"

namespace larder::session {

// resp_connection.cc
void handle_auth(RespCall& call);
void handle_client_getname(RespCall& call);
void handle_client_help(RespCall& call);
void handle_client_id(RespCall& call);
void handle_client_setinfo(RespCall& call);
void handle_client_setname(RespCall& call);
void handle_echo(RespCall& call);
void handle_hello(RespCall& call);
void handle_ping(RespCall& call);
void handle_quit(RespCall& call);
void handle_reset(RespCall& call);
void handle_select(RespCall& call);

// resp_introspection.cc
void handle_command(RespCall& call);
void handle_command_count(RespCall& call);
void handle_command_docs(RespCall& call);
void handle_command_getkeys(RespCall& call);
void handle_command_help(RespCall& call);
void handle_command_info(RespCall& call);
void handle_command_list(RespCall& call);

// resp_keys.cc
void handle_del(RespCall& call);
void handle_exists(RespCall& call);
void handle_expire(RespCall& call);
void handle_pttl(RespCall& call);
void handle_ttl(RespCall& call);

// resp_server.cc
void handle_dbsize(RespCall& call);
void handle_flushall(RespCall& call);
void handle_info(RespCall& call);

// resp_strings.cc
void handle_get(RespCall& call);
void handle_incr(RespCall& call);
void handle_mget(RespCall& call);
void handle_mset(RespCall& call);
void handle_set(RespCall& call);

inline constexpr Bytes syntax_error = "ERR syntax error";
inline constexpr Bytes not_an_integer_error = "ERR value is not an integer or out of range";

/// The name of a peer's choosing as it may stand in an error: at most 128 bytes, with nothing but printable
/// ASCII in it.
[[nodiscard]] std::string quotable(Bytes text, std::size_t size_max = 128);

[[nodiscard]] std::string wrong_argument_count_error(const CommandSpec& spec);
void reply_wrong_argument_count(RespCall& call, const CommandSpec& spec);

/// True: the reply under way has passed output_size_max. The rest of it is left out, and the connection,
/// which then holds half a reply, ends. Ask before each part of a reply whose size a peer decides.
[[nodiscard]] bool outgrows_output(RespCall& call);

/// Replies to a store that did not happen; only for too_large and no_memory.
void reply_refused_store(RespCall& call, cache::StoreOutcome outcome);

}  // namespace larder::session
