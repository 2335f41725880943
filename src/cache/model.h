// cache/model.h: random calls on a cache and on a std::map that forgets nothing, and what must be true of
// both.
//
//   CallSource   makes the calls of a run from its seed
//   Witness      applies a call to one cache and to its own map; keeps the first lie it hears
//   run_alone    one cache beside the map; run_together: two caches beside the map and each other
//
// What the cache shows must be in the map, byte for byte and unexpired; what it lost may be missing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "cache/backend.h"
#include "cache/rules.h"
#include "cache/shard.h"
#include "cache/sharded_cache.h"
#include "cache/test_support.h"

namespace larder::cache::test {

enum class Kind : std::uint8_t {
  get,
  peek,
  get_many,
  set,
  remove,
  touch,
  update_keep,
  update_remove,
  update_append,
  with_keys,
  scan,
  clear,
  clear_all,
  swap,
  sweep,
};

struct Call {
  Kind kind;
  Database database;
  Database other_database;
  std::string key;
  std::string other_key;
  std::string value;
  Expiry expiry;
  Condition::Kind condition;
  TimePoint now;
};

struct Shape {
  int key_count;
  std::size_t value_size_max;
};

// The calls of one run. Time only goes forward, in steps so coarse that calls often come in the very
// millisecond of a deadline.
class CallSource final {
 public:
  CallSource(std::uint64_t seed, Shape shape) : random_(seed), shape_(shape) {}

  Call next() {
    now_ += step_ * (below(100) == 0 ? below(50) : below(4));
    Call call{.kind = kind(),
              .database = database(),
              .other_database = database(),
              .key = key(),
              .other_key = key(),
              .value = value(),
              .expiry = Expiry::none(),
              .condition = Condition::Kind::always,
              .now = now_};
    switch (below(6)) {
      case 0:
        call.expiry = Expiry::at(now_ + step_ * below(30));
        break;
      case 1:
        call.expiry = Expiry::at(now_ + Duration(600'000));
        break;
      case 2:
        call.expiry = Expiry::keep();
        break;
      case 3:
        call.expiry = Expiry::at(now_ + step_ * (below(20) == 0 ? -below(2) : 1));
        break;
      default:
        break;
    }
    if (below(3) == 0) call.condition = static_cast<Condition::Kind>(below(4));
    return call;
  }

 private:
  int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }
  std::string key() { return "key" + std::to_string(below(below(2) == 0 ? shape_.key_count : 8)); }
  Database database() { return static_cast<Database>(below(8) == 0 ? below(16) : below(2)); }
  std::string value() {
    const int size = below(1 + static_cast<int>(shape_.value_size_max));
    return std::string(static_cast<std::size_t>(size >> below(10)), static_cast<char>(below(256))) +
           std::to_string(++version_);
  }
  Kind kind() {
    const int roll = below(1000);
    if (roll < 300) return Kind::get;
    if (roll < 340) return Kind::peek;
    if (roll < 380) return Kind::get_many;
    if (roll < 700) return Kind::set;
    if (roll < 760) return Kind::remove;
    if (roll < 810) return Kind::touch;
    if (roll < 830) return Kind::update_keep;
    if (roll < 850) return Kind::update_remove;
    if (roll < 900) return Kind::update_append;
    if (roll < 930) return Kind::with_keys;
    if (roll < 945) return Kind::scan;
    if (roll < 948) return Kind::clear;
    if (roll < 949) return Kind::clear_all;
    if (roll < 955) return Kind::swap;
    return Kind::sweep;
  }

  std::mt19937_64 random_;
  Shape shape_;
  static constexpr Duration step_{100};
  TimePoint now_ = at(0);
  std::uint64_t version_ = 0;
};

// One cache beside the map. apply() answers with what the cache showed, in words, so that two caches can be
// compared; the first lie is kept in failure().
class Witness final {
 public:
  explicit Witness(Cache& cache) : cache_(cache) {}

  [[nodiscard]] const std::optional<std::string>& failure() const { return failure_; }

  std::string apply(const Call& call) {
    now_ = call.now;
    transcript_.clear();
    switch (call.kind) {
      case Kind::get: {
        const bool found = cache_.get(call.database, call.key, now_,
                                      [&](const ItemView& item) { saw(call.database, call.key, item); });
        say(found ? "found" : "absent");
        break;
      }
      case Kind::peek:
        say(look_at(cache_, call.database, call.key) ? "found" : "absent");
        break;
      case Kind::get_many: {
        const std::array<Bytes, 3> keys = {call.key, call.other_key, call.key};
        cache_.get_many(call.database, keys, now_, [&](std::size_t index, const ItemView* item) {
          if (item == nullptr) return say("absent");
          saw(call.database, std::string(keys.at(index)), *item);
        });
        break;
      }
      case Kind::set:
        set(cache_, call);
        break;
      case Kind::remove:
        remove(call);
        break;
      case Kind::touch:
        touch(call);
        break;
      case Kind::update_keep:
      case Kind::update_remove:
      case Kind::update_append:
        update(cache_, call, call.database, call.key);
        break;
      case Kind::with_keys: {
        const std::array<Bytes, 2> keys = {call.key, call.other_key};
        cache_.with_keys(keys, [&](KeyedCalls& locked) {
          set(locked, call);
          update(locked, call, call.other_database, call.other_key);
        });
        break;
      }
      case Kind::scan:
        scan(call.database);
        break;
      case Kind::clear:
        cache_.clear(call.database);
        model_[call.database].clear();
        break;
      case Kind::clear_all:
        cache_.clear_all();
        for (auto& [database, items] : model_) items.clear();
        break;
      case Kind::swap:
        cache_.swap_databases(call.database, call.other_database, now_);
        std::swap(model_[call.database], model_[call.other_database]);
        break;
      case Kind::sweep:
        cache_.sweep(now_, 1'000'000);
        break;
    }
    return std::move(transcript_);
  }

