#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/ascii.h"
#include "base/numbers.h"
#include "session/resp_handlers.h"
#include "session/resp_info.h"

namespace larder::session {
namespace {

// SYNC or ASYNC or neither. False: `call` is answered with an error.
bool accepts_flush_options(RespCall& call) {
  const auto words = call.arguments.subspan(1);
  if (words.empty()) return true;
  if (words.size() == 1 &&
      (equals_ignoring_case(words[0], "async") || equals_ignoring_case(words[0], "sync"))) {
    return true;
  }
  call.reply.error(syntax_error);
  return false;
}

// As Redis reads an int.
std::optional<std::int32_t> read_index(Bytes text) {
  const auto number = parse_int64(text);
  if (!number || !std::in_range<std::int32_t>(*number)) return std::nullopt;
  return static_cast<std::int32_t>(*number);
}

}  // namespace

// These reach all keys, and are one step to everybody else: a transaction sees them before or after.

void handle_dbsize(RespCall& call) {
  std::size_t count = 0;
  call.keys.with_everything([&](cache::Keyspace& all) { count = all.item_count(call.state.database); });
  call.reply.integer(static_cast<std::int64_t>(count));
}

void handle_flushall(RespCall& call) {
  if (!accepts_flush_options(call)) return;
  call.keys.with_everything([](cache::Keyspace& all) { all.clear_all(); });
  call.reply.ok();
}

void handle_flushdb(RespCall& call) {
  if (!accepts_flush_options(call)) return;
  call.keys.with_everything([&](cache::Keyspace& all) { all.clear(call.state.database); });
  call.reply.ok();
}

void handle_swapdb(RespCall& call) {
  const auto first = read_index(call.arguments[1]);
  if (!first) return call.reply.error("ERR invalid first DB index");
  const auto second = read_index(call.arguments[2]);
  if (!second) return call.reply.error("ERR invalid second DB index");
  const auto is_database = [](std::int32_t index) {
    return index >= 0 && index < static_cast<std::int32_t>(cache::database_count);
  };
  if (!is_database(*first) || !is_database(*second)) return call.reply.error(database_range_error);
  call.keys.swap_databases(static_cast<cache::Database>(*first), static_cast<cache::Database>(*second),
                           call.now);
  call.reply.ok();
}

void handle_info(RespCall& call) {
  Service& service = call.environment.service;
  InfoFigures figures{.server = since_reset(gather_stats(call.keys, call.environment, call.now), service),
                      .commands = since_reset(gather_commands(call.environment), service),
                      .process = std::nullopt,
                      .now = call.now};
  if (service.process_use != nullptr) figures.process = service.process_use();
  const auto names = call.arguments.subspan(1);
  if (info_shows("keyspace", names)) {
    figures.mean_times_to_live =
        estimate_times_to_live(call.keys, figures.server, call.now, call.environment.random);
  }
  call.reply.verbatim("txt", info_text(figures, names));
}

// Finer than a turn: ids are made from it.
void handle_time(RespCall& call) {
  const auto clock_us = call.environment.service.wall_clock_us;
  const std::int64_t now_us = clock_us != nullptr ? clock_us() : call.now.time_since_epoch().count() * 1000;
  call.reply.array(2);
  call.reply.bulk(std::to_string(now_us / 1'000'000));
  call.reply.bulk(std::to_string(now_us % 1'000'000));
}

// SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT]. As in Redis there is no reply when it works: the connection
// ends.
void handle_shutdown(RespCall& call) {
  bool is_at_once = false;
  bool is_abort = false;
  int save_word_count = 0;
  for (const Bytes word : call.arguments.subspan(1)) {
    if (equals_ignoring_case(word, "nosave") || equals_ignoring_case(word, "save")) {
      ++save_word_count;
    } else if (equals_ignoring_case(word, "now") || equals_ignoring_case(word, "force")) {
      is_at_once = true;
    } else if (equals_ignoring_case(word, "abort")) {
      is_abort = true;
    } else {
      return call.reply.error(syntax_error);
    }
  }
  if (save_word_count > 1 || (is_abort && call.arguments.size() > 2)) return call.reply.error(syntax_error);
  if (is_abort) return call.reply.error("ERR No shutdown in progress.");
  if (call.environment.service.control == nullptr) {
    return call.reply.error("ERR Errors trying to SHUTDOWN. Check logs.");
  }
  call.state.closing = true;
  call.environment.service.control->shut_down(is_at_once);
}

}  // namespace larder::session
