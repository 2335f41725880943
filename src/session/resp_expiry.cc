// When keys expire. Deadlines are wall time in milliseconds since 1970; seconds come in times a thousand, and
// go out rounded.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "base/ascii.h"
#include "base/numbers.h"
#include "session/resp_handlers.h"

namespace larder::session {
namespace {

using cache::Expiry;

struct ExpireOptions {
  bool nx = false;  // only if there is no deadline
  bool xx = false;  // only if there is one
  bool gt = false;  // only if the new one is later; none counts as later than any
  bool lt = false;  // only if the new one is earlier

  [[nodiscard]] bool any() const { return nx || xx || gt || lt; }
  [[nodiscard]] bool allow(const std::optional<TimePoint>& current, TimePoint deadline) const {
    if (nx && current) return false;
    if (xx && !current) return false;
    if (gt && (!current || deadline <= *current)) return false;
    return !(lt && current && deadline >= *current);
  }
};

// Null: `call` is answered with an error.
std::optional<ExpireOptions> read_expire_options(RespCall& call) {
  ExpireOptions options;
  for (const Bytes word : call.arguments.subspan(3)) {
    if (equals_ignoring_case(word, "nx")) {
      options.nx = true;
    } else if (equals_ignoring_case(word, "xx")) {
      options.xx = true;
    } else if (equals_ignoring_case(word, "gt")) {
      options.gt = true;
    } else if (equals_ignoring_case(word, "lt")) {
      options.lt = true;
    } else {
      call.reply.error("ERR Unsupported option " + quotable(word));
      return std::nullopt;
    }
  }
  if (options.nx && (options.xx || options.gt || options.lt)) {
    call.reply.error("ERR NX and XX, GT or LT options at the same time are not compatible");
    return std::nullopt;
  }
  if (options.gt && options.lt) {
    call.reply.error("ERR GT and LT options at the same time are not compatible");
    return std::nullopt;
  }
  return options;
}

// How the number of a command is meant.
struct Clock {
  std::int64_t unit;  // milliseconds
  bool is_relative;
};

// Null: `call` is answered with an error.
std::optional<TimePoint> read_deadline(RespCall& call, const Clock& clock) {
  const auto number = parse_int64(call.arguments[2]);
  if (!number) {
    call.reply.error(not_an_integer_error);
    return std::nullopt;
  }
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  const std::int64_t base = clock.is_relative ? call.now.time_since_epoch().count() : 0;
  if (*number > most / clock.unit || *number < least / clock.unit || *number * clock.unit > most - base) {
    call.reply.error("ERR invalid expire time in '" + std::string(call.spec.name) + "' command");
    return std::nullopt;
  }
  // The last millisecond of all means "never" to the cache.
  return TimePoint{Duration{std::min(*number * clock.unit + base, most - 1)}};
}

// A deadline that has passed removes the item, and that is a success.
void set_deadline(RespCall& call, const Clock& clock) {
  const auto options = read_expire_options(call);
  if (!options) return;
  const auto deadline = read_deadline(call, clock);
  if (!deadline) return;
  const Bytes key = call.arguments[1];
  bool is_set = false;
  if (!options->any()) {
    is_set = call.keys.touch(call.state.database, key, Expiry::at(*deadline), call.now);
  } else {
    call.keys.with_keys(std::span(&key, 1), [&](cache::KeyedCalls& locked) {
      std::optional<TimePoint> current;
      const bool is_there = locked.peek(call.state.database, key, call.now,
                                        [&](const cache::ItemView& item) { current = item.deadline; });
      if (is_there && options->allow(current, *deadline)) {
        is_set = locked.touch(call.state.database, key, Expiry::at(*deadline), call.now);
      }
    });
  }
  call.reply.integer(is_set ? 1 : 0);
}

std::int64_t rounded_seconds(std::int64_t ms) { return ms / 1000 + (ms % 1000 >= 500 ? 1 : 0); }

// -2: no item; -1: no deadline; else what `tell` makes of it, in milliseconds.
template <class Tell>
std::int64_t tell_deadline(RespCall& call, Tell tell) {
  std::int64_t told = -2;
  call.keys.peek(call.state.database, call.arguments[1], call.now,
                 [&](const cache::ItemView& item) { told = item.deadline ? tell(*item.deadline) : -1; });
  return told;
}

std::int64_t deadline_of(RespCall& call) {
  return tell_deadline(call, [](TimePoint deadline) { return deadline.time_since_epoch().count(); });
}

std::int64_t time_left(RespCall& call) {
  return tell_deadline(
      call, [&call](TimePoint deadline) { return std::max<std::int64_t>((deadline - call.now).count(), 0); });
}

void reply_in_seconds(RespCall& call, std::int64_t ms) {
  call.reply.integer(ms < 0 ? ms : rounded_seconds(ms));
}

}  // namespace

void handle_expire(RespCall& call) { set_deadline(call, {.unit = 1000, .is_relative = true}); }
void handle_expireat(RespCall& call) { set_deadline(call, {.unit = 1000, .is_relative = false}); }
void handle_pexpire(RespCall& call) { set_deadline(call, {.unit = 1, .is_relative = true}); }
void handle_pexpireat(RespCall& call) { set_deadline(call, {.unit = 1, .is_relative = false}); }

void handle_expiretime(RespCall& call) { reply_in_seconds(call, deadline_of(call)); }
void handle_pexpiretime(RespCall& call) { call.reply.integer(deadline_of(call)); }
void handle_ttl(RespCall& call) { reply_in_seconds(call, time_left(call)); }
void handle_pttl(RespCall& call) { call.reply.integer(time_left(call)); }

void handle_persist(RespCall& call) {
  const Bytes key = call.arguments[1];
  bool had_one = false;
  call.keys.with_keys(std::span(&key, 1), [&](cache::KeyedCalls& locked) {
    locked.peek(call.state.database, key, call.now,
                [&](const cache::ItemView& item) { had_one = item.deadline.has_value(); });
    if (had_one) locked.touch(call.state.database, key, Expiry::none(), call.now);
  });
  call.reply.integer(had_one ? 1 : 0);
}

}  // namespace larder::session