 private:
  struct Known {
    std::string value;
    TimePoint deadline = no_deadline;
    CompareToken token = 0;  // seen with this value; 0: never
  };

  void fail(const std::string& what) {
    if (!failure_.has_value()) failure_ = what;
  }
  void say(Bytes words) { (transcript_ += words) += ';'; }

  // Everything that the cache ever shows comes through here.
  void saw(Database database, const std::string& key, const ItemView& item) {
    const auto known = model_[database].find(key);
    if (known == model_[database].end()) return fail("showed " + key + ", which is not there");
    if (item.value != known->second.value) return fail("showed another value than the last of " + key);
    if (shown_deadline(known->second.deadline) != item.deadline) return fail("wrong deadline of " + key);
    if (has_expired(known->second.deadline, now_)) return fail("showed " + key + " after its deadline");
    known->second.token = item.token();
    say(key);
    say(item.value);
  }

  bool look_at(KeyedCalls& calls, Database database, const std::string& key) {
    return calls.peek(database, key, now_, [&](const ItemView& item) { saw(database, key, item); });
  }

  void stored(Database database, const std::string& key, const std::string& value, TimePoint deadline,
              StoreOutcome outcome) {
    say(std::to_string(static_cast<int>(outcome)));
    if (outcome == StoreOutcome::condition_failed) return fail("a condition failed that holds");
    if (outcome == StoreOutcome::stored && !has_expired(deadline, now_)) {
      model_[database][key] = {.value = value, .deadline = deadline, .token = 0};
    } else {
      model_[database].erase(key);
    }
  }

  void set(KeyedCalls& calls, const Call& call) {
    // A token from before: it may be that of the value that is there now, or of an older one.
    const auto old = tokens_.find({call.database, call.key});
    const Condition condition{.kind = call.condition, .token = old == tokens_.end() ? 0 : old->second};
    const bool present = look_at(calls, call.database, call.key);
    const Known known = present ? model_[call.database][call.key] : Known();
    if (present) tokens_[{call.database, call.key}] = known.token;
    const bool holds_now = holds(condition, present ? std::optional(known.token) : std::nullopt);
    const TimePoint deadline = deadline_after(call.expiry, present ? known.deadline : no_deadline);
    const StoreOutcome outcome = calls.set(call.database, call.key, call.value, call.expiry, condition, now_);
    if (holds_now) {
      stored(call.database, call.key, call.value, deadline, outcome);
    } else {
      say("refused");
      if (outcome != StoreOutcome::condition_failed) fail("stored against its condition");
    }
  }

  void update(KeyedCalls& calls, const Call& call, Database database, const std::string& key) {
    std::string value;
    TimePoint deadline = no_deadline;
    const StoreOutcome outcome = calls.update(database, key, now_, [&](const ItemView* current) {
      if (current != nullptr) {
        saw(database, key, *current);
        value = std::string(current->value.substr(0, 1000));
        deadline = current->deadline.value_or(no_deadline);
      } else {
        say("absent");
      }
      value += call.value;
      deadline = deadline_after(call.expiry, deadline);
      if (call.kind == Kind::update_keep) return Change::keep();
      if (call.kind == Kind::update_remove) return Change::remove();
      return Change::store(value, call.expiry);
    });
    if (call.kind == Kind::update_keep) return;
    if (call.kind == Kind::update_remove) {
      model_[database].erase(key);
      return;
    }
    stored(database, key, value, deadline, outcome);
  }

  void remove(const Call& call) {
    const bool removed = cache_.remove(call.database, call.key, Condition::always(), now_);
    say(removed ? "removed" : "absent");
    const auto known = model_[call.database].find(call.key);
    if (removed && known == model_[call.database].end()) return fail("removed what was not there");
    if (removed && has_expired(known->second.deadline, now_)) return fail("removed what had expired");
    model_[call.database].erase(call.key);
  }

  void touch(const Call& call) {
    const Expiry expiry = call.expiry.kind == Expiry::Kind::keep ? Expiry::none() : call.expiry;
    const bool touched = cache_.touch(call.database, call.key, expiry, now_);
    say(touched ? "touched" : "absent");
    const auto known = model_[call.database].find(call.key);
    if (!touched) {
      if (known != model_[call.database].end()) model_[call.database].erase(known);
      return;
    }
    if (known == model_[call.database].end()) return fail("touched what was not there");
    if (has_expired(known->second.deadline, now_)) return fail("touched what had expired");
    known->second.deadline = deadline_after(expiry, no_deadline);
    if (has_expired(known->second.deadline, now_)) model_[call.database].erase(known);
  }

