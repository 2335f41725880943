#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/numbers.h"
#include "session/resp_handlers.h"
#include "session/resp_store_options.h"

namespace larder::session {
namespace {

using cache::Change;
using cache::Condition;
using cache::Expiry;
using cache::ItemView;
using cache::StoreOutcome;

struct StoreOptions {
  ValueCondition condition;
  Expiry expiry;
  bool returns_old = false;
};

// What the options of a command may be.
struct Grammar {
  bool has_get = false;
  bool has_value_conditions = false;
};

// Everything from `first` on. None: `call` is answered with an error.
std::optional<StoreOptions> read_store_options(RespCall& call, std::size_t first, Grammar grammar) {
  using Kind = ValueCondition::Kind;
  StoreOptions options;
  const TimeOption* time_option = nullptr;
  Bytes time_text;
  bool keeps_deadline = false;
  const auto may_be = [&](Kind kind) {
    return options.condition.kind == Kind::always || options.condition.kind == kind;
  };
  for (std::size_t i = first; i < call.arguments.size(); ++i) {
    const Bytes word = call.arguments[i];
    const bool has_next = i + 1 < call.arguments.size();
    if (equals_ignoring_case(word, "nx") && may_be(Kind::absent)) {
      options.condition.kind = Kind::absent;
    } else if (equals_ignoring_case(word, "xx") && may_be(Kind::present)) {
      options.condition.kind = Kind::present;
    } else if (grammar.has_get && equals_ignoring_case(word, "get")) {
      options.returns_old = true;
    } else if (equals_ignoring_case(word, "keepttl") && time_option == nullptr) {
      keeps_deadline = true;
    } else if (const TimeOption* found = find_time_option(word);
               found != nullptr && !keeps_deadline && (time_option == nullptr || time_option == found) &&
               has_next) {
      time_option = found;
      time_text = call.arguments[++i];
    } else if (const auto kind = find_value_condition(word);
               kind && grammar.has_value_conditions && options.condition.kind == Kind::always && has_next) {
      options.condition = {.kind = *kind, .operand = call.arguments[++i]};
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

bool value_fits(const RespCall& call, Bytes value) {
  return value.size() <= call.environment.limits.value_size_max;
}

void reply_too_long_value(RespCall& call) {
  call.environment.counters.protocol_errors.add();
  call.reply.error("ERR a value is longer than " + std::to_string(call.environment.limits.value_size_max) +
                   " bytes");
}

constexpr Bytes digest_error = "ERR must be exactly 16 hexadecimal characters";

struct Stored {
  StoreOutcome outcome = StoreOutcome::stored;
  bool happened = false;
  bool is_malformed = false;  // the condition
  std::optional<KeptValue> old;
};

// Stores `value` under the key that is the command's first argument, if the condition holds.
Stored store(RespCall& call, Bytes value, const StoreOptions& options) {
  Stored stored;
  const Bytes key = call.arguments[1];
  using Kind = ValueCondition::Kind;
  const Kind kind = options.condition.kind;
  if (!options.returns_old && (kind == Kind::always || kind == Kind::absent || kind == Kind::present)) {
    const Condition condition = kind == Kind::absent    ? Condition::absent()
                                : kind == Kind::present ? Condition::present()
                                                        : Condition::always();
    stored.outcome = call.keys.set(call.state.database, key, value, options.expiry, condition, call.now);
    stored.happened = stored.outcome == StoreOutcome::stored;
    if (stored.outcome == StoreOutcome::condition_failed) stored.outcome = StoreOutcome::stored;
    return stored;
  }
  stored.outcome = call.keys.update(call.state.database, key, call.now, [&](const ItemView* current) {
    if (options.returns_old && current != nullptr) stored.old.emplace(*current);
    stored.is_malformed = options.condition.is_malformed_for(current);
    stored.happened = options.condition.holds(current);
    return stored.happened ? Change::store(value, options.expiry) : Change::keep();
  });
  return stored;
}

// A value that is too long: a store that would not have happened anyway leaves the old one where it is, as in
// the cache.
void refuse_value(RespCall& call, const ValueCondition& condition) {
  call.keys.update(call.state.database, call.arguments[1], call.now, [&](const ItemView* current) {
    return condition.holds(current) ? Change::remove() : Change::keep();
  });
  reply_too_long_value(call);
}

void reply_old(RespCall& call, Stored& stored) {
  if (stored.old) return std::move(*stored.old).reply_to(call);
  call.reply.null();
}

// SETEX, PSETEX: key, time, value.
void set_with_time(RespCall& call, const TimeOption& option) {
  const auto deadline = read_deadline(call, option, call.arguments[2]);
  if (!deadline) return;
  const Bytes value = call.arguments[3];
  if (!value_fits(call, value)) return refuse_value(call, {});
  const Stored stored = store(call, value, {.condition = {}, .expiry = Expiry::at(*deadline)});
  if (stored.outcome != StoreOutcome::stored) return reply_refused_store(call, stored.outcome);
  call.reply.ok();
}

// What MSET, MSETNX and MSETEX store: key, value, key, value.
struct Pairs {
  std::vector<Bytes> keys;
  std::span<const Bytes> words;
  bool values_fit = true;
};
Pairs pairs_of(const RespCall& call, std::span<const Bytes> words) {
  Pairs pairs{.keys = {}, .words = words, .values_fit = true};
  pairs.keys.reserve(words.size() / 2);
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
    pairs.keys.push_back(words[i]);
    pairs.values_fit &= value_fits(call, words[i + 1]);
  }
  return pairs;
}

// All or nothing: a cache may forget but must not show half of what was meant as one, so if a value is
// refused, none of the keys is left. Null: the condition did not hold; nothing changed.
std::optional<StoreOutcome> store_pairs(RespCall& call, const Pairs& pairs, ValueCondition::Kind condition,
                                        Expiry expiry) {
  std::optional<StoreOutcome> outcome = StoreOutcome::stored;
  call.keys.with_keys(pairs.keys, [&](cache::Keyspace& locked) {
    const auto is_there = [&](Bytes key) {
      return locked.peek(call.state.database, key, call.now, [](const ItemView&) {});
    };
    using Kind = ValueCondition::Kind;
    const bool is_kept = condition == Kind::always || std::ranges::all_of(pairs.keys, [&](Bytes key) {
                           return is_there(key) == (condition == Kind::present);
                         });
    if (!is_kept) {
      outcome.reset();
      return;
    }
    for (std::size_t i = 0; pairs.values_fit && *outcome == StoreOutcome::stored && i < pairs.words.size();
         i += 2) {
      call.environment.foresight.reach(call.state.database, pairs.keys, i / 2);
      outcome = locked.set(call.state.database, pairs.words[i], pairs.words[i + 1], expiry,
                           Condition::always(), call.now);
    }
    if (pairs.values_fit && *outcome == StoreOutcome::stored) return;
    for (const Bytes key : pairs.keys) {
      locked.remove(call.state.database, key, Condition::always(), call.now);
    }
  });
  return outcome;
}

// False: the values were refused, and `call` is answered.
bool reply_unless_stored(RespCall& call, const Pairs& pairs, StoreOutcome outcome) {
  if (!pairs.values_fit) {
    reply_too_long_value(call);
  } else if (outcome != StoreOutcome::stored) {
    reply_refused_store(call, outcome);
  } else {
    return true;
  }
  return false;
}

// None: it is none that DELEX knows, which is an error only if the key is there.
void delete_if(RespCall& call, const std::optional<ValueCondition>& condition) {
  bool happened = false;
  Bytes error;
  call.keys.update(call.state.database, call.arguments[1], call.now, [&](const ItemView* current) {
    if (current == nullptr) return Change::keep();
    if (!condition) {
      error = "ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE";
    } else if (condition->is_malformed_for(current)) {
      error = digest_error;
    } else {
      happened = condition->holds(current);
    }
    return happened ? Change::remove() : Change::keep();
  });
  if (!error.empty()) return call.reply.error(error);
  call.reply.integer(happened ? 1 : 0);
}

}  // namespace

void handle_get(RespCall& call) {
  const bool found = call.keys.get(call.state.database, call.arguments[1], call.now,
                                   [&call](const ItemView& item) { reply_value(call, item); });
  if (!found) call.reply.null();
}

void handle_getdel(RespCall& call) {
  bool found = false;
  call.keys.update(call.state.database, call.arguments[1], call.now, [&](const ItemView* current) {
    if (current == nullptr) return Change::keep();
    found = true;
    reply_value(call, *current);
    return Change::remove();
  });
  if (!found) call.reply.null();
}

// GETEX key [EX | PX | EXAT | PXAT time | PERSIST]
void handle_getex(RespCall& call) {
  const TimeOption* option = nullptr;
  Bytes text;
  bool persists = false;
  for (std::size_t i = 2; i < call.arguments.size(); ++i) {
    const TimeOption* found = find_time_option(call.arguments[i]);
    if (equals_ignoring_case(call.arguments[i], "persist") && option == nullptr) {
      persists = true;
    } else if (found != nullptr && !persists && (option == nullptr || option == found) &&
               i + 1 < call.arguments.size()) {
      option = found;
      text = call.arguments[++i];
    } else {
      return call.reply.error(syntax_error);
    }
  }
  if (option == nullptr && !persists) return handle_get(call);
  // Redis looks for the key before it reads the number.
  const Bytes key = call.arguments[1];
  call.keys.with_keys(std::span(&key, 1), [&](cache::Keyspace& locked) {
    std::optional<KeptValue> value;
    bool has_deadline = false;
    locked.get(call.state.database, key, call.now, [&](const ItemView& item) {
      value.emplace(item);
      has_deadline = item.deadline.has_value();
    });
    if (!value) return call.reply.null();
    Expiry expiry = Expiry::none();
    if (option != nullptr) {
      const auto deadline = read_deadline(call, *option, text);
      if (!deadline) return;
      expiry = Expiry::at(*deadline);
    }
    std::move(*value).reply_to(call);
    if (persists && !has_deadline) return;  // nothing changes, also for those who watch the key
    locked.touch(call.state.database, key, expiry, call.now);
  });
}

void handle_getset(RespCall& call) {
  const Bytes value = call.arguments[2];
  if (!value_fits(call, value)) return refuse_value(call, {});
  Stored stored = store(call, value, {.condition = {}, .expiry = Expiry::none(), .returns_old = true});
  if (stored.outcome != StoreOutcome::stored) return reply_refused_store(call, stored.outcome);
  reply_old(call, stored);
}

void handle_set(RespCall& call) {
  const auto options = read_store_options(call, 3, {.has_get = true, .has_value_conditions = true});
  if (!options) return;
  const Bytes value = call.arguments[2];
  if (!value_fits(call, value)) return refuse_value(call, options->condition);
  Stored stored = store(call, value, *options);
  if (stored.is_malformed) return call.reply.error(digest_error);
  if (stored.outcome != StoreOutcome::stored) return reply_refused_store(call, stored.outcome);
  if (options->returns_old) return reply_old(call, stored);
  if (!stored.happened) return call.reply.null();
  call.reply.ok();
}

void handle_setex(RespCall& call) { set_with_time(call, expire_seconds); }
void handle_psetex(RespCall& call) { set_with_time(call, expire_milliseconds); }

void handle_setnx(RespCall& call) {
  const Bytes value = call.arguments[2];
  const ValueCondition absent{.kind = ValueCondition::Kind::absent, .operand = {}};
  if (!value_fits(call, value)) return refuse_value(call, absent);
  const Stored stored = store(call, value, {.condition = absent, .expiry = Expiry::none()});
  if (stored.outcome != StoreOutcome::stored) return reply_refused_store(call, stored.outcome);
  call.reply.integer(stored.happened ? 1 : 0);
}

void handle_mget(RespCall& call) {
  const auto keys = call.arguments.subspan(1);
  call.reply.array(keys.size());
  call.keys.get_many(call.state.database, keys, call.now,
                     [&call](std::size_t /*index*/, const ItemView* item) {
                       if (outgrows_output(call)) return;
                       if (item != nullptr) {
                         reply_value(call, *item);
                       } else {
                         call.reply.null();
                       }
                     });
}

void handle_mset(RespCall& call) {
  const auto words = call.arguments.subspan(1);
  if (words.size() % 2 != 0) return reply_wrong_argument_count(call, call.spec);
  const Pairs pairs = pairs_of(call, words);
  const auto outcome = store_pairs(call, pairs, ValueCondition::Kind::always, Expiry::none());
  if (reply_unless_stored(call, pairs, outcome.value_or(StoreOutcome::stored))) call.reply.ok();
}

void handle_msetnx(RespCall& call) {
  const auto words = call.arguments.subspan(1);
  if (words.size() % 2 != 0) return reply_wrong_argument_count(call, call.spec);
  const Pairs pairs = pairs_of(call, words);
  const auto outcome = store_pairs(call, pairs, ValueCondition::Kind::absent, Expiry::none());
  if (!outcome) return call.reply.integer(0);
  if (reply_unless_stored(call, pairs, *outcome)) call.reply.integer(1);
}

// MSETEX numkeys key value [key value ...] [NX | XX] [EX | PX | EXAT | PXAT time | KEEPTTL]
void handle_msetex(RespCall& call) {
  const auto count = parse_int64(call.arguments[1]);
  if (!count || *count <= 0 || *count > std::numeric_limits<std::int32_t>::max()) {
    return call.reply.error("ERR invalid numkeys value");
  }
  const std::size_t word_count = 2 * static_cast<std::size_t>(*count);
  if (word_count > call.arguments.size() - 2) return call.reply.error("ERR wrong number of key-value pairs");
  const auto options = read_store_options(call, 2 + word_count, {});
  if (!options) return;
  const Pairs pairs = pairs_of(call, call.arguments.subspan(2, word_count));
  const auto outcome = store_pairs(call, pairs, options->condition.kind, options->expiry);
  if (!outcome) return call.reply.integer(0);
  if (reply_unless_stored(call, pairs, *outcome)) call.reply.integer(1);
}

void handle_strlen(RespCall& call) {
  std::size_t size = 0;
  call.keys.peek(call.state.database, call.arguments[1], call.now,
                 [&](const ItemView& item) { size = item.value.size(); });
  call.reply.integer(static_cast<std::int64_t>(size));
}

void handle_digest(RespCall& call) {
  const bool found = call.keys.get(call.state.database, call.arguments[1], call.now,
                                   [&](const ItemView& item) { call.reply.bulk(digest_of(item.value)); });
  if (!found) call.reply.null();
}

// DELEX key [IFEQ | IFNE | IFDEQ | IFDNE operand]
void handle_delex(RespCall& call) {
  if (call.arguments.size() == 2) return delete_if(call, ValueCondition{});
  if (call.arguments.size() != 4) return reply_wrong_argument_count(call, call.spec);
  const auto kind = find_value_condition(call.arguments[2]);
  if (!kind) return delete_if(call, std::nullopt);
  delete_if(call, ValueCondition{.kind = *kind, .operand = call.arguments[3]});
}

// DELIFEQ key value
void handle_delifeq(RespCall& call) {
  delete_if(call, ValueCondition{.kind = ValueCondition::Kind::equal, .operand = call.arguments[2]});
}

}  // namespace larder::session
