#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/ascii.h"
#include "base/digest_stream.h"
#include "base/numbers.h"
#include "session/deferred_task.h"
#include "session/judgement.h"
#include "session/resp_handlers.h"
#include "session/resp_store_options.h"
#include "session/resp_task.h"

namespace larder::session {
namespace {

using cache::Change;
using cache::Condition;
using cache::Expiry;
using cache::ItemView;
using cache::StoreOutcome;

constexpr Bytes digest_error = "ERR must be exactly 16 hexadecimal characters";

struct Stored {
  StoreOutcome outcome = StoreOutcome::stored;
  bool happened = false;
  bool is_malformed = false;  // the condition
  std::optional<KeptValue> old;
};

// How a condition on a large value is found out beforehand: see DeferredTask.
struct Foreknowledge {
  const Judgement* judged = nullptr;
  bool may_defer = false;
  std::optional<Judgement> missing = std::nullopt;  // nothing happened: to be known first

  [[nodiscard]] bool holds(const ValueCondition& condition, const ItemView* current) const {
    return is_known_of(current) ? judged->holds() : condition.holds(current);
  }
  // True: `missing` is to be known before holds() is asked.
  bool misses(const RespCall& call, const ValueCondition& condition, const ItemView* current) {
    if (may_defer && !is_known_of(current)) missing = Judgement::of(call, condition, current);
    return missing.has_value();
  }

