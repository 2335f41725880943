// session/resp_tables.h: the parts of the command table, each ordered by name.
#pragma once

#include <span>

#include "session/resp_commands.h"

namespace larder::session {

[[nodiscard]] std::span<const CommandSpec> string_commands();
[[nodiscard]] std::span<const CommandSpec> key_commands();
/// Of the connection and of transactions.
[[nodiscard]] std::span<const CommandSpec> connection_commands();
[[nodiscard]] std::span<const CommandSpec> server_commands();
/// About features that this server does not have: answered as a server without them answers.
[[nodiscard]] std::span<const CommandSpec> answered_commands();
/// Those that are not served yet: their rows say what is missing in the place of a group.
[[nodiscard]] std::span<const CommandSpec> absent_commands();
/// The same of containers that are served. COMMAND knows nothing of them. Null: there is none of that name.
[[nodiscard]] const CommandSpec* find_absent_subcommand(const CommandSpec& container, Bytes name);

}  // namespace larder::session
