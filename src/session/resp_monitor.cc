#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <iterator>
#include <limits>
#include <string>

#include "base/ascii.h"
#include "base/numbers.h"
#include "session/resp_handlers.h"

namespace larder::session {
namespace {

void write_quoted(std::string& text, Bytes bytes) {
  text += '"';
  for (const char c : bytes) {
    switch (c) {
      case '\\':
      case '"':
        text += '\\';
        text += c;
        break;
      case '\n':
        text += "\\n";
        break;
      case '\r':
        text += "\\r";
        break;
      case '\t':
        text += "\\t";
        break;
      case '\a':
        text += "\\a";
        break;
      case '\b':
        text += "\\b";
        break;
      default:
        if (c >= ' ' && c <= '~') {
          text += c;
        } else {
          fmt::format_to(std::back_inserter(text), "\\x{:02x}", static_cast<unsigned char>(c));
        }
    }
  }
  text += '"';
}

// "127.0.0.1:50000", or "unix:" and the path, without the port that CLIENT LIST has behind it.
std::string monitor_address(const ConnectionFacts& facts) {
  if (!facts.is_unix()) return facts.address;
  return "unix:" + facts.address.substr(0, facts.address.rfind(':'));
}

}  // namespace

std::string monitor_words(const CommandSpec& spec, std::span<const Bytes> arguments) {
  std::string text;
  for (const Bytes argument : without_secrets(spec, arguments)) {
    text += ' ';
    constexpr std::size_t shown_size_max = std::size_t{16} << 10;  // more is nothing that people read
    write_quoted(text, argument.substr(0, shown_size_max));
  }
  return text;
}

void tell_monitors(const RespCall& call, Bytes words) {
  const std::int64_t now_ms = call.now.time_since_epoch().count();
  call.environment.service.clients.tell_monitors(
      fmt::format("+{}.{:06} [{} {}]{}\r\n", now_ms / 1000, now_ms % 1000 * 1000, call.state.database,
                  monitor_address(call.state.client->facts), words),
      call.environment.limits.output_size_max);
}

// Who monitors is sent what it did not ask for. Where nothing can have its session called for that (inside a
// WebSocket), it would be told OK and then nothing. In a transaction, Redis' text; and as in Redis, who
// monitors already is not told that it does.
void handle_monitor(RespCall& call) {
  if (call.is_in_transaction) return call.reply.error("ERR MONITOR isn't allowed for DENY BLOCKING client");
  if (!call.state.client->can_be_woken()) {
    return call.reply.error("ERR MONITOR needs a connection to the RESP port: this one is sent replies only");
  }
  if (call.state.client->is_monitor.load(std::memory_order_relaxed)) return;
  call.reply.ok();
  call.environment.service.clients.start_monitor(call.state.client);
}

void handle_slowlog_get(RespCall& call) {
  std::int64_t count = 10;
  if (call.arguments.size() > 3) return reply_subcommand_syntax(call);
  if (call.arguments.size() == 3) {
    const auto number = parse_int64(call.arguments[2]);
    if (!number || *number < -1) {
      return call.reply.error("ERR count should be greater than or equal to -1");
    }
    count = *number == -1 ? std::numeric_limits<std::int64_t>::max() : *number;
  }
  const auto commands = call.environment.service.slow_log.newest(static_cast<std::size_t>(count));
  call.reply.array(commands.size());
  for (const SlowCommand& command : commands) {
    if (outgrows_output(call)) return;
    call.reply.array(6);
    call.reply.integer(static_cast<std::int64_t>(command.id));
    call.reply.integer(command.at.time_since_epoch().count() / 1000);
    call.reply.integer(command.duration_us);
    call.reply.array(command.arguments.size());
    for (const std::string& argument : command.arguments) call.reply.bulk(argument);
    call.reply.bulk(command.address);
    call.reply.bulk(command.client_name);
  }
}

void handle_slowlog_len(RespCall& call) {
  call.reply.integer(static_cast<std::int64_t>(call.environment.service.slow_log.size()));
}

void handle_slowlog_reset(RespCall& call) {
  call.environment.service.slow_log.reset();
  call.reply.ok();
}

// Events of latency are not sampled: there is never one to tell of.
void handle_latency_latest(RespCall& call) { call.reply.array(0); }
void handle_latency_history(RespCall& call) { call.reply.array(0); }
void handle_latency_reset(RespCall& call) { call.reply.integer(0); }
void handle_latency_histogram(RespCall& call) { call.reply.map(0); }
void handle_latency_graph(RespCall& call) {
  call.reply.error("ERR No samples available for event '" + quotable(call.arguments[2]) + "'");
}
void handle_latency_doctor(RespCall& call) {
  call.reply.verbatim(
      "txt", "This server does not sample events of latency. SLOWLOG GET shows commands that took long.\n");
}

}  // namespace larder::session
