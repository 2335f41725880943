// The rows of resp_answers.cc: features that this server does not have.
#include <array>

#include "session/resp_handlers.h"
#include "session/resp_tables.h"

namespace larder::session {
namespace {

constexpr std::array acl_subcommands{
    row("acl|cat", -2, "noscript loading stale", no_keys, "@slow", handle_acl_cat, "server", "6.0.0",
        "Lists categories, or the commands of one.", "")
        .taking("[categoryname]")
        .reaching(Reach::nothing),
    row("acl|getuser", 3, "admin noscript loading stale", no_keys, "@admin @slow @dangerous",
        handle_acl_getuser, "server", "6.0.0", "Returns what a user may do.", "")
        .taking("username")
        .reaching(Reach::nothing),
    row("acl|help", 2, "loading stale", no_keys, "@slow", handle_help, "server", "6.0.0", "Print this help.",
        "")
        .reaching(Reach::nothing),
    row("acl|list", 2, "admin noscript loading stale", no_keys, "@admin @slow @dangerous", handle_acl_list,
        "server", "6.0.0", "Lists the users with what they may do.", "")
        .reaching(Reach::nothing),
    row("acl|users", 2, "admin noscript loading stale", no_keys, "@admin @slow @dangerous", handle_acl_users,
        "server", "6.0.0", "Lists the users.", "")
        .reaching(Reach::nothing),
    row("acl|whoami", 2, "noscript loading stale", no_keys, "@slow", handle_acl_whoami, "server", "6.0.0",
        "Returns the user of the connection.", "")
        .reaching(Reach::nothing),
};

constexpr std::array cluster_subcommands{
    row("cluster|help", 2, "loading stale", no_keys, "@slow", handle_help, "cluster", "5.0.0",
        "Print this help.", "")
        .reaching(Reach::nothing),
    row("cluster|info", 2, "stale", no_keys, "@slow", handle_cluster_off, "cluster", "3.0.0",
        "Returns the state of the cluster.", "nondeterministic_output")
        .reaching(Reach::nothing),
    row("cluster|keyslot", 3, "stale", no_keys, "@slow", handle_cluster_off, "cluster", "3.0.0",
        "Returns the slot of a key.", "")
        .taking("key:string")
        .reaching(Reach::nothing),
    row("cluster|myid", 2, "stale", no_keys, "@slow", handle_cluster_off, "cluster", "3.0.0",
        "Returns the id of the node.", "")
        .reaching(Reach::nothing),
    row("cluster|nodes", 2, "stale", no_keys, "@slow", handle_cluster_off, "cluster", "3.0.0",
        "Lists the nodes of the cluster.", "nondeterministic_output")
        .reaching(Reach::nothing),
    row("cluster|shards", 2, "stale", no_keys, "@slow", handle_cluster_off, "cluster", "7.0.0",
        "Lists the shards of the cluster.", "nondeterministic_output")
        .reaching(Reach::nothing),
    row("cluster|slots", 2, "stale", no_keys, "@slow", handle_cluster_off, "cluster", "3.0.0",
        "Lists the slots of the cluster.", "nondeterministic_output")
        .reaching(Reach::nothing),
};

constexpr std::array function_subcommands{
    row("function|delete", 3, "write noscript", no_keys, "@write @slow @scripting", handle_function_delete,
        "scripting", "7.0.0", "Deletes a library.", "request_policy:all_shards response_policy:all_succeeded")
        .taking("library-name")
        .reaching(Reach::nothing),
    row("function|flush", -2, "write noscript", no_keys, "@write @slow @scripting", handle_function_flush,
        "scripting", "7.0.0", "Deletes all libraries.",
        "request_policy:all_shards response_policy:all_succeeded")
        .taking("[async=(ASYNC | SYNC)]")
        .reaching(Reach::nothing),
    row("function|help", 2, "loading stale", no_keys, "@slow @scripting", handle_help, "scripting", "7.0.0",
        "Print this help.", "")
        .reaching(Reach::nothing),
    row("function|kill", 2, "noscript allow_busy", no_keys, "@slow @scripting", handle_function_kill,
        "scripting", "7.0.0", "Ends the function that runs.",
        "request_policy:all_shards response_policy:one_succeeded")
        .reaching(Reach::nothing),
    row("function|list", -2, "noscript", no_keys, "@slow @scripting", handle_function_list, "scripting",
        "7.0.0", "Lists the libraries.", "nondeterministic_output_order")
        .taking("[LIBRARYNAME library-name-pattern] [WITHCODE]")
        .reaching(Reach::nothing),
    row("function|stats", 2, "noscript allow_busy", no_keys, "@slow @scripting", handle_function_stats,
        "scripting", "7.0.0", "Returns figures of functions.",
        "nondeterministic_output request_policy:all_shards response_policy:special")
        .reaching(Reach::nothing),
};

constexpr std::array module_subcommands{
    row("module|help", 2, "loading stale", no_keys, "@slow", handle_help, "server", "5.0.0",
        "Print this help.", "")
        .reaching(Reach::nothing),
    row("module|list", 2, "admin noscript", no_keys, "@admin @slow @dangerous", handle_module_list, "server",
        "4.0.0", "Lists the modules.", "nondeterministic_output_order")
        .reaching(Reach::nothing),
    row("module|load", -3, "admin noscript no_async_loading", no_keys, "@admin @slow @dangerous",
        handle_module_off, "server", "4.0.0", "Loads a module.", "")
        .taking("path [arg...]")
        .reaching(Reach::nothing),
    row("module|loadex", -3, "admin noscript no_async_loading", no_keys, "@admin @slow @dangerous",
        handle_module_off, "server", "7.0.0", "Loads a module with its settings.", "")
        .taking("path [CONFIG configs=(name value)]... [ARGS args=(arg)...]")
        .reaching(Reach::nothing),
    row("module|unload", 3, "admin noscript no_async_loading", no_keys, "@admin @slow @dangerous",
        handle_module_off, "server", "4.0.0", "Unloads a module.", "")
        .taking("name")
        .reaching(Reach::nothing),
};

constexpr std::array pubsub_subcommands{
    row("pubsub|channels", -2, "pubsub loading stale", no_keys, "@pubsub @slow", handle_pubsub_channels,
        "pubsub", "2.8.0", "Lists the channels that somebody is subscribed to: none.", "")
        .taking("[pattern:pattern]")
        .reaching(Reach::nothing),
    row("pubsub|help", 2, "loading stale", no_keys, "@slow", handle_help, "pubsub", "6.2.0",
        "Print this help.", "")
        .reaching(Reach::nothing),
    row("pubsub|numpat", 2, "pubsub loading stale", no_keys, "@pubsub @slow", handle_pubsub_numpat, "pubsub",
        "2.8.0", "Counts the patterns that somebody is subscribed to: none.", "")
        .reaching(Reach::nothing),
    row("pubsub|numsub", -2, "pubsub loading stale", no_keys, "@pubsub @slow", handle_pubsub_numsub, "pubsub",
        "2.8.0", "Counts the subscribers of channels: none.", "")
        .taking("[channel...]")
        .reaching(Reach::nothing),
    row("pubsub|shardchannels", -2, "pubsub loading stale", no_keys, "@pubsub @slow", handle_pubsub_channels,
        "pubsub", "7.0.0", "Lists the shard channels that somebody is subscribed to: none.", "")
        .taking("[pattern:pattern]")
        .reaching(Reach::nothing),
    row("pubsub|shardnumsub", -2, "pubsub loading stale", no_keys, "@pubsub @slow", handle_pubsub_numsub,
        "pubsub", "7.0.0", "Counts the subscribers of shard channels: none.", "")
        .taking("[shardchannel...]")
        .reaching(Reach::nothing),
};

constexpr std::array script_subcommands{
    row("script|exists", -3, "noscript", no_keys, "@slow @scripting", handle_script_exists, "scripting",
        "2.6.0", "Says which scripts are known.", "request_policy:all_shards response_policy:agg_logical_and")
        .taking("sha1...")
        .reaching(Reach::nothing),
    row("script|flush", -2, "noscript", no_keys, "@slow @scripting", handle_script_flush, "scripting",
        "2.6.0", "Forgets all scripts.", "request_policy:all_nodes response_policy:all_succeeded")
        .taking("[async=(ASYNC | SYNC)@6.2.0]")
        .reaching(Reach::nothing),
    row("script|help", 2, "loading stale", no_keys, "@slow @scripting", handle_help, "scripting", "5.0.0",
        "Print this help.", "")
        .reaching(Reach::nothing),
    row("script|kill", 2, "noscript allow_busy", no_keys, "@slow @scripting", handle_script_kill, "scripting",
        "2.6.0", "Ends the script that runs.", "request_policy:all_shards response_policy:one_succeeded")
        .reaching(Reach::nothing),
    row("script|load", 3, "noscript stale", no_keys, "@slow @scripting", handle_script_load, "scripting",
        "2.6.0", "Loads a script.", "request_policy:all_nodes response_policy:all_succeeded")
        .taking("script")
        .reaching(Reach::nothing),
};

constexpr std::array answer_rows{
    row("acl", -2, "", no_keys, "@slow", nullptr, "server", "6.0.0", "A container for commands about users.",
        "", acl_subcommands)
        .reaching(Reach::nothing),
    row("bgrewriteaof", 1, "admin noscript no_async_loading", no_keys, "@admin @slow @dangerous",
        handle_no_persistence, "server", "1.0.0", "Rewrites the file of commands.", "")
        .reaching(Reach::nothing),
    row("bgsave", -1, "admin noscript no_async_loading", no_keys, "@admin @slow @dangerous",
        handle_no_persistence, "server", "1.0.0", "Saves the data in the background.", "")
        .taking("[SCHEDULE@3.2.2]")
        .reaching(Reach::nothing),
    row("cluster", -2, "", no_keys, "@slow", nullptr, "cluster", "3.0.0",
        "A container for commands about clusters.", "", cluster_subcommands)
        .reaching(Reach::nothing),
    row("function", -2, "", no_keys, "@slow", nullptr, "scripting", "7.0.0",
        "A container for commands about functions.", "", function_subcommands)
        .reaching(Reach::nothing),
    row("lastsave", 1, "loading stale fast", no_keys, "@admin @fast @dangerous", handle_lastsave, "server",
        "1.0.0", "Returns when the data was saved last: the start.", "nondeterministic_output")
        .reaching(Reach::nothing),
    row("module", -2, "", no_keys, "@slow", nullptr, "server", "4.0.0",
        "A container for commands about modules.", "", module_subcommands)
        .reaching(Reach::nothing),
    row("pubsub", -2, "", no_keys, "@slow", nullptr, "pubsub", "2.8.0",
        "A container for questions about channels.", "", pubsub_subcommands)
        .reaching(Reach::nothing),
    row("punsubscribe", -1, "pubsub noscript loading stale", no_keys, "@pubsub @slow", handle_unsubscribe,
        "pubsub", "2.0.0", "Ends subscriptions to patterns, of which there are none.", "")
        .taking("[pattern:pattern...]")
        .reaching(Reach::nothing),
    row("readonly", 1, "loading stale fast", no_keys, "@fast @connection", handle_cluster_off, "cluster",
        "3.0.0", "Lets a cluster's replica be read.", "")
        .reaching(Reach::nothing),
    row("readwrite", 1, "loading stale fast", no_keys, "@fast @connection", handle_cluster_off, "cluster",
        "3.0.0", "Ends what READONLY began.", "")
        .reaching(Reach::nothing),
    row("replicaof", 3, "admin noscript stale no_async_loading", no_keys, "@admin @slow @dangerous",
        handle_replicaof, "server", "5.0.0", "Of NO ONE: says that this server is no replica.", "")
        .taking("args=(host-port=(host port:integer) | no-one=(NO ONE))")
        .reaching(Reach::nothing),
    row("role", 1, "noscript loading stale fast", no_keys, "@admin @fast @dangerous", handle_role, "server",
        "2.8.12", "Returns the role in replication.", "")
        .reaching(Reach::nothing),
    row("save", 1, "admin noscript no_async_loading no_multi", no_keys, "@admin @slow @dangerous",
        handle_no_persistence, "server", "1.0.0", "Saves the data.", "")
        .reaching(Reach::nothing),
    row("script", -2, "", no_keys, "@slow", nullptr, "scripting", "2.6.0",
        "A container for commands about scripts.", "", script_subcommands)
        .reaching(Reach::nothing),
    row("slaveof", 3, "admin noscript stale no_async_loading", no_keys, "@admin @slow @dangerous",
        handle_replicaof, "server", "1.0.0", "As REPLICAOF.", "")
        .taking("args=(host-port=(host port:integer) | no-one=(NO ONE))")
        .reaching(Reach::nothing),
    row("sunsubscribe", -1, "pubsub noscript loading stale", no_keys, "@pubsub @slow", handle_unsubscribe,
        "pubsub", "7.0.0", "Ends subscriptions to shard channels, of which there are none.", "")
        .taking("[shardchannel...]")
        .naming({.first = 1, .last = -1, .step = 1, .access = "not_key"})
        .reaching(Reach::nothing),
    row("unsubscribe", -1, "pubsub noscript loading stale", no_keys, "@pubsub @slow", handle_unsubscribe,
        "pubsub", "2.0.0", "Ends subscriptions to channels, of which there are none.", "")
        .taking("[channel...]")
        .reaching(Reach::nothing),
    row("wait", 3, "noscript", no_keys, "@slow @connection", handle_wait, "generic", "3.0.0",
        "Waits for replicas, of which there are none.", "request_policy:all_shards response_policy:agg_min")
        .taking("numreplicas:integer timeout:integer")
        .reaching(Reach::nothing),
};

}  // namespace

std::span<const CommandSpec> answered_commands() { return answer_rows; }

}  // namespace larder::session
