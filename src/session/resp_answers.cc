// What a server without a feature answers about it: to clients that ask such things on connecting, and to
// those that tidy up behind what they never used.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/ascii.h"
#include "base/numbers.h"
#include "session/resp_handlers.h"
#include "session/resp_info.h"

namespace larder::session {
namespace {

constexpr Bytes no_modules = "ERR MODULE command not allowed. This server loads no modules.";
constexpr Bytes not_busy = "NOTBUSY No scripts in execution right now.";

bool is_sync_or_async(Bytes word) {
  return equals_ignoring_case(word, "sync") || equals_ignoring_case(word, "async");
}

}  // namespace

void handle_cluster_off(RespCall& call) { call.reply.error(no_cluster_error); }

// Functions and scripts: there are none.
void handle_function_delete(RespCall& call) { call.reply.error("ERR Library not found"); }

void handle_function_flush(RespCall& call) {
  const auto words = call.arguments.subspan(2);
  if (words.size() > 1) return reply_subcommand_syntax(call);
  if (words.size() == 1 && !is_sync_or_async(words[0])) {
    return call.reply.error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
  }
  call.reply.ok();
}

void handle_function_kill(RespCall& call) { call.reply.error(not_busy); }

void handle_function_list(RespCall& call) {
  bool names_library = false;
  bool shows_code = false;
  for (std::size_t i = 2; i < call.arguments.size(); ++i) {
    const Bytes word = call.arguments[i];
    if (!shows_code && equals_ignoring_case(word, "withcode")) {
      shows_code = true;
    } else if (!names_library && equals_ignoring_case(word, "libraryname")) {
      if (++i == call.arguments.size()) return call.reply.error("ERR library name argument was not given");
      names_library = true;
    } else {
      return call.reply.error("ERR Unknown argument " + quotable(word));
    }
  }
  call.reply.array(0);
}

void handle_function_stats(RespCall& call) {
  call.reply.map(2);
  call.reply.bulk("running_script");
  call.reply.null();
  call.reply.bulk("engines");
  call.reply.map(0);
}

// Nobody is subscribed to anything. PUBSUB CHANNELS and SHARDCHANNELS.
void handle_pubsub_channels(RespCall& call) {
  if (call.arguments.size() > 3) return reply_subcommand_syntax(call);
  call.reply.array(0);
}

// PUBSUB NUMSUB and SHARDNUMSUB.
void handle_pubsub_numsub(RespCall& call) {
  const auto channels = call.arguments.subspan(2);
  call.reply.array(2 * channels.size());
  for (const Bytes channel : channels) {
    call.reply.bulk(channel);
    call.reply.integer(0);
  }
}

void handle_pubsub_numpat(RespCall& call) { call.reply.integer(0); }

// UNSUBSCRIBE, PUNSUBSCRIBE and SUNSUBSCRIBE, which clients send to be sure. As in Redis one command is
// answered once for each channel, and what is left subscribed to is counted in each answer.
void handle_unsubscribe(RespCall& call) {
  const auto channels = call.arguments.subspan(1);
  for (std::size_t i = 0; i < std::max<std::size_t>(channels.size(), 1); ++i) {
    if (outgrows_output(call)) return;
    call.reply.push(3);
    call.reply.bulk(call.spec.name);
    if (channels.empty()) {
      call.reply.null();
    } else {
      call.reply.bulk(channels[i]);
    }
    call.reply.integer(0);
  }
}

// REPLICAOF NO ONE, which is what this server is.
void handle_replicaof(RespCall& call) {
  if (equals_ignoring_case(call.arguments[1], "no") && equals_ignoring_case(call.arguments[2], "one")) {
    return call.reply.ok();
  }
  const auto port = parse_int64(call.arguments[2]);
  if (!port || *port < 0 || *port > 65535) return call.reply.error("ERR Invalid master port");
  call.reply.error("ERR replication is not served yet");
}

void handle_script_exists(RespCall& call) {
  const std::size_t count = call.arguments.size() - 2;
  call.reply.array(count);
  for (std::size_t i = 0; i < count; ++i) call.reply.integer(0);
}

void handle_script_flush(RespCall& call) {
  const auto words = call.arguments.subspan(2);
  if (words.size() > 1 || (words.size() == 1 && !is_sync_or_async(words[0]))) {
    return call.reply.error("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
  }
  call.reply.ok();
}

void handle_script_kill(RespCall& call) { call.reply.error(not_busy); }
void handle_script_load(RespCall& call) { call.reply.error("ERR scripts are not served yet"); }

void handle_module_list(RespCall& call) { call.reply.array(0); }
void handle_module_off(RespCall& call) { call.reply.error(no_modules); }

// Replication: a server of its own.
void handle_role(RespCall& call) {
  call.reply.array(3);
  call.reply.bulk("master");
  call.reply.integer(0);
  call.reply.array(0);
}

void handle_wait(RespCall& call) {
  const auto count = parse_int64(call.arguments[1]);
  if (!count) return call.reply.error(not_an_integer_error);
  const auto timeout = parse_int64(call.arguments[2]);
  if (!timeout) return call.reply.error("ERR timeout is not an integer or out of range");
  if (*timeout < 0) return call.reply.error("ERR timeout is negative");
  call.reply.integer(0);  // no replica will ever confirm
}

// Persistence: a cache has none, and says so rather than OK.
void handle_no_persistence(RespCall& call) {
  call.reply.error("ERR '" + std::string(call.spec.name) + "' is not served: a cache keeps nothing on disk");
}

void handle_lastsave(RespCall& call) {
  call.reply.integer(call.environment.facts.started_at.time_since_epoch().count() / 1000);
}

void handle_lolwut(RespCall& call) {
  call.reply.verbatim("txt", "Larder " + call.environment.facts.version + "\n");
}

}  // namespace larder::session
