// INCR and its kin: numbers kept as text.
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
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

constexpr Bytes not_a_float_error = "ERR value is not a valid float";

void increment(RespCall& call, std::int64_t delta) {
  Bytes error;
  std::int64_t result = 0;
  std::optional<IntegerText> text;
  const StoreOutcome outcome =
      call.keys.update(call.state.database, call.arguments[1], call.now, [&](const ItemView* current) {
        const auto value = current == nullptr ? std::optional<std::int64_t>(0) : parse_int64(current->value);
        if (!value) {
          error = not_an_integer_error;
        } else if (__builtin_add_overflow(*value, delta, &result)) {
          error = "ERR increment or decrement would overflow";
        }
        if (!error.empty()) return Change::keep();
        text.emplace(result);
        return Change::store(text->bytes(), Expiry::keep());
      });
  if (!error.empty()) return call.reply.error(error);
  if (outcome != StoreOutcome::stored) return reply_refused_store(call, outcome);
  call.reply.integer(result);
}

// As strtold() reads it, but for blanks in front. Long double is what Redis computes with: 1e17 + 0.1 and the
// like come out the same.
std::optional<long double> parse_float(Bytes text) {
  constexpr std::size_t size_max = 5120;
  if (text.empty() || text.size() >= size_max ||
      std::isspace(static_cast<unsigned char>(text.front())) != 0 || text.contains('\0')) {
    return std::nullopt;
  }
  const std::string copy(text);
  char* end = nullptr;
  errno = 0;
  const long double value = std::strtold(copy.c_str(), &end);
  const bool is_out_of_range = errno == ERANGE && (std::isinf(value) || value == 0);
  if (end != copy.c_str() + copy.size() || is_out_of_range || std::isnan(value)) return std::nullopt;
  return value;
}

// Seventeen digits behind the point, and no zeros at the end of them.
std::string float_text(long double value) {
  std::array<char, 5120> buffer{};
  const int size = std::snprintf(buffer.data(), buffer.size(), "%.17Lf", value);
  std::string text(buffer.data(), static_cast<std::size_t>(size));
  if (text.contains('.')) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

}  // namespace

void handle_incr(RespCall& call) { increment(call, 1); }
void handle_decr(RespCall& call) { increment(call, -1); }

void handle_incrby(RespCall& call) {
  const auto delta = parse_int64(call.arguments[2]);
  if (!delta) return call.reply.error(not_an_integer_error);
  increment(call, *delta);
}

void handle_decrby(RespCall& call) {
  const auto delta = parse_int64(call.arguments[2]);
  if (!delta) return call.reply.error(not_an_integer_error);
  if (*delta == std::numeric_limits<std::int64_t>::min()) {
    return call.reply.error("ERR decrement would overflow");
  }
  increment(call, -*delta);
}

void handle_incrbyfloat(RespCall& call) {
  Bytes error;
  std::string text;
  const StoreOutcome outcome =
      call.keys.update(call.state.database, call.arguments[1], call.now, [&](const ItemView* current) {
        const auto value = current == nullptr ? std::optional(0.0L) : parse_float(current->value);
        const auto delta = parse_float(call.arguments[2]);
        if (!value || !delta) {
          error = not_a_float_error;
          return Change::keep();
        }
        const long double result = *value + *delta;
        if (std::isnan(result) || std::isinf(result)) {
          error = "ERR increment would produce NaN or Infinity";
          return Change::keep();
        }
        text = float_text(result);
        return Change::store(text, Expiry::keep());
      });
  if (!error.empty()) return call.reply.error(error);
  if (outcome != StoreOutcome::stored) return reply_refused_store(call, outcome);
  call.reply.bulk(text);
}

}  // namespace larder::session
