// session/resp_commands.h: the commands of RESP as data, and what a handler gets.
//
// A command is a row of a table: what clients ask about it with COMMAND, how many arguments it takes, where
// its keys stand, and the function that answers it. The session looks the row up, checks the count and the
// keys' sizes, and calls the function. Tables and handlers stand in files by topic: resp_table_strings.cc and
// resp_strings.cc, and so on; handlers are declared in resp_handlers.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/output.h"
#include "cache/backend.h"
#include "protocol/resp/reply_encoder.h"
#include "session/login.h"
#include "session/resp_task.h"
#include "session/resp_transaction.h"
#include "session/session.h"

namespace larder::session {

/// CLIENT REPLY.
enum class ReplyMode : std::uint8_t { on, off, skip_next, skip_this };

/// What one connection remembers between its commands.
struct RespState {
  std::shared_ptr<Client> client;  // never null
  std::shared_ptr<Remote> remote;  // null: nobody can wake this connection
  Login login;
  cache::Database database = 0;
  protocol::RespVersion version = protocol::RespVersion::resp2;
  std::unique_ptr<Transaction> transaction;  // between MULTI and EXEC
  WatchedKeys watched;
  ReplyMode reply_mode = ReplyMode::on;
  std::optional<TimePoint> sleeps_until;              // DEBUG SLEEP: its reply is owed then
  std::vector<std::unique_ptr<cache::Draft>> drafts;  // large arguments of the command under way
  std::unique_ptr<Task> task;                         // the command under way, if it takes more than one turn
  bool closing = false;                               // close once the replies so far are sent
  bool failed = false;                                // and the peer did not ask for it
};

struct CommandSpec;

/// One command to be answered.
///
/// Handlers reach items through `keys` and nothing else: it is the cache itself, or, inside a transaction,
/// what with_keys() or with_everything() hands out. Which of the two is the row's `reach`.
///
/// Ownership  everything is borrowed for the length of the call
/// Invariant  a handler writes exactly one reply; but a second MONITOR none, and UNSUBSCRIBE one for each
///            channel, as in Redis
struct RespCall {
  const CommandSpec& spec;
  std::span<const Bytes> arguments;  // the name first
  TimePoint now;
  const Environment& environment;
  cache::Keyspace& keys;
  RespState& state;
  Output& output;
  protocol::ReplyEncoder reply;  // over `output`
  bool is_in_transaction = false;
};

using RespHandler = void (*)(RespCall& call);

/// Where keys stand among the arguments.
struct KeyPlaces {
  int first = 0;            // index of the first key; 0: there is none
  int last = 0;             // of the last; negative: counted from the end
  int step = 0;             // from one key to the next
  Bytes access;             // words: what the command does to its keys, as key specs say it
  bool is_counted = false;  // the argument before the first says how many there are
  Bytes second_access{};    // not empty: there are two keys, and this is done to the second
  Bytes (*chosen_access)(std::span<const Bytes> arguments) = nullptr;  // in place of `access`, by the options
};
inline constexpr KeyPlaces no_keys{};

/// What of the keyspace a command reaches, and a transaction therefore locks for it.
enum class Reach : std::uint8_t { nothing, its_keys, everything };

/// One row. Text is in the form in which COMMAND shows it.
struct CommandSpec {
  Bytes name;   // lower case; "client|setname" for a subcommand
  int arity;    // arguments with the name; negative: at least that many
  Bytes flags;  // words: "readonly fast"
  KeyPlaces keys;
  Bytes categories;     // words: "@read @string @fast"
  RespHandler handler;  // null: a name that only its subcommands answer
  Bytes group;          // for COMMAND DOCS
  Bytes since;          // of Redis
  Bytes summary;
  Bytes tips;  // words, for proxies
  std::span<const CommandSpec> subcommands;
  Reach reach;
  bool is_write = false;    // has the flag "write"
  bool is_store = false;    // has the flag "denyoom": it may store what it is given
  Rights needs = 0;         // of whoever calls it
  bool is_served = true;    // false: has an error for an answer, and COMMAND does not name it
  std::uint16_t place = 0;  // among all rows, those of subcommands too; given when the table is made
  Bytes synopsis{};         // what it takes behind its name: command_synopsis.h
  KeyPlaces channels{};     // arguments that COMMAND shows as keys which are none: channels of a shard

  /// The same row with another reach: of rows without keys, those that leave items alone say so.
  [[nodiscard]] constexpr CommandSpec reaching(Reach other) const {
    CommandSpec changed = *this;
    changed.reach = other;
    return changed;
  }

