// session/resp_handlers.h: the functions that answer commands, by the file they stand in, and the error texts
// they share. Texts are those of Redis 7: clients compare them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "session/resp_commands.h"

namespace larder::session {

// resp_answers.cc
void handle_cluster_off(RespCall& call);
void handle_function_delete(RespCall& call);
void handle_function_flush(RespCall& call);
void handle_function_kill(RespCall& call);
void handle_function_list(RespCall& call);
void handle_function_stats(RespCall& call);
void handle_lastsave(RespCall& call);
void handle_lolwut(RespCall& call);
void handle_module_list(RespCall& call);
void handle_module_off(RespCall& call);
void handle_no_persistence(RespCall& call);
void handle_role(RespCall& call);
void handle_pubsub_channels(RespCall& call);
void handle_pubsub_numpat(RespCall& call);
void handle_unsubscribe(RespCall& call);
void handle_pubsub_numsub(RespCall& call);
void handle_replicaof(RespCall& call);
void handle_script_exists(RespCall& call);
void handle_script_flush(RespCall& call);
void handle_script_kill(RespCall& call);
void handle_script_load(RespCall& call);
void handle_wait(RespCall& call);

// resp_clients.cc
void handle_client_caching(RespCall& call);
void handle_client_getname(RespCall& call);
void handle_client_getredir(RespCall& call);
void handle_client_id(RespCall& call);
void handle_client_info(RespCall& call);
void handle_client_kill(RespCall& call);
void handle_client_list(RespCall& call);
void handle_client_no_evict(RespCall& call);
void handle_client_no_touch(RespCall& call);
void handle_client_pause(RespCall& call);
void handle_client_reply(RespCall& call);
void handle_client_setinfo(RespCall& call);
void handle_client_setname(RespCall& call);
void handle_client_tracking(RespCall& call);
void handle_client_trackinginfo(RespCall& call);
void handle_client_unblock(RespCall& call);
void handle_client_unpause(RespCall& call);

// resp_config.cc
void handle_config_get(RespCall& call);
void handle_config_resetstat(RespCall& call);
void handle_config_rewrite(RespCall& call);
void handle_config_set(RespCall& call);

// resp_connection.cc
void handle_echo(RespCall& call);
void handle_ping(RespCall& call);
void handle_quit(RespCall& call);
void handle_reset(RespCall& call);
void handle_select(RespCall& call);

// resp_debug.cc
void handle_debug(RespCall& call);

// resp_introspection.cc
void handle_command(RespCall& call);
void handle_command_count(RespCall& call);
void handle_command_docs(RespCall& call);
void handle_command_getkeys(RespCall& call);
void handle_command_getkeysandflags(RespCall& call);
void handle_command_info(RespCall& call);
void handle_command_list(RespCall& call);
void handle_help(RespCall& call);

// resp_expiry.cc
void handle_expire(RespCall& call);
void handle_expireat(RespCall& call);
void handle_expiretime(RespCall& call);
void handle_persist(RespCall& call);
void handle_pexpire(RespCall& call);
void handle_pexpireat(RespCall& call);
void handle_pexpiretime(RespCall& call);
void handle_pttl(RespCall& call);
void handle_ttl(RespCall& call);

// resp_lcs.cc
void handle_lcs(RespCall& call);

// resp_login.cc
void handle_auth(RespCall& call);
void handle_hello(RespCall& call);
/// Has others see who is logged in.
void note_user(const RespState& state);

// resp_monitor.cc
void handle_latency_doctor(RespCall& call);
void handle_latency_graph(RespCall& call);
void handle_latency_histogram(RespCall& call);
void handle_latency_history(RespCall& call);
void handle_latency_latest(RespCall& call);
void handle_latency_reset(RespCall& call);
void handle_monitor(RespCall& call);
void handle_slowlog_get(RespCall& call);
void handle_slowlog_len(RespCall& call);
void handle_slowlog_reset(RespCall& call);

// resp_numbers.cc
void handle_decr(RespCall& call);
void handle_decrby(RespCall& call);
void handle_incr(RespCall& call);
void handle_incrby(RespCall& call);
void handle_incrbyfloat(RespCall& call);

// resp_ranges.cc
void handle_append(RespCall& call);
void handle_getrange(RespCall& call);
void handle_setrange(RespCall& call);
void handle_substr(RespCall& call);

// resp_keys.cc
void handle_copy(RespCall& call);
void handle_del(RespCall& call);
void handle_exists(RespCall& call);
void handle_move(RespCall& call);
void handle_rename(RespCall& call);
void handle_renamenx(RespCall& call);
void handle_touch(RespCall& call);
void handle_type(RespCall& call);
void handle_unlink(RespCall& call);

// resp_object.cc
void handle_memory_doctor(RespCall& call);
void handle_memory_malloc_stats(RespCall& call);
void handle_memory_purge(RespCall& call);
void handle_memory_stats(RespCall& call);
void handle_memory_usage(RespCall& call);
/// How Redis would store the value.
[[nodiscard]] Bytes encoding_of(Bytes value);
void handle_object_encoding(RespCall& call);
void handle_object_freq(RespCall& call);
void handle_object_idletime(RespCall& call);
void handle_object_refcount(RespCall& call);

// resp_scan.cc
void handle_keys(RespCall& call);
void handle_randomkey(RespCall& call);
void handle_scan(RespCall& call);

// resp_server.cc
void handle_dbsize(RespCall& call);
void handle_flushall(RespCall& call);
void handle_flushdb(RespCall& call);
void handle_info(RespCall& call);
void handle_shutdown(RespCall& call);
void handle_time(RespCall& call);
void handle_swapdb(RespCall& call);

// resp_store_options.cc: what a command does to its key, by its options
[[nodiscard]] Bytes access_of_delex(std::span<const Bytes> arguments);
[[nodiscard]] Bytes access_of_set(std::span<const Bytes> arguments);

// resp_strings.cc
void handle_delex(RespCall& call);
void handle_delifeq(RespCall& call);
void handle_digest(RespCall& call);
void handle_get(RespCall& call);
void handle_getdel(RespCall& call);
void handle_getex(RespCall& call);
void handle_getset(RespCall& call);
void handle_mget(RespCall& call);
void handle_mset(RespCall& call);
void handle_msetex(RespCall& call);
void handle_msetnx(RespCall& call);
void handle_psetex(RespCall& call);
void handle_set(RespCall& call);
void handle_setex(RespCall& call);
void handle_setnx(RespCall& call);
void handle_strlen(RespCall& call);

// resp_users.cc
void handle_acl_cat(RespCall& call);
void handle_acl_getuser(RespCall& call);
void handle_acl_list(RespCall& call);
void handle_acl_users(RespCall& call);
void handle_acl_whoami(RespCall& call);

inline constexpr Bytes no_cluster_error = "ERR This instance has cluster support disabled";
inline constexpr Bytes syntax_error = "ERR syntax error";
inline constexpr Bytes database_range_error = "ERR DB index is out of range";
inline constexpr Bytes not_an_integer_error = "ERR value is not an integer or out of range";

/// The name of a peer's choosing as it may stand in an error: at most 128 bytes, with nothing but printable
/// ASCII in it.
[[nodiscard]] std::string quotable(Bytes text, std::size_t size_max = 128);

[[nodiscard]] std::string wrong_argument_count_error(const CommandSpec& spec);
void reply_wrong_argument_count(RespCall& call, const CommandSpec& spec);

/// Replies that a subcommand takes other arguments, where Redis finds that out late.
void reply_subcommand_syntax(RespCall& call);

/// True: the reply under way has passed output_size_max. The rest of it is left out, and the connection,
/// which then holds half a reply, ends. Ask before each part of a reply whose size a peer decides.
/// `kept_size` is what there is of it besides the output.
[[nodiscard]] bool outgrows_output(RespCall& call, std::size_t kept_size = 0);

/// Has others see what the connection has selected and begun.
void note_state(const RespState& state);
/// False: `call` is answered with an error.
[[nodiscard]] bool check_client_name(RespCall& call, Bytes name);
void set_client_name(RespState& state, Bytes name);

/// The arguments as others may see them: "(redacted)" stands for a password.
[[nodiscard]] std::vector<Bytes> without_secrets(const CommandSpec& spec, std::span<const Bytes> arguments);

// MONITOR shows what was called, in the database that it left selected, as a line:
// +SECONDS.MICROSECONDS [DATABASE ADDRESS] "COMMAND" "ARGUMENT" ...

/// The words of that, each with a blank before it. To be asked before the call: a value may be gone
/// afterwards.
[[nodiscard]] std::string monitor_words(const CommandSpec& spec, std::span<const Bytes> arguments);
void tell_monitors(const RespCall& call, Bytes words);

/// A value, or a part of one, for longer than its visit: borrowed where it is large, copied otherwise.
class KeptValue final {
 public:
  /// `part` of the item's value.
  KeptValue(const cache::ItemView& item, Bytes part);
  explicit KeptValue(const cache::ItemView& item) : KeptValue(item, item.value) {}
  void reply_to(RespCall& call) &&;

 private:
  Loan loan_;
  std::string copy_;
};

/// Inside a visit: replies with the item's value, or a part of it.
void reply_value(RespCall& call, const cache::ItemView& item, Bytes part);
inline void reply_value(RespCall& call, const cache::ItemView& item) { reply_value(call, item, item.value); }

inline constexpr Bytes no_memory_error = "OOM command not allowed when used memory > 'maxmemory'.";
/// Replies to a store that did not happen; only for too_large and no_memory.
void reply_refused_store(RespCall& call, cache::StoreOutcome outcome);

}  // namespace larder::session
