// Parts of values: APPEND, GETRANGE, SETRANGE.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/numbers.h"
#include "session/resp_handlers.h"
#include "session/resp_task.h"
#include "session/splice.h"

namespace larder::session {
namespace {

using cache::Change;
using cache::Expiry;
using cache::ItemView;
using cache::StoreOutcome;

constexpr Bytes too_long_error = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";

// What lies from `start` to `end`, both counted from the value's end if they are negative.
Bytes range_of(Bytes value, std::int64_t start, std::int64_t end) {
  if (start < 0 && end < 0 && start > end) return {};
  const auto size = static_cast<std::int64_t>(value.size());
  if (start < 0) start = std::max<std::int64_t>(start + size, 0);
  if (end < 0) end = std::max<std::int64_t>(end + size, 0);
  end = std::min(end, size - 1);
  if (start > end || size == 0) return {};
  return value.substr(static_cast<std::size_t>(start), static_cast<std::size_t>(end - start + 1));
}

// What APPEND and SETRANGE do.
struct Edit {
  cache::Database database = 0;
  Bytes key;
  std::optional<std::size_t> offset;  // of the part; none: behind the end
  Bytes part;
};

// Refused for its size, the old value stays: nobody meant it to be gone. `made` and what it answers: see
// DeferredTask.
std::optional<Splice> apply(RespCall& call, const Edit& edit, const Splice* made, bool may_defer) {
  const std::size_t limit = call.environment.limits.value_size_max;
  bool is_too_long = false;
  std::size_t size = 0;
  std::string value;
  std::optional<Splice> to_make;
  const auto decide = [&](const ItemView* current) {
    const Bytes old = current == nullptr ? Bytes() : current->value;
    size = old.size();
    if (edit.offset && edit.part.empty()) return Change::keep();
    const std::size_t start = edit.offset.value_or(old.size());
    is_too_long = start > limit || edit.part.size() > limit - start;
    if (is_too_long) return Change::keep();
    size = std::max(old.size(), start + edit.part.size());
    if (edit.part.size() == size) return Change::store(edit.part, Expiry::keep());
    if (made != nullptr && made->original().is_still(current)) {
      return Change::store(made->bytes(), Expiry::keep());
    }
    if (may_defer && is_made_beforehand(call, old.size(), size)) {
      if (auto original = Original::if_cheap(current)) {
        to_make.emplace(*std::move(original), start, size);
        return Change::keep();
      }
    }
    value.reserve(size);
    value = old;
    value.resize(size);
    std::ranges::copy(edit.part, value.begin() + static_cast<std::ptrdiff_t>(start));
    return Change::store(value, Expiry::keep());
  };
  const StoreOutcome outcome = call.keys.update(edit.database, edit.key, call.now, decide);
  if (to_make) return to_make;
  if (is_too_long) {
    call.reply.error(too_long_error);
  } else if (outcome != StoreOutcome::stored) {
    reply_refused_store(call, outcome);
  } else {
    call.reply.integer(static_cast<std::int64_t>(size));
  }
  return std::nullopt;
}

class EditTask final : public DeferredTask<Splice> {
 public:
  EditTask(const RespCall& call, const Edit& edit, Splice splice)
      : DeferredTask(call, edit.database, edit.key, std::move(splice)),
        offset_(edit.offset),
        part_(call.state, edit.part) {}

  [[nodiscard]] std::size_t held_size() const override {
    return DeferredTask::held_size() + part_.held_size();
  }

 private:
  std::optional<Splice> run(RespCall& call, const Splice* made, bool may_defer) override {
    return apply(call, {.database = database(), .key = key(), .offset = offset_, .part = operand()}, made,
                 may_defer);
  }
  [[nodiscard]] Bytes operand() const override { return part_.bytes(); }

  std::optional<std::size_t> offset_;
  KeptArgument part_;
};

void answer(RespCall& call, const Edit& edit) {
  if (auto splice = apply(call, edit, nullptr, KeptArgument::is_cheap(call.state, edit.part))) {
    begin_task(call, std::make_unique<EditTask>(call, edit, *std::move(splice)));
  }
}

}  // namespace

void handle_append(RespCall& call) {
  answer(call, {.database = call.state.database,
                .key = call.arguments[1],
                .offset = std::nullopt,
                .part = call.arguments[2]});
}

void handle_getrange(RespCall& call) {
  const auto start = parse_int64(call.arguments[2]);
  const auto end = parse_int64(call.arguments[3]);
  if (!start || !end) return call.reply.error(not_an_integer_error);
  const bool found = call.keys.get(
      call.state.database, call.arguments[1], call.now,
      [&](const ItemView& item) { reply_value(call, item, range_of(item.value, *start, *end)); });
  if (!found) call.reply.bulk("");
}

void handle_substr(RespCall& call) { handle_getrange(call); }

void handle_setrange(RespCall& call) {
  const auto offset = parse_int64(call.arguments[2]);
  if (!offset) return call.reply.error(not_an_integer_error);
  if (*offset < 0) return call.reply.error("ERR offset is out of range");
  answer(call, {.database = call.state.database,
                .key = call.arguments[1],
                .offset = static_cast<std::size_t>(*offset),
                .part = call.arguments[3]});
}

}  // namespace larder::session
