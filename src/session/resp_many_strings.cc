// Strings under several keys: MGET, MSET and its kin, which are one step to everybody else.
#include <algorithm>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/numbers.h"
#include "session/resp_handlers.h"
#include "session/resp_store_options.h"

namespace larder::session {
namespace {

using cache::Condition;
using cache::Expiry;
using cache::ItemView;
using cache::StoreOutcome;

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

}  // namespace

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

}  // namespace larder::session
