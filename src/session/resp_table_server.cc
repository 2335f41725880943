#include <array>

#include "session/resp_handlers.h"
#include "session/resp_tables.h"

namespace larder::session {
namespace {

constexpr std::array command_subcommands{
    row("command|count", 2, "loading stale", no_keys, "@slow @connection", handle_command_count, "server",
        "2.8.13", "Returns a count of commands.", "")
        .reaching(Reach::nothing),
    row("command|docs", -2, "loading stale", no_keys, "@slow @connection", handle_command_docs, "server",
        "7.0.0", "Returns documentary information about one, multiple or all commands.",
        "nondeterministic_output_order")
        .taking("[command-name...]")
        .reaching(Reach::nothing),
    row("command|getkeys", -4, "loading stale", no_keys, "@slow @connection", handle_command_getkeys,
        "server", "2.8.13", "Extracts the key names from an arbitrary command.", "")
        .reaching(Reach::nothing),
    row("command|getkeysandflags", -4, "loading stale", no_keys, "@slow @connection",
        handle_command_getkeysandflags, "server", "7.0.0",
        "Extracts the key names from a command, and what it does to each.", "")
        .reaching(Reach::nothing),
    row("command|help", 2, "loading stale", no_keys, "@slow @connection", handle_help, "server", "5.0.0",
        "Print this help.", "")
        .reaching(Reach::nothing),
    row("command|info", -2, "loading stale", no_keys, "@slow @connection", handle_command_info, "server",
        "2.8.13", "Returns information about one, multiple or all commands.", "nondeterministic_output_order")
        .taking("[command-name...]")
        .reaching(Reach::nothing),
    row("command|list", -2, "loading stale", no_keys, "@slow @connection", handle_command_list, "server",
        "7.0.0", "Returns a list of command names.", "nondeterministic_output_order")
        .taking("[FILTERBY filterby=(MODULE module-name | ACLCAT category | PATTERN pattern)]")
        .reaching(Reach::nothing),
};

constexpr std::array config_subcommands{
    row("config|get", -3, "admin noscript loading stale", no_keys, "@admin @slow @dangerous",
        handle_config_get, "server", "2.0.0", "Returns settings by pattern.", "")
        .taking("parameter=(parameter)...")
        .reaching(Reach::nothing),
    row("config|help", 2, "loading stale", no_keys, "@slow", handle_help, "server", "5.0.0",
        "Print this help.", "")
        .reaching(Reach::nothing),
    row("config|resetstat", 2, "admin noscript loading stale", no_keys, "@admin @slow @dangerous",
        handle_config_resetstat, "server", "2.0.0", "Starts the counters of INFO anew.", ""),
    row("config|rewrite", 2, "admin noscript loading stale", no_keys, "@admin @slow @dangerous",
        handle_config_rewrite, "server", "2.8.0", "Writes the settings to the file they came from.", "")
        .reaching(Reach::nothing),
    row("config|set", -4, "admin noscript loading stale", no_keys, "@admin @slow @dangerous",
        handle_config_set, "server", "2.0.0", "Changes settings.",
        "request_policy:all_nodes response_policy:all_succeeded")
        .taking("parameter_value=(parameter value)...")
        .reaching(Reach::nothing),
};

constexpr std::array latency_subcommands{
    row("latency|doctor", 2, "admin noscript loading stale", no_keys, "@admin @slow @dangerous",
        handle_latency_doctor, "server", "2.8.13", "Returns a report about latency.",
        "nondeterministic_output request_policy:all_nodes response_policy:special")
        .reaching(Reach::nothing),
    row("latency|graph", 3, "admin noscript loading stale", no_keys, "@admin @slow @dangerous",
        handle_latency_graph, "server", "2.8.13", "Draws the samples of an event.",
        "nondeterministic_output request_policy:all_nodes response_policy:special")
        .taking("event")
        .reaching(Reach::nothing),
    row("latency|help", 2, "loading stale", no_keys, "@slow", handle_help, "server", "2.8.13",
        "Print this help.", "")
        .reaching(Reach::nothing),
    row("latency|histogram", -2, "admin noscript loading stale", no_keys, "@admin @slow @dangerous",
        handle_latency_histogram, "server", "7.0.0", "Returns the distribution of commands' times.",
        "nondeterministic_output request_policy:all_nodes response_policy:special")
        .taking("[command...]")
        .reaching(Reach::nothing),
    row("latency|history", 3, "admin noscript loading stale", no_keys, "@admin @slow @dangerous",
        handle_latency_history, "server", "2.8.13", "Returns the samples of an event.",
        "nondeterministic_output request_policy:all_nodes response_policy:special")
        .taking("event")
        .reaching(Reach::nothing),
    row("latency|latest", 2, "admin noscript loading stale", no_keys, "@admin @slow @dangerous",
        handle_latency_latest, "server", "2.8.13", "Returns the latest sample of each event.",
        "nondeterministic_output request_policy:all_nodes response_policy:special")
        .reaching(Reach::nothing),
    row("latency|reset", -2, "admin noscript loading stale", no_keys, "@admin @slow @dangerous",
        handle_latency_reset, "server", "2.8.13", "Forgets the samples of events.",
        "request_policy:all_nodes response_policy:all_succeeded")
        .taking("[event...]")
        .reaching(Reach::nothing),
};

constexpr std::array slowlog_subcommands{
    row("slowlog|get", -2, "admin loading stale", no_keys, "@admin @slow @dangerous", handle_slowlog_get,
        "server", "2.2.12", "Returns the latest commands that took long.",
        "request_policy:all_nodes nondeterministic_output")
        .taking("[count:integer]")
        .reaching(Reach::nothing),
    row("slowlog|help", 2, "loading stale", no_keys, "@slow", handle_help, "server", "6.2.0",
        "Print this help.", "")
        .reaching(Reach::nothing),
    row("slowlog|len", 2, "admin loading stale", no_keys, "@admin @slow @dangerous", handle_slowlog_len,
        "server", "2.2.12", "Returns the number of entries.",
        "request_policy:all_nodes response_policy:agg_sum nondeterministic_output")
        .reaching(Reach::nothing),
    row("slowlog|reset", 2, "admin loading stale", no_keys, "@admin @slow @dangerous", handle_slowlog_reset,
        "server", "2.2.12", "Forgets all entries.", "request_policy:all_nodes response_policy:all_succeeded")
        .reaching(Reach::nothing),
};

constexpr std::array memory_subcommands{
    row("memory|doctor", 2, "", no_keys, "@slow", handle_memory_doctor, "server", "4.0.0",
        "Tells what is wrong with the memory.",
        "nondeterministic_output request_policy:all_shards response_policy:special")
        .reaching(Reach::nothing),
    row("memory|help", 2, "loading stale", no_keys, "@slow", handle_help, "server", "4.0.0",
        "Explains the subcommands.", "")
        .reaching(Reach::nothing),
    row("memory|malloc-stats", 2, "", no_keys, "@slow", handle_memory_malloc_stats, "server", "4.0.0",
        "Tells what the allocator knows.",
        "nondeterministic_output request_policy:all_shards response_policy:special")
        .reaching(Reach::nothing),
    row("memory|purge", 2, "", no_keys, "@slow", handle_memory_purge, "server", "4.0.0",
        "Asks the allocator to give memory back.", "request_policy:all_shards response_policy:all_succeeded")
        .reaching(Reach::nothing),
    row("memory|stats", 2, "", no_keys, "@slow", handle_memory_stats, "server", "4.0.0",
        "Tells how much memory is used.",
        "nondeterministic_output request_policy:all_shards response_policy:special"),
    row("memory|usage", -3, "readonly", {2, 2, 1, "RO"}, "@read @slow", handle_memory_usage, "server",
        "4.0.0", "Tells how many bytes a key and its value take.", "")
        .taking("key [SAMPLES count:integer]"),
};

constexpr std::array server_rows{
    row("command", -1, "loading stale", no_keys, "@slow @connection", handle_command, "server", "2.8.13",
        "Returns detailed information about all commands.", "nondeterministic_output_order",
        command_subcommands)
        .reaching(Reach::nothing),
    row("config", -2, "", no_keys, "@slow", nullptr, "server", "2.0.0",
        "A container for commands about settings.", "", config_subcommands),
    row("dbsize", 1, "readonly fast", no_keys, "@keyspace @read @fast", handle_dbsize, "server", "1.0.0",
        "Returns the number of keys in the database.", "request_policy:all_shards response_policy:agg_sum"),
    row("debug", -2, "admin noscript loading stale", no_keys, "@admin @slow @dangerous", handle_debug,
        "server", "1.0.0", "A container for commands that help to test clients.", ""),
    row("flushall", -1, "write", no_keys, "@keyspace @write @slow @dangerous", handle_flushall, "server",
        "1.0.0", "Removes all keys from all databases.",
        "request_policy:all_shards response_policy:all_succeeded")
        .taking("[async=(ASYNC@4.0.0 | SYNC@6.2.0)]"),
    row("flushdb", -1, "write", no_keys, "@keyspace @write @slow @dangerous", handle_flushdb, "server",
        "1.0.0", "Removes all keys of the current database.",
        "request_policy:all_shards response_policy:all_succeeded")
        .taking("[async=(ASYNC@4.0.0 | SYNC@6.2.0)]"),
    row("info", -1, "loading stale", no_keys, "@slow @dangerous", handle_info, "server", "1.0.0",
        "Returns information and statistics about the server.",
        "nondeterministic_output request_policy:all_shards response_policy:special")
        .taking("[section...]"),
    row("latency", -2, "", no_keys, "@slow", nullptr, "server", "2.8.13",
        "A container for commands about latency.", "", latency_subcommands)
        .reaching(Reach::nothing),
    row("lolwut", -1, "readonly fast", no_keys, "@read @fast", handle_lolwut, "server", "5.0.0",
        "Shows the version.", "")
        .taking("[VERSION version:integer]")
        .reaching(Reach::nothing),
    row("monitor", 1, "admin noscript loading stale", no_keys, "@admin @slow @dangerous", handle_monitor,
        "server", "1.0.0", "Streams every command that the server gets.", "")
        .reaching(Reach::nothing),
    row("shutdown", -1, "admin noscript loading stale no_multi allow_busy", no_keys,
        "@admin @slow @dangerous", handle_shutdown, "server", "1.0.0", "Ends the server.", "")
        .taking("[nosave_save=(NOSAVE | SAVE)] [NOW@7.0.0] [FORCE@7.0.0] [ABORT@7.0.0]"),
    row("slowlog", -2, "", no_keys, "@slow", nullptr, "server", "2.2.12",
        "A container for commands about what took long.", "", slowlog_subcommands)
        .reaching(Reach::nothing),
    row("time", 1, "loading stale fast", no_keys, "@fast", handle_time, "server", "2.6.0",
        "Returns the server's time.", "nondeterministic_output")
        .reaching(Reach::nothing),
    row("memory", -2, "", no_keys, "@slow", nullptr, "server", "4.0.0", "Holds the commands about memory.",
        "", memory_subcommands),
    row("swapdb", 3, "write fast", no_keys, "@keyspace @write @fast @dangerous", handle_swapdb, "server",
        "4.0.0", "Exchanges two databases.", "")
        .taking("index1:integer index2:integer"),
};

}  // namespace

std::span<const CommandSpec> server_commands() { return server_rows; }

}  // namespace larder::session