  /// The same row with channels of a shard among its arguments.
  [[nodiscard]] constexpr CommandSpec naming(KeyPlaces its_channels) const {
    CommandSpec changed = *this;
    changed.channels = its_channels;
    return changed;
  }

  /// The same row with a synopsis.
  [[nodiscard]] constexpr CommandSpec taking(Bytes arguments) const {
    CommandSpec changed = *this;
    changed.synopsis = arguments;
    return changed;
  }
};

/// What a command needs, by what Redis says of it: those of administration, and those that write to more keys
/// than they name; what writes; what reads, or shows what was there before it wrote.
[[nodiscard]] constexpr Rights rights_of(Bytes flags, const KeyPlaces& keys, Bytes categories) {
  const bool is_write = flags.starts_with("write");
  if (categories.contains("@admin") || (is_write && categories.contains("@dangerous"))) return admin_right;
  // Where words decide about that, they are looked at when it is called.
  const bool is_chosen = keys.access.contains("variable_flags");
  const bool shows = !is_chosen && (keys.access.contains("access") || keys.second_access.contains("access"));
  const bool is_read = flags.starts_with("readonly") || shows;
  return static_cast<Rights>((is_write ? write_right : 0) | (is_read ? read_right : 0));
}

/// Makes a row. Without keys it reaches everything, unless it is about the connection.
[[nodiscard]] constexpr CommandSpec row(Bytes name, int arity, Bytes flags, KeyPlaces keys, Bytes categories,
                                        RespHandler handler, Bytes group, Bytes since, Bytes summary,
                                        Bytes tips = {}, std::span<const CommandSpec> subcommands = {}) {
  const bool is_about_connection = group == "connection" || group == "transactions";
  const Reach reach = keys.first != 0       ? Reach::its_keys
                      : is_about_connection ? Reach::nothing
                                            : Reach::everything;
  return {.name = name,
          .arity = arity,
          .flags = flags,
          .keys = keys,
          .categories = categories,
          .handler = handler,
          .group = group,
          .since = since,
          .summary = summary,
          .tips = tips,
          .subcommands = subcommands,
          .reach = reach,
          .is_write = flags.starts_with("write"),
          .is_store = flags.contains("denyoom"),
          .needs = rights_of(flags, keys, categories)};
}

/// All commands, ordered by name.
[[nodiscard]] std::span<const CommandSpec> command_table();

/// Rows, those of subcommands too: every row's place is below it.
[[nodiscard]] std::size_t command_count();

/// Null: there is none of that name. Any case.
[[nodiscard]] const CommandSpec* find_command(Bytes name);
/// `name` is the part behind the '|'.
[[nodiscard]] const CommandSpec* find_subcommand(const CommandSpec& container, Bytes name);

/// CLIENT NO-TOUCH: whether the command gets a QuietKeyspace.
[[nodiscard]] bool reads_quietly(const RespState& state, const CommandSpec& spec);

[[nodiscard]] bool accepts_argument_count(const CommandSpec& spec, std::size_t count);
/// Whether `wanted` is one of the words that stand in `text`, divided by spaces.
[[nodiscard]] bool has_word(Bytes text, Bytes wanted);
[[nodiscard]] inline bool has_flag(const CommandSpec& spec, Bytes flag) { return has_word(spec.flags, flag); }

/// Calls `visit` with each command that is served, and behind it with its subcommands.
template <class Visit>
void for_each_served(Visit visit) {
  for (const CommandSpec& spec : command_table()) {
    if (!spec.is_served) continue;
    visit(spec);
    for (const CommandSpec& subcommand : spec.subcommands) visit(subcommand);
  }
}

/// Whether whoever is logged in may call it with these arguments.
enum class Denial : std::uint8_t { nothing, command, key };
[[nodiscard]] Denial denial_of(const Login& login, const CommandSpec& spec, std::span<const Bytes> arguments);

/// Where the keys of a command stand: from, up to but not with, and in which steps. Empty where it has none,
/// or where what says how many there are is no number that fits.
struct KeyRange {
  std::size_t first = 0;
  std::size_t end = 0;
  std::size_t step = 1;
};
[[nodiscard]] KeyRange key_range(const CommandSpec& spec, std::span<const Bytes> arguments);

/// Calls `visit` with each key of the command, in order. The count of arguments was accepted before.
template <class Visit>
void for_each_key(const CommandSpec& spec, std::span<const Bytes> arguments, Visit visit) {
  const KeyRange range = key_range(spec, arguments);
  for (std::size_t i = range.first; i < range.end; i += range.step) visit(arguments[i]);
}

}  // namespace larder::session
