#include <array>

#include "session/resp_handlers.h"
#include "session/resp_tables.h"

namespace larder::session {
namespace {

constexpr std::array command_subcommands{
    row("command|count", 2, "loading stale", no_keys, "@slow @connection", handle_command_count, "server",
        "2.8.13", "Returns a count of commands.", ""),
    row("command|docs", -2, "loading stale", no_keys, "@slow @connection", handle_command_docs, "server",
        "7.0.0", "Returns documentary information about one, multiple or all commands.",
        "nondeterministic_output_order"),
    row("command|getkeys", -4, "loading stale", no_keys, "@slow @connection", handle_command_getkeys,
        "server", "2.8.13", "Extracts the key names from an arbitrary command.", ""),
    row("command|help", 2, "loading stale", no_keys, "@slow @connection", handle_command_help, "server",
        "5.0.0", "Returns helpful text about the different subcommands.", ""),
    row("command|info", -2, "loading stale", no_keys, "@slow @connection", handle_command_info, "server",
        "2.8.13", "Returns information about one, multiple or all commands.",
        "nondeterministic_output_order"),
    row("command|list", -2, "loading stale", no_keys, "@slow @connection", handle_command_list, "server",
        "7.0.0", "Returns a list of command names.", "nondeterministic_output_order"),
};

constexpr std::array rows{
    row("command", -1, "loading stale", no_keys, "@slow @connection", nullptr, "server", "2.8.13",
        "Returns detailed information about all commands.", "nondeterministic_output_order",
        command_subcommands),
    row("dbsize", 1, "readonly fast", no_keys, "@keyspace @read @fast", handle_dbsize, "server", "1.0.0",
        "Returns the number of keys in the database.", "request_policy:all_shards response_policy:agg_sum"),
    row("flushall", -1, "write", no_keys, "@keyspace @write @slow @dangerous", handle_flushall, "server",
        "1.0.0", "Removes all keys from all databases.",
        "request_policy:all_shards response_policy:all_succeeded"),
    row("info", -1, "loading stale", no_keys, "@slow @dangerous", handle_info, "server", "1.0.0",
        "Returns information and statistics about the server.",
        "nondeterministic_output request_policy:all_shards response_policy:special"),
};

}  // namespace

std::span<const CommandSpec> server_commands() { return rows; }

}  // namespace larder::session