  void scan(Database database) {
    std::map<std::string, std::string> shown;
    Cursor cursor = 0;
    do {
      cursor = cache_.scan(database, cursor, 10, now_, [&](Bytes key, const ItemView& item) {
        if (!shown.emplace(key, item.value).second) fail("a scan showed an item twice");
      });
    } while (cursor != 0);
    for (const auto& [key, value] : shown) {
      const auto known = model_[database].find(key);
      if (known == model_[database].end() || known->second.value != value ||
          has_expired(known->second.deadline, now_)) {
        return fail("a scan showed what is not there");
      }
      say(key);
    }
    for (auto& [key, known] : model_[database]) {
      const bool there = cache_.peek(database, key, now_, [](const ItemView&) {});
      if (there != shown.contains(key)) return fail("a scan did not show what is there");
    }
  }

  Cache& cache_;
  std::map<Database, std::map<std::string, Known>> model_;
  std::map<std::pair<Database, std::string>, CompareToken> tokens_;
  TimePoint now_{};
  std::string transcript_;
  std::optional<std::string> failure_;
};

inline std::string figures(const Cache& cache) {
  const CacheStats stats = cache.stats();
  std::string text;
  for (const std::uint64_t figure :
       {stats.items, stats.hits, stats.misses, stats.sets, stats.evictions, stats.expired, stats.refused}) {
    text += std::to_string(figure) + ' ';
  }
  for (Database database = 0; database < database_count; ++database) {
    text += std::to_string(cache.item_count(database)) + ' ';
    text += std::to_string(cache.deadline_count(database)) + ' ';
  }
  return text;
}

template <Shard S>
std::optional<std::string> check_books(const ShardedCache<S>& cache, const CacheOptions& options) {
  const CacheStats stats = cache.stats();
  if (stats.memory_used > stats.memory_limit_in_force) return "more memory than the limit";
  if (options.item_count_max > 0 && stats.items > options.item_count_max) return "more items than the limit";
  std::size_t item_count = 0;
  for (Database database = 0; database < database_count; ++database) item_count += cache.item_count(database);
  if (item_count != stats.items) return "the databases' counts do not add up";
  if (!cache.books_hold()) return "the books differ from a walk";
  return std::nullopt;
}

struct Plan {
  std::uint64_t seed;
  int call_count;
  Shape shape;
  CacheOptions options;
  // Every few hundred calls the memory limit is another, from the smallest that works to twice the first.
  bool moves_limit = false;
};

/// One cache against the map. The answer tells what went wrong, if anything did.
template <Shard S>
std::optional<std::string> run_alone(const Plan& plan) {
  ShardedCache<S> cache(plan.options);
  Witness witness(cache);
  CallSource calls(plan.seed, plan.shape);
  std::mt19937_64 limits(plan.seed);
  for (int i = 0; i < plan.call_count; ++i) {
    witness.apply(calls.next());
    std::optional<std::string> failure = witness.failure();
    if (plan.moves_limit && i % 300 == 0) {
      const std::size_t least = cache.memory_limit_range().least;
      const std::size_t width = 2 * plan.options.memory_size_max - least;
      if (!cache.set_memory_limit(least + limits() % width)) failure = "a limit in its range was refused";
    }
    if (!failure.has_value() && (i % 16 == 0 || plan.moves_limit)) failure = check_books(cache, plan.options);
    if (failure.has_value()) return "call " + std::to_string(i) + ": " + *failure;
  }
  return std::nullopt;
}

/// Two caches against the map and each other.
template <Shard A, Shard B>
std::optional<std::string> run_together(const Plan& plan) {
  ShardedCache<A> first(plan.options);
  ShardedCache<B> second(plan.options);
  Witness first_witness(first);
  Witness second_witness(second);
  CallSource calls(plan.seed, plan.shape);
  for (int i = 0; i < plan.call_count; ++i) {
    const Call call = calls.next();
    const std::string answer = first_witness.apply(call);
    const std::string other_answer = second_witness.apply(call);
    std::optional<std::string> failure = first_witness.failure();
    if (!failure.has_value()) failure = second_witness.failure();
    if (!failure.has_value() && answer != other_answer)
      failure = std::string("answers: ").append(answer).append(" | ").append(other_answer);
    if (!failure.has_value() && figures(first) != figures(second)) {
      failure = std::string("figures: ").append(figures(first)).append("| ").append(figures(second));
    }
    if (!failure.has_value() && i % 16 == 0) failure = check_books(first, plan.options);
    if (!failure.has_value() && i % 16 == 0) failure = check_books(second, plan.options);
    if (failure.has_value()) return "call " + std::to_string(i) + ": " + *failure;
  }
  return std::nullopt;
}

}  // namespace larder::cache::test
