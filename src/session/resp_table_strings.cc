#include <array>

#include "session/resp_handlers.h"
#include "session/resp_tables.h"

namespace larder::session {
namespace {

constexpr std::array string_rows{
    row("append", 3, "write denyoom fast", {1, 1, 1, "RW insert"}, "@write @string @fast", handle_append,
        "string", "2.0.0", "Appends to the value of a key.", "")
        .taking("key value"),
    row("decr", 2, "write denyoom fast", {1, 1, 1, "RW access update"}, "@write @string @fast", handle_decr,
        "string", "1.0.0", "Decrements the integer value of a key by one.", "")
        .taking("key"),
    row("decrby", 3, "write denyoom fast", {1, 1, 1, "RW access update"}, "@write @string @fast",
        handle_decrby, "string", "1.0.0", "Decrements the integer value of a key by a number.", "")
        .taking("key decrement:integer"),
    row("delex", -2, "write fast", {1, 1, 1, "RW delete variable_flags", false, {}, access_of_delex},
        "@write @string @fast", handle_delex, "string", "8.4.0",
        "Deletes a key if its value, or the digest of it, is or is not this one.", "")
        .taking("key [condition=(IFEQ ifeq-value | IFNE ifne-value | "
                "IFDEQ ifdeq-digest | IFDNE ifdne-digest)]"),
    row("delifeq", 3, "write fast", {1, 1, 1, "RW access delete"}, "@write @string @fast", handle_delifeq,
        "string", "9.0.0", "Deletes a key if its value is this one.", "")
        .taking("key value"),
    row("digest", 2, "readonly fast", {1, 1, 1, "RO access"}, "@read @string @fast", handle_digest, "string",
        "8.4.0", "Returns the XXH3 digest of the value of a key.", "")
        .taking("key"),
    row("get", 2, "readonly fast", {1, 1, 1, "RO access"}, "@read @string @fast", handle_get, "string",
        "1.0.0", "Returns the string value of a key.", "")
        .taking("key"),
    row("getdel", 2, "write fast", {1, 1, 1, "RW access delete"}, "@write @string @fast", handle_getdel,
        "string", "6.2.0", "Returns the value of a key and deletes the key.", "")
        .taking("key"),
    row("getex", -2, "write fast", {1, 1, 1, "RW access update"}, "@write @string @fast", handle_getex,
        "string", "6.2.0", "Returns the value of a key and sets its expiration time.", "")
        .taking("key [expiration=(EX seconds:integer | PX milliseconds:integer | "
                "EXAT unix-time-seconds:unix-time | PXAT unix-time-milliseconds:unix-time | PERSIST)]"),
    row("getrange", 4, "readonly", {1, 1, 1, "RO access"}, "@read @string @slow", handle_getrange, "string",
        "2.4.0", "Returns a part of the value of a key.", "")
        .taking("key start:integer end:integer"),
    row("getset", 3, "write denyoom fast", {1, 1, 1, "RW access update"}, "@write @string @fast",
        handle_getset, "string", "1.0.0", "Returns the value of a key and sets another.", "")
        .taking("key value"),
    row("incr", 2, "write denyoom fast", {1, 1, 1, "RW access update"}, "@write @string @fast", handle_incr,
        "string", "1.0.0", "Increments the integer value of a key by one.", "")
        .taking("key"),
    row("incrby", 3, "write denyoom fast", {1, 1, 1, "RW access update"}, "@write @string @fast",
        handle_incrby, "string", "1.0.0", "Increments the integer value of a key by a number.", "")
        .taking("key increment:integer"),
    row("incrbyfloat", 3, "write denyoom fast", {1, 1, 1, "RW access update"}, "@write @string @fast",
        handle_incrbyfloat, "string", "2.6.0", "Increments the value of a key by a number with a fraction.",
        "")
        .taking("key increment:double"),
    row("lcs", -3, "readonly", {1, 2, 1, "RO access"}, "@read @string @slow", handle_lcs, "string", "7.0.0",
        "Finds the longest sequence that two values have in common.", "")
        .taking("key1:key key2:key [LEN] [IDX] [MINMATCHLEN len:integer] [WITHMATCHLEN]"),
    row("mget", -2, "readonly fast", {1, -1, 1, "RO access"}, "@read @string @fast", handle_mget, "string",
        "1.0.0", "Returns the string values of one or more keys.", "request_policy:multi_shard")
        .taking("key..."),
    row("mset", -3, "write denyoom", {1, -1, 2, "OW update"}, "@write @string @slow", handle_mset, "string",
        "1.0.1", "Sets the string values of one or more keys at once.",
        "request_policy:multi_shard response_policy:all_succeeded")
        .taking("key_value=(key value)..."),
    row("msetex", -4, "write denyoom movablekeys", {2, 0, 2, "OW update", true}, "@write @string @slow",
        handle_msetex, "string", "8.4.0", "Sets several keys and their expiration time at once.",
        "request_policy:multi_shard response_policy:all_succeeded")
        .taking("numkeys:integer data=(key value)... [condition=(NX | XX)] "
                "[expiration=(EX seconds:integer | PX milliseconds:integer | "
                "EXAT unix-time-seconds:unix-time | PXAT unix-time-milliseconds:unix-time | KEEPTTL)]"),
    row("msetnx", -3, "write denyoom", {1, -1, 2, "OW insert"}, "@write @string @slow", handle_msetnx,
        "string", "1.0.1", "Sets several keys, if none of them exists.",
        "request_policy:multi_shard response_policy:agg_min")
        .taking("key_value=(key value)..."),
    row("psetex", 4, "write denyoom", {1, 1, 1, "OW update"}, "@write @string @slow", handle_psetex, "string",
        "2.6.0", "Sets the value of a key and its expiration time in milliseconds.", "")
        .taking("key milliseconds:integer value"),
    row("set", -3, "write denyoom", {1, 1, 1, "RW access update variable_flags", false, {}, access_of_set},
        "@write @string @slow", handle_set, "string", "1.0.0",
        "Sets the string value of a key, ignoring its type.", "")
        .taking("key value "
                "[condition=(NX | XX | IFEQ ifeq-value@8.4.0 | IFNE ifne-value@8.4.0 | "
                "IFDEQ ifdeq-digest@8.4.0 | IFDNE ifdne-digest@8.4.0)@2.6.12] [GET@6.2.0] "
                "[expiration=(EX seconds:integer@2.6.12 | PX milliseconds:integer@2.6.12 | "
                "EXAT unix-time-seconds:unix-time@6.2.0 | PXAT unix-time-milliseconds:unix-time@6.2.0 | "
                "KEEPTTL@6.0.0)]"),
    row("setex", 4, "write denyoom", {1, 1, 1, "OW update"}, "@write @string @slow", handle_setex, "string",
        "2.0.0", "Sets the value of a key and its expiration time in seconds.", "")
        .taking("key seconds:integer value"),
    row("setnx", 3, "write denyoom fast", {1, 1, 1, "OW insert"}, "@write @string @fast", handle_setnx,
        "string", "1.0.0", "Sets the value of a key that does not exist.", "")
        .taking("key value"),
    row("setrange", 4, "write denyoom", {1, 1, 1, "RW update"}, "@write @string @slow", handle_setrange,
        "string", "2.2.0", "Overwrites a part of the value of a key.", "")
        .taking("key offset:integer value"),
    row("strlen", 2, "readonly fast", {1, 1, 1, "RO"}, "@read @string @fast", handle_strlen, "string",
        "2.2.0", "Returns the size of the value of a key.", "")
        .taking("key"),
    row("substr", 4, "readonly", {1, 1, 1, "RO access"}, "@read @string @slow", handle_substr, "string",
        "1.0.0", "Returns a part of the value of a key.", "")
        .taking("key start:integer end:integer"),
};

}  // namespace

std::span<const CommandSpec> string_commands() { return string_rows; }

}  // namespace larder::session
