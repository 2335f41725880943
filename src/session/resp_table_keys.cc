#include <array>

#include "session/resp_handlers.h"
#include "session/resp_tables.h"

namespace larder::session {
namespace {

constexpr std::array object_subcommands{
    row("object|encoding", 3, "readonly", {2, 2, 1, "RO"}, "@keyspace @read @slow", handle_object_encoding,
        "generic", "2.2.3", "Tells how the value of a key is stored.", "nondeterministic_output")
        .taking("key"),
    row("object|freq", 3, "readonly", {2, 2, 1, "RO"}, "@keyspace @read @slow", handle_object_freq, "generic",
        "4.0.0", "Tells how often a key was used lately.", "nondeterministic_output")
        .taking("key"),
    row("object|help", 2, "loading stale", no_keys, "@keyspace @slow", handle_help, "generic", "6.2.0",
        "Explains the subcommands.", "")
        .reaching(Reach::nothing),
    row("object|idletime", 3, "readonly", {2, 2, 1, "RO"}, "@keyspace @read @slow", handle_object_idletime,
        "generic", "2.2.3", "Tells for how many seconds a key was not used.", "nondeterministic_output")
        .taking("key"),
    row("object|refcount", 3, "readonly", {2, 2, 1, "RO"}, "@keyspace @read @slow", handle_object_refcount,
        "generic", "2.2.3", "Tells how many refer to the value of a key.", "nondeterministic_output")
        .taking("key"),
};

constexpr std::array key_rows{
    row("copy", -3, "write denyoom", {1, 2, 1, "RO access", false, "OW update"}, "@keyspace @write @slow",
        handle_copy, "generic", "6.2.0", "Stores the value of a key under another one, too.", "")
        .taking("source:key destination:second-key [DB destination-db:integer] [REPLACE]"),
    row("del", -2, "write", {1, -1, 1, "RM delete"}, "@keyspace @write @slow", handle_del, "generic", "1.0.0",
        "Deletes one or more keys.", "request_policy:multi_shard response_policy:agg_sum")
        .taking("key..."),
    row("exists", -2, "readonly fast", {1, -1, 1, "RO"}, "@keyspace @read @fast", handle_exists, "generic",
        "1.0.0", "Determines whether one or more keys exist.",
        "request_policy:multi_shard response_policy:agg_sum")
        .taking("key..."),
    row("expire", -3, "write fast", {1, 1, 1, "RW update"}, "@keyspace @write @fast", handle_expire,
        "generic", "1.0.0", "Sets the expiration time of a key in seconds.", "")
        .taking("key seconds:integer [condition=(NX | XX | GT | LT)@7.0.0]"),
    row("expireat", -3, "write fast", {1, 1, 1, "RW update"}, "@keyspace @write @fast", handle_expireat,
        "generic", "1.2.0", "Sets the second since 1970 at which a key expires.", "")
        .taking("key unix-time-seconds:unix-time [condition=(NX | XX | GT | LT)@7.0.0]"),
    row("expiretime", 2, "readonly fast", {1, 1, 1, "RO access"}, "@keyspace @read @fast", handle_expiretime,
        "generic", "7.0.0", "Tells the second since 1970 at which a key expires.", "")
        .taking("key"),
    row("keys", 2, "readonly", no_keys, "@keyspace @read @slow @dangerous", handle_keys, "generic", "1.0.0",
        "Lists the keys that match a pattern.", "request_policy:all_shards nondeterministic_output_order")
        .taking("pattern"),
    row("move", 3, "write fast", {1, 1, 1, "RW access update"}, "@keyspace @write @fast", handle_move,
        "generic", "1.0.0", "Moves a key to another database.", "")
        .taking("key db:integer"),
    row("object", -2, "", no_keys, "@slow", nullptr, "generic", "2.2.3",
        "Holds the commands about the inside of values.", "", object_subcommands),
    row("persist", 2, "write fast", {1, 1, 1, "RW update"}, "@keyspace @write @fast", handle_persist,
        "generic", "2.2.0", "Takes the expiration time off a key.", "")
        .taking("key"),
    row("pexpire", -3, "write fast", {1, 1, 1, "RW update"}, "@keyspace @write @fast", handle_pexpire,
        "generic", "2.6.0", "Sets the expiration time of a key in milliseconds.", "")
        .taking("key milliseconds:integer [condition=(NX | XX | GT | LT)@7.0.0]"),
    row("pexpireat", -3, "write fast", {1, 1, 1, "RW update"}, "@keyspace @write @fast", handle_pexpireat,
        "generic", "2.6.0", "Sets the millisecond since 1970 at which a key expires.", "")
        .taking("key unix-time-milliseconds:unix-time [condition=(NX | XX | GT | LT)@7.0.0]"),
    row("pexpiretime", 2, "readonly fast", {1, 1, 1, "RO access"}, "@keyspace @read @fast",
        handle_pexpiretime, "generic", "7.0.0", "Tells the millisecond since 1970 at which a key expires.",
        "")
        .taking("key"),
    row("pttl", 2, "readonly fast", {1, 1, 1, "RO access"}, "@keyspace @read @fast", handle_pttl, "generic",
        "2.6.0", "Returns the expiration time in milliseconds of a key.", "nondeterministic_output")
        .taking("key"),
    row("randomkey", 1, "readonly", no_keys, "@keyspace @read @slow", handle_randomkey, "generic", "1.0.0",
        "Picks any key of the database.", "request_policy:all_shards nondeterministic_output"),
    row("rename", 3, "write", {1, 2, 1, "RW access delete", false, "OW update"}, "@keyspace @write @slow",
        handle_rename, "generic", "1.0.0", "Gives a key another name, in place of what stood there.", "")
        .taking("key newkey:second-key"),
    row("renamenx", 3, "write fast", {1, 2, 1, "RW access delete", false, "OW insert"},
        "@keyspace @write @fast", handle_renamenx, "generic", "1.0.0",
        "Gives a key another name if that is free.", "")
        .taking("key newkey:second-key"),
    row("scan", -2, "readonly", no_keys, "@keyspace @read @slow", handle_scan, "generic", "2.8.0",
        "Shows some keys of the database and where to go on.",
        "nondeterministic_output request_policy:special")
        .taking("cursor:integer [MATCH pattern] [COUNT count:integer] [TYPE type@6.0.0]"),
    row("touch", -2, "readonly fast", {1, -1, 1, "RO"}, "@keyspace @read @fast", handle_touch, "generic",
        "3.2.1", "Counts as a use of one or more keys, and tells how many there are.",
        "request_policy:multi_shard response_policy:agg_sum")
        .taking("key..."),
    row("ttl", 2, "readonly fast", {1, 1, 1, "RO access"}, "@keyspace @read @fast", handle_ttl, "generic",
        "1.0.0", "Returns the expiration time in seconds of a key.", "nondeterministic_output")
        .taking("key"),
    row("type", 2, "readonly fast", {1, 1, 1, "RO"}, "@keyspace @read @fast", handle_type, "generic", "1.0.0",
        "Tells the type of the value of a key.", "")
        .taking("key"),
    row("unlink", -2, "write fast", {1, -1, 1, "RM delete"}, "@keyspace @write @fast", handle_unlink,
        "generic", "4.0.0", "Deletes one or more keys, as DEL does.",
        "request_policy:multi_shard response_policy:agg_sum")
        .taking("key..."),
};

}  // namespace

std::span<const CommandSpec> key_commands() { return key_rows; }

}  // namespace larder::session
