// Keys and where they stand, whatever is stored under them.
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/ascii.h"
#include "base/numbers.h"
#include "session/resp_handlers.h"
#include "session/splice.h"

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

bool is_there(cache::KeyedCalls& locked, const Place& place, TimePoint now) {
  return locked.peek(place.database, place.key, now, [](const cache::ItemView&) {});
}

enum class Transfer : std::uint8_t { no_source, target_taken, done, refused, deferred };

struct TransferOptions {
  bool replaces = false;
  bool keeps_source = false;
  const Splice* made = nullptr;  // a copy of what may still be there
  bool may_defer = false;
};

struct Transferred {
  Transfer result = Transfer::done;
  StoreOutcome outcome = StoreOutcome::stored;   // of a transfer that was refused
  std::optional<Splice> to_make = std::nullopt;  // of one that was deferred
};

// Under the locks of both keys. A borrowed value goes from key to key as it lies: what has no key any more is
// adopted by a store, and goes back if that is refused.
StoreOutcome move_to(cache::KeyedCalls& locked, const Place& source, const Place& target,
                     const Original& value, Expiry expiry, TimePoint now) {
  const auto store_under = [&](const Place& place) {
    return locked.set(place.database, place.key, value.bytes(), expiry, Condition::always(), now);
  };
  const auto leave = [&] { locked.remove(source.database, source.key, Condition::always(), now); };
  if (value.is_borrowed()) leave();
  const StoreOutcome outcome = store_under(target);
  const bool is_stored = outcome == StoreOutcome::stored;
  if (is_stored && !value.is_borrowed()) leave();
  if (!is_stored && value.is_borrowed()) store_under(source);
  return outcome;
}

// One step for everybody else. If the target is refused, nothing is under it then; the source stays.
Transferred transfer(RespCall& call, const Place& source, const Place& target,
                     const TransferOptions& options) {
  Transferred transferred;
  const std::array keys{source.key, target.key};
  call.keys.with_keys(keys, [&](cache::KeyedCalls& locked) {
    // Before the value is borrowed, or copied, in vain.
    const bool is_taken = !options.replaces && is_there(locked, target, call.now);
    if ((is_taken || source == target) && is_there(locked, source, call.now)) {
      if (is_taken) transferred.result = Transfer::target_taken;
      return;
    }
    std::optional<Original> value;
    Expiry expiry;
    bool is_made = false;
    locked.peek(source.database, source.key, call.now, [&](const cache::ItemView& item) {
      value.emplace(item);
      if (item.deadline) expiry = Expiry::at(*item.deadline);
      is_made = options.made != nullptr && options.made->original().is_still(&item);
    });
    if (!value) {
      transferred.result = Transfer::no_source;
    } else if (!options.keeps_source) {
      transferred.outcome = move_to(locked, source, target, *value, expiry, call.now);
    } else if (const std::size_t size = value->bytes().size(); !is_made && options.may_defer &&
                                                               value->is_borrowed() &&
                                                               is_made_beforehand(call, size, size)) {
      transferred.result = Transfer::deferred;
      transferred.to_make.emplace(*std::move(value), size, size);
    } else {
      const Bytes bytes = is_made ? options.made->bytes() : value->bytes();
      transferred.outcome =
          locked.set(target.database, target.key, bytes, expiry, Condition::always(), call.now);
    }
    if (transferred.outcome != StoreOutcome::stored) transferred.result = Transfer::refused;
  });
  return transferred;
}

void reply_whether_done(RespCall& call, const Transferred& transferred) {
  if (transferred.result == Transfer::refused) return reply_refused_store(call, transferred.outcome);
  call.reply.integer(transferred.result == Transfer::done ? 1 : 0);
}

std::optional<Splice> copy(RespCall& call, const Place& source, const Place& target,
                           const TransferOptions& options) {
  Transferred transferred = transfer(call, source, target, options);
  if (transferred.result != Transfer::deferred) reply_whether_done(call, transferred);
  return std::move(transferred.to_make);
}

class CopyTask final : public DeferredTask<Splice> {
 public:
  CopyTask(const RespCall& call, const Place& source, const Place& target, bool replaces, Splice splice)
      : DeferredTask(call, source.database, source.key, std::move(splice)),
        target_database_(target.database),
        target_key_(target.key),
        replaces_(replaces) {}

  [[nodiscard]] std::size_t held_size() const override {
    return DeferredTask::held_size() + target_key_.capacity();
  }

 private:
  std::optional<Splice> run(RespCall& call, const Splice* made, bool may_defer) override {
    return copy(call, {.database = database(), .key = key()},
                {.database = target_database_, .key = target_key_},
                {.replaces = replaces_, .keeps_source = true, .made = made, .may_defer = may_defer});
  }

  Database target_database_;
  std::string target_key_;
  bool replaces_;
};

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

// None: `call` is answered with an error.
std::optional<Transferred> rename(RespCall& call, bool replaces) {
  const Place source{.database = call.state.database, .key = call.arguments[1]};
  const Place target{.database = call.state.database, .key = call.arguments[2]};
  Transferred transferred = transfer(call, source, target, {.replaces = replaces});
  if (transferred.result != Transfer::no_source) return transferred;
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
  const auto transferred = rename(call, true);
  if (!transferred) return;
  if (transferred->result == Transfer::refused) return reply_refused_store(call, transferred->outcome);
  call.reply.ok();
}

void handle_renamenx(RespCall& call) {
  if (const auto transferred = rename(call, false)) reply_whether_done(call, *transferred);
}

void handle_copy(RespCall& call) {
  const Place source{.database = call.state.database, .key = call.arguments[1]};
  Place target{.database = call.state.database, .key = call.arguments[2]};
  TransferOptions options{.keeps_source = true, .may_defer = true};
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
  if (auto splice = copy(call, source, target, options)) {
    begin_task(call, std::make_unique<CopyTask>(call, source, target, options.replaces, *std::move(splice)));
  }
}

void handle_move(RespCall& call) {
  const auto database = read_database(call, call.arguments[2]);
  if (!database) return;
  if (*database == call.state.database) return call.reply.error(same_object_error);
  const Place source{.database = call.state.database, .key = call.arguments[1]};
  const Place target{.database = *database, .key = call.arguments[1]};
  reply_whether_done(call, transfer(call, source, target, {}));
}

}  // namespace larder::session
