#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/numbers.h"
#include "session/resp_handlers.h"

namespace larder::session {
namespace {

using cache::Change;
using cache::Condition;
using cache::Expiry;
using cache::StoreOutcome;

struct SetOptions {
  Condition condition;
  Expiry expiry;
  bool returns_old = false;
};

// How the number behind EX, PX, EXAT or PXAT is meant.
struct TimeOption {
  Bytes name;
  bool is_seconds;
  bool is_relative;
};
constexpr TimeOption time_options[] = {
    {"ex", true, true}, {"px", false, true}, {"exat", true, false}, {"pxat", false, false}};

const TimeOption* find_time_option(Bytes word) {
  for (const TimeOption& option : time_options) {
    if (equals_ignoring_case(word, option.name)) return &option;
  }
  return nullptr;
}

// Null: the number is not one, or the moment is not after 1970 or beyond what 64 bits hold; `call` is
// answered.
std::optional<TimePoint> read_deadline(RespCall& call, const TimeOption& option, Bytes text) {
  const auto number = parse_int64(text);
  if (!number) {
    call.reply.error(not_an_integer_error);
    return std::nullopt;
  }
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const std::int64_t now = call.now.time_since_epoch().count();
  const std::int64_t unit = option.is_seconds ? 1000 : 1;
  if (*number <= 0 || *number > most / unit || (option.is_relative && *number * unit > most - now)) {
    call.reply.error("ERR invalid expire time in 'set' command");
    return std::nullopt;
  }
  return TimePoint{Duration{*number * unit + (option.is_relative ? now : 0)}};
}

// Everything behind the value. Null: `call` is answered with an error.
std::optional<SetOptions> read_set_options(RespCall& call) {
  SetOptions options;
  const TimeOption* time_option = nullptr;
  Bytes time_text;
  bool keeps_deadline = false;
  for (std::size_t i = 3; i < call.arguments.size(); ++i) {
    const Bytes word = call.arguments[i];
    if (equals_ignoring_case(word, "nx") && options.condition.kind != Condition::Kind::present) {
      options.condition = Condition::absent();
    } else if (equals_ignoring_case(word, "xx") && options.condition.kind != Condition::Kind::absent) {
      options.condition = Condition::present();
    } else if (equals_ignoring_case(word, "get")) {
      options.returns_old = true;
    } else if (equals_ignoring_case(word, "keepttl") && time_option == nullptr) {
      keeps_deadline = true;
    } else if (const TimeOption* found = find_time_option(word);
               found != nullptr && !keeps_deadline && (time_option == nullptr || time_option == found) &&
               i + 1 < call.arguments.size()) {
      time_option = found;
      time_text = call.arguments[++i];
    } else {
      call.reply.error(syntax_error);
      return std::nullopt;
    }
  }
  if (keeps_deadline) options.expiry = Expiry::keep();
  if (time_option != nullptr) {
    const auto deadline = read_deadline(call, *time_option, time_text);
    if (!deadline) return std::nullopt;
    options.expiry = Expiry::at(*deadline);
  }
  return options;
}

bool holds(const Condition& condition, const cache::ItemView* current) {
  if (condition.kind == Condition::Kind::absent) return current == nullptr;
  if (condition.kind == Condition::Kind::present) return current != nullptr;
  return true;
}

// SET ... GET: the old value is the reply, whether or not the new one is stored.
void set_and_get(RespCall& call, const SetOptions& options) {
  std::optional<std::string> old;
  const StoreOutcome outcome =
      call.keys.update(call.state.database, call.arguments[1], call.now, [&](const cache::ItemView* current) {
        if (current != nullptr) old.emplace(current->value);
        if (!holds(options.condition, current)) return Change::keep();
        return Change::store(call.arguments[2], options.expiry);
      });
  if (outcome != StoreOutcome::stored) return reply_refused_store(call, outcome);
  if (old) {
    call.reply.bulk(*old);
  } else {
    call.reply.null();
  }
}

bool value_fits(const RespCall& call, Bytes value) {
  return value.size() <= call.environment.limits.value_size_max;
}

void reply_too_long_value(RespCall& call) {
  call.environment.counters.protocol_errors.add();
  call.reply.error("ERR a value is longer than " + std::to_string(call.environment.limits.value_size_max) +
                   " bytes");
}

}  // namespace

void handle_get(RespCall& call) {
  const bool found = call.keys.get(call.state.database, call.arguments[1], call.now,
                                   [&call](const cache::ItemView& item) { call.reply.bulk(item.value); });
  if (!found) call.reply.null();
}

void handle_set(RespCall& call) {
  const auto options = read_set_options(call);
  if (!options) return;
  const Bytes key = call.arguments[1];
  const Bytes value = call.arguments[2];
  if (!value_fits(call, value)) {
    // A store that would not have happened anyway leaves the old value where it is, as in the cache.
    call.keys.update(call.state.database, key, call.now, [&options](const cache::ItemView* current) {
      return holds(options->condition, current) ? Change::remove() : Change::keep();
    });
    return reply_too_long_value(call);
  }
  if (options->returns_old) return set_and_get(call, *options);
  switch (const auto outcome =
              call.keys.set(call.state.database, key, value, options->expiry, options->condition, call.now)) {
    case StoreOutcome::stored:
      return call.reply.ok();
    case StoreOutcome::condition_failed:
      return call.reply.null();
    case StoreOutcome::too_large:
    case StoreOutcome::no_memory:
      return reply_refused_store(call, outcome);
  }
}

void handle_mget(RespCall& call) {
  const auto keys = call.arguments.subspan(1);
  call.reply.array(keys.size());
  call.keys.get_many(call.state.database, keys, call.now,
                     [&call](std::size_t /*index*/, const cache::ItemView* item) {
                       if (outgrows_output(call)) return;
                       if (item != nullptr) {
                         call.reply.bulk(item->value);
                       } else {
                         call.reply.null();
                       }
                     });
}

// All or nothing: a cache may forget but must not show half of what was meant as one, so if a value is
// refused, none of the keys is left.
void handle_mset(RespCall& call) {
  const auto pairs = call.arguments.subspan(1);
  if (pairs.size() % 2 != 0) return reply_wrong_argument_count(call, call.spec);
  std::vector<Bytes> keys;
  keys.reserve(pairs.size() / 2);
  bool values_fit = true;
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    keys.push_back(pairs[i]);
    values_fit &= value_fits(call, pairs[i + 1]);
  }
  StoreOutcome outcome = StoreOutcome::stored;
  call.keys.with_keys(keys, [&](cache::KeyedCalls& locked) {
    for (std::size_t i = 0; values_fit && outcome == StoreOutcome::stored && i < pairs.size(); i += 2) {
      outcome = locked.set(call.state.database, pairs[i], pairs[i + 1], Expiry::none(), Condition::always(),
                           call.now);
    }
    if (values_fit && outcome == StoreOutcome::stored) return;
    for (const Bytes key : keys) locked.remove(call.state.database, key, Condition::always(), call.now);
  });
  if (!values_fit) return reply_too_long_value(call);
  if (outcome != StoreOutcome::stored) return reply_refused_store(call, outcome);
  call.reply.ok();
}

void handle_incr(RespCall& call) {
  Bytes error;
  std::int64_t result = 0;
  std::optional<IntegerText> text;
  const StoreOutcome outcome =
      call.keys.update(call.state.database, call.arguments[1], call.now, [&](const cache::ItemView* current) {
        const auto value = current == nullptr ? std::optional<std::int64_t>(0) : parse_int64(current->value);
        if (!value) {
          error = not_an_integer_error;
          return Change::keep();
        }
        if (*value == std::numeric_limits<std::int64_t>::max()) {
          error = "ERR increment or decrement would overflow";
          return Change::keep();
        }
        result = *value + 1;
        text.emplace(result);
        return Change::store(text->bytes(), Expiry::keep());
      });
  if (!error.empty()) return call.reply.error(error);
  if (outcome != StoreOutcome::stored) return reply_refused_store(call, outcome);
  call.reply.integer(result);
}

}  // namespace larder::session
