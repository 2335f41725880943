#include <algorithm>
#include <limits>
#include <optional>

#include "base/ascii.h"
#include "base/numbers.h"
#include "session/resp_handlers.h"

namespace larder::session {
namespace {

using cache::Condition;
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

// Milliseconds left; -1: no deadline; -2: no item.
std::int64_t time_left(RespCall& call) {
  std::int64_t left = -2;
  call.keys.peek(call.state.database, call.arguments[1], call.now, [&](const cache::ItemView& item) {
    left = item.deadline ? std::max<std::int64_t>((*item.deadline - call.now).count(), 0) : -1;
  });
  return left;
}

}  // namespace

void handle_del(RespCall& call) {
  std::int64_t count = 0;
  for (const Bytes key : call.arguments.subspan(1)) {
    if (call.keys.remove(call.state.database, key, Condition::always(), call.now)) ++count;
  }
  call.reply.integer(count);
}

// A key that is named twice counts twice.
void handle_exists(RespCall& call) {
  std::int64_t count = 0;
  for (const Bytes key : call.arguments.subspan(1)) {
    if (call.keys.peek(call.state.database, key, call.now, [](const cache::ItemView&) {})) ++count;
  }
  call.reply.integer(count);
}

void handle_ttl(RespCall& call) {
  const std::int64_t left = time_left(call);
  call.reply.integer(left < 0 ? left : left / 1000 + (left % 1000 >= 500 ? 1 : 0));
}

void handle_pttl(RespCall& call) { call.reply.integer(time_left(call)); }

void handle_expire(RespCall& call) {
  const auto options = read_expire_options(call);
  if (!options) return;
  const auto seconds = parse_int64(call.arguments[2]);
  if (!seconds) return call.reply.error(not_an_integer_error);
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const std::int64_t now = call.now.time_since_epoch().count();
  if (*seconds > most / 1000 || *seconds < std::numeric_limits<std::int64_t>::min() / 1000 ||
      *seconds * 1000 > most - now) {
    return call.reply.error("ERR invalid expire time in 'expire' command");
  }
  const TimePoint deadline{Duration{*seconds * 1000 + now}};
  const Bytes key = call.arguments[1];
  bool done = false;
  if (!options->any()) {
    done = call.keys.touch(call.state.database, key, Expiry::at(deadline), call.now);
  } else {
    call.keys.with_keys(std::span(&key, 1), [&](cache::KeyedCalls& locked) {
      std::optional<TimePoint> current;
      const bool found = locked.peek(call.state.database, key, call.now,
                                     [&](const cache::ItemView& item) { current = item.deadline; });
      if (found && options->allow(current, deadline)) {
        done = locked.touch(call.state.database, key, Expiry::at(deadline), call.now);
      }
    });
  }
  call.reply.integer(done ? 1 : 0);
}

}  // namespace larder::session
