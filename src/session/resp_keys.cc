// Keys and where they stand, whatever is stored under them.
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "base/ascii.h"
#include "base/numbers.h"
#include "session/resp_handlers.h"

namespace larder::session {
namespace {

using cache::Condition;
using cache::Database;
using cache::Expiry;
using cache::StoreOutcome;

constexpr Bytes same_object_error = "ERR source and destination objects are the same";

struct Place {
  Database database = 0;
  Bytes key;
  friend bool operator==(const Place&, const Place&) = default;
};

// A value and its deadline on their way to another place.
struct Copied {
  std::string value;
  Expiry expiry;
};

std::optional<Copied> copy_of(cache::KeyedCalls& locked, const Place& place, TimePoint now) {
  std::optional<Copied> copied;
  locked.peek(place.database, place.key, now, [&](const cache::ItemView& item) {
    copied.emplace(std::string(item.value), item.deadline ? Expiry::at(*item.deadline) : Expiry::none());
  });
  return copied;
}

bool is_there(cache::KeyedCalls& locked, const Place& place, TimePoint now) {
  return locked.peek(place.database, place.key, now, [](const cache::ItemView&) {});
}

StoreOutcome store(cache::KeyedCalls& locked, const Place& place, const Copied& copied, TimePoint now) {
  return locked.set(place.database, place.key, copied.value, copied.expiry, Condition::always(), now);
}

enum class Transfer : std::uint8_t { no_source, target_taken, done };

struct TransferOptions {
  bool replaces = false;
  bool keeps_source = false;
};

// One step for everybody else. Null: the target could not be stored, and `call` is answered. Nothing is
// under it then; the source stays.
std::optional<Transfer> transfer(RespCall& call, const Place& source, const Place& target,
                                 const TransferOptions& options) {
  Transfer result = Transfer::done;
  StoreOutcome outcome = StoreOutcome::stored;
  const std::array keys{source.key, target.key};
  call.keys.with_keys(keys, [&](cache::KeyedCalls& locked) {
    const auto copied = copy_of(locked, source, call.now);
    if (!copied) {
      result = Transfer::no_source;
      return;
    }
    if (!options.replaces && is_there(locked, target, call.now)) {
      result = Transfer::target_taken;
      return;
    }
    if (source == target) return;
    outcome = store(locked, target, *copied, call.now);
    if (outcome != StoreOutcome::stored || options.keeps_source) return;
    locked.remove(source.database, source.key, Condition::always(), call.now);
  });
  if (outcome == StoreOutcome::stored) return result;
  reply_refused_store(call, outcome);
  return std::nullopt;
}

// Null: `call` is answered with an error.
std::optional<Database> read_database(RespCall& call, Bytes text) {
  const auto number = parse_int64(text);
  if (!number) {
    call.reply.error(not_an_integer_error);
  } else if (*number < std::numeric_limits<std::int32_t>::min() ||
             *number > std::numeric_limits<std::int32_t>::max()) {
    call.reply.error("ERR value is out of range, value must between -2147483648 and 2147483647");
  } else if (*number < 0 || *number >= static_cast<std::int64_t>(cache::database_count)) {
    call.reply.error(database_range_error);
  } else {
    return static_cast<Database>(*number);
  }
  return std::nullopt;
}

// Of how many of its keys `is_it(key)` holds.
template <class IsIt>
std::int64_t count_keys(RespCall& call, IsIt is_it) {
  const std::span<const Bytes> keys = call.arguments.subspan(1);
  std::int64_t count = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    call.environment.foresight.reach(call.state.database, keys, i);
    if (is_it(keys[i])) ++count;
  }
  return count;
}

std::int64_t remove_keys(RespCall& call) {
  return count_keys(call, [&](Bytes key) {
    return call.keys.remove(call.state.database, key, Condition::always(), call.now);
  });
}

// Null: `call` is answered with an error.
std::optional<Transfer> rename(RespCall& call, bool replaces) {
  const Place source{.database = call.state.database, .key = call.arguments[1]};
  const Place target{.database = call.state.database, .key = call.arguments[2]};
  const auto result = transfer(call, source, target, {.replaces = replaces});
  if (result != Transfer::no_source) return result;
  call.reply.error("ERR no such key");
  return std::nullopt;
}

}  // namespace

void handle_del(RespCall& call) { call.reply.integer(remove_keys(call)); }

// What Redis leaves to a thread is cheap here: nothing but the one value is freed.
void handle_unlink(RespCall& call) { call.reply.integer(remove_keys(call)); }

// A key that is named twice counts twice.
void handle_exists(RespCall& call) {
  call.reply.integer(count_keys(call, [&](Bytes key) {
    return call.keys.peek(call.state.database, key, call.now, [](const cache::ItemView&) {});
  }));
}

// A use of the items, and hits and misses in the figures, as in Redis.
void handle_touch(RespCall& call) {
  call.reply.integer(count_keys(call, [&](Bytes key) {
    return call.keys.get(call.state.database, key, call.now, [](const cache::ItemView&) {});
  }));
}

void handle_type(RespCall& call) {
  const Place place{.database = call.state.database, .key = call.arguments[1]};
  call.reply.simple_string(is_there(call.keys, place, call.now) ? "string" : "none");
}

void handle_rename(RespCall& call) {
  if (rename(call, true)) call.reply.ok();
}

void handle_renamenx(RespCall& call) {
  if (const auto result = rename(call, false)) call.reply.integer(*result == Transfer::done ? 1 : 0);
}

void handle_copy(RespCall& call) {
  const Place source{.database = call.state.database, .key = call.arguments[1]};
  Place target{.database = call.state.database, .key = call.arguments[2]};
  TransferOptions options{.keeps_source = true};
  const auto words = call.arguments.subspan(3);
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (equals_ignoring_case(words[i], "replace")) {
      options.replaces = true;
    } else if (equals_ignoring_case(words[i], "db") && i + 1 < words.size()) {
      const auto database = read_database(call, words[++i]);
      if (!database) return;
      target.database = *database;
    } else {
      return call.reply.error(syntax_error);
    }
  }
  if (source == target) return call.reply.error(same_object_error);
  if (const auto result = transfer(call, source, target, options)) {
    call.reply.integer(*result == Transfer::done ? 1 : 0);
  }
}

void handle_move(RespCall& call) {
  const auto database = read_database(call, call.arguments[2]);
  if (!database) return;
  if (*database == call.state.database) return call.reply.error(same_object_error);
  const Place source{.database = call.state.database, .key = call.arguments[1]};
  const Place target{.database = *database, .key = call.arguments[1]};
  if (const auto result = transfer(call, source, target, {})) {
    call.reply.integer(*result == Transfer::done ? 1 : 0);
  }
}

}  // namespace larder::session
