#include <array>

#include "session/resp_handlers.h"
#include "session/resp_tables.h"

namespace larder::session {
namespace {

constexpr std::array rows{
    row("append", 3, "write denyoom fast", {1, 1, 1, "RW insert"}, "@write @string @fast", handle_append,
        "string", "2.0.0", "Appends to the value of a key.", ""),
    row("decr", 2, "write denyoom fast", {1, 1, 1, "RW access update"}, "@write @string @fast", handle_decr,
        "string", "1.0.0", "Decrements the integer value of a key by one.", ""),
    row("decrby", 3, "write denyoom fast", {1, 1, 1, "RW access update"}, "@write @string @fast",
        handle_decrby, "string", "1.0.0", "Decrements the integer value of a key by a number.", ""),
    row("delex", -2, "write fast", {1, 1, 1, "RW delete variable_flags"}, "@write @string @fast",
        handle_delex, "string", "8.4.0",
        "Deletes a key if its value, or the digest of it, is or is not this one.", ""),
    row("delifeq", 3, "write fast", {1, 1, 1, "RW access delete"}, "@write @string @fast", handle_delifeq,
        "string", "9.0.0", "Deletes a key if its value is this one.", ""),
    row("digest", 2, "readonly fast", {1, 1, 1, "RO access"}, "@read @string @fast", handle_digest, "string",
        "8.4.0", "Returns the XXH3 digest of the value of a key.", ""),
    row("get", 2, "readonly fast", {1, 1, 1, "RO access"}, "@read @string @fast", handle_get, "string",
        "1.0.0", "Returns the string value of a key.", ""),
    row("getdel", 2, "write fast", {1, 1, 1, "RW access delete"}, "@write @string @fast", handle_getdel,
        "string", "6.2.0", "Returns the value of a key and deletes the key.", ""),
    row("getex", -2, "write fast", {1, 1, 1, "RW access update"}, "@write @string @fast", handle_getex,
        "string", "6.2.0", "Returns the value of a key and sets its expiration time.", ""),
    row("getrange", 4, "readonly", {1, 1, 1, "RO access"}, "@read @string @slow", handle_getrange, "string",
        "2.4.0", "Returns a part of the value of a key.", ""),
    row("getset", 3, "write denyoom fast", {1, 1, 1, "RW access update"}, "@write @string @fast",
        handle_getset, "string", "1.0.0", "Returns the value of a key and sets another.", ""),
    row("incr", 2, "write denyoom fast", {1, 1, 1, "RW access update"}, "@write @string @fast", handle_incr,
        "string", "1.0.0", "Increments the integer value of a key by one.", ""),
    row("incrby", 3, "write denyoom fast", {1, 1, 1, "RW access update"}, "@write @string @fast",
        handle_incrby, "string", "1.0.0", "Increments the integer value of a key by a number.", ""),
    row("incrbyfloat", 3, "write denyoom fast", {1, 1, 1, "RW access update"}, "@write @string @fast",
        handle_incrbyfloat, "string", "2.6.0", "Increments the value of a key by a number with a fraction.",
        ""),
    row("lcs", -3, "readonly", {1, 2, 1, "RO access"}, "@read @string @slow", handle_lcs, "string", "7.0.0",
        "Finds the longest sequence that two values have in common.", ""),
    row("mget", -2, "readonly fast", {1, -1, 1, "RO access"}, "@read @string @fast", handle_mget, "string",
        "1.0.0", "Returns the string values of one or more keys.", "request_policy:multi_shard"),
    row("mset", -3, "write denyoom", {1, -1, 2, "OW update"}, "@write @string @slow", handle_mset, "string",
        "1.0.1", "Sets the string values of one or more keys at once.",
        "request_policy:multi_shard response_policy:all_succeeded"),
    row("msetex", -4, "write denyoom movablekeys", {2, 0, 2, "OW update", true}, "@write @string @slow",
        handle_msetex, "string", "8.4.0", "Sets several keys and their expiration time at once.",
        "request_policy:multi_shard response_policy:all_succeeded"),
    row("msetnx", -3, "write denyoom", {1, -1, 2, "OW insert"}, "@write @string @slow", handle_msetnx,
        "string", "1.0.1", "Sets several keys, if none of them exists.",
        "request_policy:multi_shard response_policy:agg_min"),
    row("psetex", 4, "write denyoom", {1, 1, 1, "OW update"}, "@write @string @slow", handle_psetex, "string",
        "2.6.0", "Sets the value of a key and its expiration time in milliseconds.", ""),
    row("set", -3, "write denyoom", {1, 1, 1, "RW access update variable_flags"}, "@write @string @slow",
        handle_set, "string", "1.0.0", "Sets the string value of a key, ignoring its type.", ""),
    row("setex", 4, "write denyoom", {1, 1, 1, "OW update"}, "@write @string @slow", handle_setex, "string",
        "2.0.0", "Sets the value of a key and its expiration time in seconds.", ""),
    row("setnx", 3, "write denyoom fast", {1, 1, 1, "OW insert"}, "@write @string @fast", handle_setnx,
        "string", "1.0.0", "Sets the value of a key that does not exist.", ""),
    row("setrange", 4, "write denyoom", {1, 1, 1, "RW update"}, "@write @string @slow", handle_setrange,
        "string", "2.2.0", "Overwrites a part of the value of a key.", ""),
    row("strlen", 2, "readonly fast", {1, 1, 1, "RO"}, "@read @string @fast", handle_strlen, "string",
        "2.2.0", "Returns the size of the value of a key.", ""),
    row("substr", 4, "readonly", {1, 1, 1, "RO access"}, "@read @string @slow", handle_substr, "string",
        "1.0.0", "Returns a part of the value of a key.", ""),
};

}  // namespace

std::span<const CommandSpec> string_commands() { return rows; }

}  // namespace larder::session
