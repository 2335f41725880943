// session/resp_commands.h: the commands of RESP as data, and what a handler gets.
//
// A command is a row of the table in resp_commands.cc: what clients ask about it with COMMAND, how many
// arguments it takes, where its keys stand, and the function that answers it. The session looks the row up,
// checks the count and the keys' sizes, and calls the function. Handlers stand in files by topic,
// resp_strings.cc, resp_keys.cc and so on, declared in resp_handlers.h.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/output.h"
#include "cache/backend.h"
#include "protocol/resp/reply_encoder.h"
#include "session/session.h"

namespace larder::session {

/// What one connection remembers between its commands.
struct RespState {
  std::uint64_t connection_id = 0;
  cache::Database database = 0;
  protocol::RespVersion version = protocol::RespVersion::resp2;
  std::string client_name;
  bool closing = false;  // close once the replies so far are sent
  bool failed = false;   // and the peer did not ask for it
};

struct CommandSpec;

/// One command to be answered.
///
/// Handlers reach items through `keys` wherever one key at a time will do: it is the cache itself, or what
/// with_keys() hands out. Only what no single key can do goes to environment.cache.
///
/// Ownership  everything is borrowed for the length of the call
/// Invariant  a handler writes exactly one reply
struct RespCall {
  const CommandSpec& spec;
  std::span<const Bytes> arguments;  // the name first
  TimePoint now;
  const Environment& environment;
  cache::KeyedCalls& keys;
  RespState& state;
  Output& output;
  protocol::ReplyEncoder reply;  // over `output`
};

using RespHandler = void (*)(RespCall& call);

/// One row. Text is in the form in which COMMAND shows it.
struct CommandSpec {
  Bytes name;           // lower case; "client|setname" for a subcommand
  int arity;            // arguments with the name; negative: at least that many
  Bytes flags;          // words: "readonly fast"
  int first_key;        // index of the first key; 0: the command has none
  int last_key;         // of the last; negative: counted from the end
  int key_step;         // from one key to the next
  Bytes key_access;     // words: what the command does to its keys, as key specs say it
  Bytes categories;     // words: "@read @string @fast"
  RespHandler handler;  // null: a name that only its subcommands answer
  Bytes group;          // for COMMAND DOCS
  Bytes since;          // of Redis
  Bytes summary;
  std::span<const CommandSpec> subcommands;
};

/// All commands, ordered by name.
[[nodiscard]] std::span<const CommandSpec> command_table();

/// Null: there is none of that name. Any case.
[[nodiscard]] const CommandSpec* find_command(Bytes name);
/// `name` is the part behind the '|'.
[[nodiscard]] const CommandSpec* find_subcommand(const CommandSpec& container, Bytes name);

[[nodiscard]] bool accepts_argument_count(const CommandSpec& spec, std::size_t count);

/// Calls `visit` with each key of the command, in order. The count of arguments was accepted before.
template <class Visit>
void for_each_key(const CommandSpec& spec, std::span<const Bytes> arguments, Visit visit) {
  if (spec.first_key == 0) return;
  const auto count = static_cast<int>(arguments.size());
  const int last = spec.last_key < 0 ? count + spec.last_key : spec.last_key;
  for (int i = spec.first_key; i <= last && i < count; i += spec.key_step) {
    visit(arguments[static_cast<std::size_t>(i)]);
  }
}

}  // namespace larder::session