 private:
  [[nodiscard]] bool is_known_of(const ItemView* current) const {
    return judged != nullptr && judged->original().is_still(current);
  }
};

// Stores `value` under `key`, if the condition holds.
Stored store(RespCall& call, Bytes key, Bytes value, const StoreOptions& options,
             Foreknowledge* foreknowledge = nullptr) {
  Stored stored;
  using Kind = ValueCondition::Kind;
  const Kind kind = options.condition.kind;
  if (!options.returns_old && !options.condition.is_about_value()) {
    const Condition condition = kind == Kind::absent    ? Condition::absent()
                                : kind == Kind::present ? Condition::present()
                                                        : Condition::always();
    stored.outcome = call.keys.set(call.state.database, key, value, options.expiry, condition, call.now);
    stored.happened = stored.outcome == StoreOutcome::stored;
    if (stored.outcome == StoreOutcome::condition_failed) stored.outcome = StoreOutcome::stored;
    return stored;
  }
  stored.outcome = call.keys.update(call.state.database, key, call.now, [&](const ItemView* current) {
    if (foreknowledge != nullptr && foreknowledge->misses(call, options.condition, current)) {
      return Change::keep();
    }
    if (options.returns_old && current != nullptr) stored.old.emplace(*current);
    stored.is_malformed = options.condition.is_malformed_for(current);
    stored.happened = foreknowledge != nullptr ? foreknowledge->holds(options.condition, current)
                                               : options.condition.holds(current);
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
  const Stored stored =
      store(call, call.arguments[1], value, {.condition = {}, .expiry = Expiry::at(*deadline)});
  if (stored.outcome != StoreOutcome::stored) return reply_refused_store(call, stored.outcome);
  call.reply.ok();
}

void reply_to_set(RespCall& call, Stored& stored, const StoreOptions& options) {
  if (stored.is_malformed) return call.reply.error(digest_error);
  if (stored.outcome != StoreOutcome::stored) return reply_refused_store(call, stored.outcome);
  if (options.returns_old) return reply_old(call, stored);
  if (!stored.happened) return call.reply.null();
  call.reply.ok();
}

// SET with a condition on the value. What it answers, and `foreknowledge`: see DeferredTask.
std::optional<Judgement> set_if(RespCall& call, Bytes key, Bytes value, const StoreOptions& options,
                                Foreknowledge& foreknowledge) {
  Stored stored = store(call, key, value, options, &foreknowledge);
  if (foreknowledge.missing) return std::move(foreknowledge.missing);
  reply_to_set(call, stored, options);
  return std::nullopt;
}

// None: it is none that DELEX knows, which is an error only if the key is there. What it answers, and
// `foreknowledge`: see DeferredTask.
std::optional<Judgement> delete_if(RespCall& call, Bytes key, const std::optional<ValueCondition>& condition,
                                   Foreknowledge& foreknowledge) {
  bool happened = false;
  Bytes error;
  call.keys.update(call.state.database, key, call.now, [&](const ItemView* current) {
    if (current == nullptr) return Change::keep();
    if (condition && foreknowledge.misses(call, *condition, current)) return Change::keep();
    if (!condition) {
      error = "ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE";
    } else if (condition->is_malformed_for(current)) {
      error = digest_error;
    } else {
      happened = foreknowledge.holds(*condition, current);
    }
    return happened ? Change::remove() : Change::keep();
  });
  if (foreknowledge.missing) return std::move(foreknowledge.missing);
  if (error.empty()) {
    call.reply.integer(happened ? 1 : 0);
  } else {
    call.reply.error(error);
  }
  return std::nullopt;
}

// A command with a condition on a large value: SET, or, without a value, DELEX.
class ConditionTask final : public DeferredTask<Judgement> {
 public:
  ConditionTask(const RespCall& call, StoreOptions options, std::optional<Bytes> value, Judgement judgement)
      : DeferredTask(call, call.state.database, call.arguments[1], std::move(judgement)),
        options_(options),
        operand_(call.state, options.condition.operand) {
    if (value) value_.emplace(call.state, *value);
    options_.condition.operand = operand_.bytes();
  }

  [[nodiscard]] std::size_t held_size() const override {
    return DeferredTask::held_size() + operand_.held_size() + (value_ ? value_->held_size() : 0);
  }

 private:
  std::optional<Judgement> run(RespCall& call, const Judgement* done, bool may_defer) override {
    Foreknowledge foreknowledge{.judged = done, .may_defer = may_defer};
    if (!value_) return delete_if(call, key(), options_.condition, foreknowledge);
    return set_if(call, key(), value_->bytes(), options_, foreknowledge);
  }
  [[nodiscard]] Bytes operand() const override { return operand_.bytes(); }

  StoreOptions options_;
  KeptArgument operand_;
  std::optional<KeptArgument> value_;
};

void answer_delete(RespCall& call, const std::optional<ValueCondition>& condition) {
  const bool may_defer = condition && KeptArgument::is_cheap(call.state, condition->operand);
  Foreknowledge foreknowledge{.may_defer = may_defer};
  auto judgement = delete_if(call, call.arguments[1], condition, foreknowledge);
  if (!judgement || !condition) return;
  const StoreOptions options{.condition = *condition, .expiry = Expiry::none()};
  begin_task(call, std::make_unique<ConditionTask>(call, options, std::nullopt, *std::move(judgement)));
}

class DigestTask final : public Task {
 public:
  DigestTask(const RespCall& call, Loan value) : Task(call.spec), value_(std::move(value)) {}

  bool step(RespCall& call) override {
    const Bytes portion = value_.bytes().substr(0, hashed_portion_size);
    digest_.add(portion);
    value_.narrow_to(value_.bytes().substr(portion.size()));
    if (!value_.bytes().empty()) return false;
    call.reply.bulk(digest_text(digest_.value()));
    return true;
  }

  [[nodiscard]] std::size_t held_size() const override { return sizeof *this + digest_.held_size(); }

 private:
  Loan value_;  // what is left of it
  DigestStream digest_;
};

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
  Stored stored =
      store(call, call.arguments[1], value, {.condition = {}, .expiry = Expiry::none(), .returns_old = true});
  if (stored.outcome != StoreOutcome::stored) return reply_refused_store(call, stored.outcome);
  reply_old(call, stored);
}

void handle_set(RespCall& call) {
  const bool has_options = call.arguments.size() > 3;
  const auto options = has_options
                           ? read_store_options(call, 3, {.has_get = true, .has_value_conditions = true})
                           : StoreOptions();
  if (!options) return;
  const Bytes value = call.arguments[2];
  if (!value_fits(call, value)) return refuse_value(call, options->condition);
  if (!options->condition.is_about_value()) {
    Stored stored = store(call, call.arguments[1], value, *options);
    return reply_to_set(call, stored, *options);
  }
  const bool may_defer = KeptArgument::is_cheap(call.state, value) &&
                         KeptArgument::is_cheap(call.state, options->condition.operand);
  Foreknowledge foreknowledge{.may_defer = may_defer};
  if (auto judgement = set_if(call, call.arguments[1], value, *options, foreknowledge)) {
    begin_task(call, std::make_unique<ConditionTask>(call, *options, value, *std::move(judgement)));
  }
}

void handle_setex(RespCall& call) { set_with_time(call, expire_seconds); }
void handle_psetex(RespCall& call) { set_with_time(call, expire_milliseconds); }

void handle_setnx(RespCall& call) {
  const Bytes value = call.arguments[2];
  const ValueCondition absent{.kind = ValueCondition::Kind::absent, .operand = {}};
  if (!value_fits(call, value)) return refuse_value(call, absent);
  const Stored stored =
      store(call, call.arguments[1], value, {.condition = absent, .expiry = Expiry::none()});
  if (stored.outcome != StoreOutcome::stored) return reply_refused_store(call, stored.outcome);
  call.reply.integer(stored.happened ? 1 : 0);
}

void handle_strlen(RespCall& call) {
  std::size_t size = 0;
  call.keys.peek(call.state.database, call.arguments[1], call.now,
                 [&](const ItemView& item) { size = item.value.size(); });
  call.reply.integer(static_cast<std::int64_t>(size));
}

void handle_digest(RespCall& call) {
  Loan loan;
  const bool found =
      call.keys.get(call.state.database, call.arguments[1], call.now, [&](const ItemView& item) {
        if (!call.is_in_transaction && item.value.size() > one_piece_size_max) loan = item.lend();
        if (!loan) call.reply.bulk(digest_of(item.value));
      });
  if (loan) return begin_task(call, std::make_unique<DigestTask>(call, std::move(loan)));
  if (!found) call.reply.null();
}

// DELEX key [IFEQ | IFNE | IFDEQ | IFDNE operand]
void handle_delex(RespCall& call) {
  if (call.arguments.size() == 2) return answer_delete(call, ValueCondition{});
  if (call.arguments.size() != 4) return reply_wrong_argument_count(call, call.spec);
  const auto kind = find_value_condition(call.arguments[2]);
  if (!kind) return answer_delete(call, std::nullopt);
  answer_delete(call, ValueCondition{.kind = *kind, .operand = call.arguments[3]});
}

// DELIFEQ key value
void handle_delifeq(RespCall& call) {
  answer_delete(call, ValueCondition{.kind = ValueCondition::Kind::equal, .operand = call.arguments[2]});
}

}  // namespace larder::session
