#include <array>

#include "session/resp_handlers.h"
#include "session/resp_tables.h"

namespace larder::session {
namespace {

constexpr std::array client_subcommands{
    row("client|caching", 3, "noscript loading stale", no_keys, "@slow @connection", handle_client_caching,
        "connection", "6.0.0", "Whether the keys of the next command are tracked.", "")
        .taking("mode=(YES | NO)"),
    row("client|getname", 2, "noscript loading stale", no_keys, "@slow @connection", handle_client_getname,
        "connection", "2.6.9", "Returns the name of the connection.", ""),
    row("client|getredir", 2, "noscript loading stale", no_keys, "@slow @connection", handle_client_getredir,
        "connection", "6.0.0", "Returns where notices of tracking go.", ""),
    row("client|help", 2, "loading stale", no_keys, "@slow @connection", handle_help, "connection", "5.0.0",
        "Print this help.", ""),
    row("client|id", 2, "noscript loading stale", no_keys, "@slow @connection", handle_client_id,
        "connection", "5.0.0", "Returns the unique client ID of the connection.", ""),
    row("client|info", 2, "noscript loading stale", no_keys, "@slow @connection", handle_client_info,
        "connection", "6.2.0", "Returns what is known of the connection.", "nondeterministic_output"),
    row("client|kill", -3, "admin noscript loading stale", no_keys, "@admin @slow @dangerous @connection",
        handle_client_kill, "connection", "2.4.0", "Closes connections.", "")
        .taking("filter=(ip:port~2.8.12 | new-format=([ID client-id:integer@2.8.12] | "
                "[TYPE normal_master_slave_pubsub="
                "(NORMAL | MASTER@3.2.0 | SLAVE | REPLICA@5.0.0 | PUBSUB)@2.8.12] | "
                "[USER username] | [ADDR ip:port] | [LADDR ip:port@6.2.0] | [SKIPME yes/no] | "
                "[MAXAGE maxage:integer@7.4.0])...)"),
    row("client|list", -2, "admin noscript loading stale", no_keys, "@admin @slow @dangerous @connection",
        handle_client_list, "connection", "2.4.0", "Lists the connections.", "nondeterministic_output")
        .taking("[TYPE normal_master_replica_pubsub=(NORMAL | MASTER | REPLICA | PUBSUB)@5.0.0] "
                "[ID id=(client-id:integer...)@6.2.0]"),
    row("client|no-evict", 3, "admin noscript loading stale", no_keys, "@admin @slow @dangerous @connection",
        handle_client_no_evict, "connection", "7.0.0", "Notes that the connection should be spared.", "")
        .taking("enabled=(ON | OFF)"),
    row("client|no-touch", 3, "noscript loading stale", no_keys, "@slow @connection", handle_client_no_touch,
        "connection", "7.2.0", "Notes that reads should leave the age of items alone.", "")
        .taking("enabled=(ON | OFF)"),
    row("client|pause", -3, "admin noscript loading stale", no_keys, "@admin @slow @dangerous @connection",
        handle_client_pause, "connection", "2.9.50", "Has commands wait for a time.", "")
        .taking("timeout:integer [mode=(WRITE | ALL)@6.2.0]"),
    row("client|reply", 3, "noscript loading stale", no_keys, "@slow @connection", handle_client_reply,
        "connection", "3.2.0", "Whether commands are answered.", "")
        .taking("on_off_skip=(ON | OFF | SKIP)"),
    row("client|setinfo", 4, "noscript loading stale", no_keys, "@connection @slow", handle_client_setinfo,
        "connection", "7.2.0", "Sets information specific to the client or connection.", "")
        .taking("attr=(LIB-NAME libname | LIB-VER libver)"),
    row("client|setname", 3, "noscript loading stale", no_keys, "@slow @connection", handle_client_setname,
        "connection", "2.6.9", "Sets the connection name.", "")
        .taking("connection-name"),
    row("client|tracking", -3, "noscript loading stale", no_keys, "@slow @connection", handle_client_tracking,
        "connection", "6.0.0", "Switches tracking on or off.", "")
        .taking("status=(ON | OFF) [REDIRECT client-id:integer] [PREFIX prefix]... "
                "[BCAST] [OPTIN] [OPTOUT] [NOLOOP]"),
    row("client|trackinginfo", 2, "noscript loading stale", no_keys, "@slow @connection",
        handle_client_trackinginfo, "connection", "6.2.0", "Returns the state of tracking.", ""),
    row("client|unblock", -3, "admin noscript loading stale", no_keys, "@admin @slow @dangerous @connection",
        handle_client_unblock, "connection", "5.0.0", "Ends the waiting of another connection.", "")
        .taking("client-id:integer [timeout_error=(TIMEOUT | ERROR)]"),
    row("client|unpause", 2, "admin noscript loading stale", no_keys, "@admin @slow @dangerous @connection",
        handle_client_unpause, "connection", "6.2.0", "Ends a pause.", ""),
};

constexpr std::array connection_rows{
    row("auth", -2, "noscript loading stale fast no_auth allow_busy", no_keys, "@fast @connection",
        handle_auth, "connection", "1.0.0", "Authenticates the connection.", "")
        .taking("[username@6.0.0] password"),
    row("client", -2, "", no_keys, "@slow", nullptr, "connection", "2.4.0",
        "A container for client connection commands.", "", client_subcommands),
    row("discard", 1, "noscript loading stale fast allow_busy", no_keys, "@fast @transaction", handle_discard,
        "transactions", "2.0.0", "Discards the commands of a transaction.", ""),
    row("echo", 2, "loading stale fast", no_keys, "@fast @connection", handle_echo, "connection", "1.0.0",
        "Returns the given string.", "")
        .taking("message"),
    row("exec", 1, "noscript loading stale skip_slowlog", no_keys, "@slow @transaction", handle_exec,
        "transactions", "1.2.0", "Executes all commands of a transaction.", ""),
    row("hello", -1, "noscript loading stale fast no_auth allow_busy", no_keys, "@fast @connection",
        handle_hello, "connection", "6.0.0", "Handshakes with the server.", "")
        .taking("[arguments=(protover:integer [AUTH username_password=(username password)] "
                "[SETNAME clientname])]"),
    row("multi", 1, "noscript loading stale fast allow_busy", no_keys, "@fast @transaction", handle_multi,
        "transactions", "1.2.0", "Starts a transaction.", ""),
    row("ping", -1, "fast", no_keys, "@fast @connection", handle_ping, "connection", "1.0.0",
        "Returns the server's liveliness response.",
        "request_policy:all_shards response_policy:all_succeeded")
        .taking("[message]"),
    row("quit", -1, "noscript loading stale fast no_auth allow_busy", no_keys, "@fast @connection",
        handle_quit, "connection", "1.0.0", "Closes the connection.", ""),
    row("reset", 1, "noscript loading stale fast no_auth allow_busy", no_keys, "@fast @connection",
        handle_reset, "connection", "6.2.0", "Resets the connection.", ""),
    row("select", 2, "loading stale fast", no_keys, "@fast @connection", handle_select, "connection", "1.0.0",
        "Changes the selected database.", "")
        .taking("index:integer"),
    row("unwatch", 1, "noscript loading stale fast allow_busy", no_keys, "@fast @transaction", handle_unwatch,
        "transactions", "2.2.0", "Forgets the watched keys.", ""),
    row("watch", -2, "noscript loading stale fast allow_busy", {1, -1, 1, "RO"}, "@fast @transaction",
        handle_watch, "transactions", "2.2.0",
        "Watches keys: a transaction is only executed if they stay as they are.", "")
        .taking("key..."),
};

}  // namespace

std::span<const CommandSpec> connection_commands() { return connection_rows; }

}  // namespace larder::session
