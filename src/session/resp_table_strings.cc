#include <array>

#include "session/resp_handlers.h"
#include "session/resp_tables.h"

namespace larder::session {
namespace {

constexpr std::array rows{
    row("get", 2, "readonly fast", {1, 1, 1, "RO access"}, "@read @string @fast", handle_get, "string",
        "1.0.0", "Returns the string value of a key.", ""),
    row("incr", 2, "write denyoom fast", {1, 1, 1, "RW access update"}, "@write @string @fast", handle_incr,
        "string", "1.0.0", "Increments the integer value of a key by one.", ""),
    row("mget", -2, "readonly fast", {1, -1, 1, "RO access"}, "@read @string @fast", handle_mget, "string",
        "1.0.0", "Returns the string values of one or more keys.", "request_policy:multi_shard"),
    row("mset", -3, "write denyoom", {1, -1, 2, "OW update"}, "@write @string @slow", handle_mset, "string",
        "1.0.1", "Sets the string values of one or more keys at once.",
        "request_policy:multi_shard response_policy:all_succeeded"),
    row("set", -3, "write denyoom", {1, 1, 1, "RW access update variable_flags"}, "@write @string @slow",
        handle_set, "string", "1.0.0", "Sets the string value of a key, ignoring its type.", ""),
};

}  // namespace

std::span<const CommandSpec> string_commands() { return rows; }

}  // namespace larder::session
