// Parts of values: APPEND, GETRANGE, SETRANGE.
#include <algorithm>
#include <optional>
#include <string>

#include "base/numbers.h"
#include "session/resp_handlers.h"

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

}  // namespace

// Refused for its size, the old value stays: nobody meant it to be gone.
void handle_append(RespCall& call) {
  const Bytes tail = call.arguments[2];
  bool is_too_long = false;
  std::string value;
  const StoreOutcome outcome =
      call.keys.update(call.state.database, call.arguments[1], call.now, [&](const ItemView* current) {
        const std::size_t size = (current == nullptr ? 0 : current->value.size()) + tail.size();
        is_too_long = size > call.environment.limits.value_size_max;
        if (is_too_long) return Change::keep();
        value.reserve(size);
        if (current != nullptr) value.append(current->value);
        value.append(tail);
        return Change::store(value, Expiry::keep());
      });
  if (is_too_long) return call.reply.error(too_long_error);
  if (outcome != StoreOutcome::stored) return reply_refused_store(call, outcome);
  call.reply.integer(static_cast<std::int64_t>(value.size()));
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
  const Bytes part = call.arguments[3];
  const auto start = static_cast<std::size_t>(*offset);
  bool is_too_long = false;
  std::size_t size = 0;
  std::string value;
  const StoreOutcome outcome =
      call.keys.update(call.state.database, call.arguments[1], call.now, [&](const ItemView* current) {
        size = current == nullptr ? 0 : current->value.size();
        if (part.empty()) return Change::keep();
        const std::size_t limit = call.environment.limits.value_size_max;
        is_too_long = start > limit || part.size() > limit - start;
        if (is_too_long) return Change::keep();
        if (current != nullptr) value = current->value;
        value.resize(std::max(size, start + part.size()));
        std::ranges::copy(part, value.begin() + static_cast<std::ptrdiff_t>(start));
        size = value.size();
        return Change::store(value, Expiry::keep());
      });
  if (is_too_long) return call.reply.error(too_long_error);
  if (outcome != StoreOutcome::stored) return reply_refused_store(call, outcome);
  call.reply.integer(static_cast<std::int64_t>(size));
}

}  // namespace larder::session
