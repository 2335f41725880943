#include <array>

#include "session/resp_handlers.h"
#include "session/resp_tables.h"

namespace larder::session {
namespace {

constexpr std::array rows{
    row("del", -2, "write", {1, -1, 1, "RM delete"}, "@keyspace @write @slow", handle_del, "generic", "1.0.0",
        "Deletes one or more keys.", "request_policy:multi_shard response_policy:agg_sum"),
    row("exists", -2, "readonly fast", {1, -1, 1, "RO"}, "@keyspace @read @fast", handle_exists, "generic",
        "1.0.0", "Determines whether one or more keys exist.",
        "request_policy:multi_shard response_policy:agg_sum"),
    row("expire", -3, "write fast", {1, 1, 1, "RW update"}, "@keyspace @write @fast", handle_expire,
        "generic", "1.0.0", "Sets the expiration time of a key in seconds.", ""),
    row("pttl", 2, "readonly fast", {1, 1, 1, "RO access"}, "@keyspace @read @fast", handle_pttl, "generic",
        "2.6.0", "Returns the expiration time in milliseconds of a key.", "nondeterministic_output"),
    row("ttl", 2, "readonly fast", {1, 1, 1, "RO access"}, "@keyspace @read @fast", handle_ttl, "generic",
        "1.0.0", "Returns the expiration time in seconds of a key.", "nondeterministic_output"),
};

}  // namespace

std::span<const CommandSpec> key_commands() { return rows; }

}  // namespace larder::session
