#include "session/resp_store_options.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <limits>

#include "base/ascii.h"
#include "base/hash.h"
#include "base/numbers.h"
#include "session/resp_handlers.h"

namespace larder::session {
namespace {

constexpr std::array time_options{expire_seconds, expire_milliseconds, TimeOption{"exat", true, false},
                                  TimeOption{"pxat", false, false}};

bool is_digest(Bytes text) {
  return text.size() == 16 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f');
         });
}

bool is_value_condition(Bytes word) { return find_value_condition(word).has_value(); }

}  // namespace

const TimeOption* find_time_option(Bytes word) {
  const auto found = std::ranges::find_if(
      time_options, [&](const TimeOption& option) { return equals_ignoring_case(word, option.name); });
  return found == time_options.end() ? nullptr : &*found;
}

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
    call.reply.error("ERR invalid expire time in '" + std::string(call.spec.name) + "' command");
    return std::nullopt;
  }
  // The last millisecond of all means "never" to the cache.
  return TimePoint{Duration{std::min(*number * unit + (option.is_relative ? now : 0), most - 1)}};
}

bool ValueCondition::is_malformed_for(const cache::ItemView* current) const {
  if (kind != Kind::digest_equal && kind != Kind::digest_different) return false;
  return current != nullptr && !is_digest(operand);
}

bool ValueCondition::holds(const cache::ItemView* current) const {
  if (is_malformed_for(current)) return false;
  switch (kind) {
    case Kind::always:
      return true;
    case Kind::absent:
      return current == nullptr;
    case Kind::present:
      return current != nullptr;
    case Kind::equal:
      return current != nullptr && current->value == operand;
    case Kind::different:
      return current == nullptr || current->value != operand;
    case Kind::digest_equal:
      return current != nullptr && equals_ignoring_case(digest_of(current->value), operand);
    case Kind::digest_different:
      return current == nullptr || !equals_ignoring_case(digest_of(current->value), operand);
  }
  return true;
}

std::optional<ValueCondition::Kind> find_value_condition(Bytes word) {
  using enum ValueCondition::Kind;
  if (equals_ignoring_case(word, "ifeq")) return equal;
  if (equals_ignoring_case(word, "ifne")) return different;
  if (equals_ignoring_case(word, "ifdeq")) return digest_equal;
  if (equals_ignoring_case(word, "ifdne")) return digest_different;
  return std::nullopt;
}

std::optional<StoreOptions> read_store_options(RespCall& call, std::size_t first, StoreGrammar grammar) {
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
  if (keeps_deadline) options.expiry = cache::Expiry::keep();
  if (time_option != nullptr) {
    const auto deadline = read_deadline(call, *time_option, time_text);
    if (!deadline) return std::nullopt;
    options.expiry = cache::Expiry::at(*deadline);
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

// As Redis does, in whatever place among the options the word stands.
Bytes access_of_set(std::span<const Bytes> arguments) {
  const auto options = arguments.subspan(std::min<std::size_t>(3, arguments.size()));
  const auto is_get = [](Bytes word) { return equals_ignoring_case(word, "get"); };
  if (std::ranges::any_of(options, is_get)) return "RW access update";
  return std::ranges::any_of(options, is_value_condition) ? "RW update" : "OW update";
}

Bytes access_of_delex(std::span<const Bytes> arguments) {
  const auto options = arguments.subspan(std::min<std::size_t>(2, arguments.size()));
  return std::ranges::any_of(options, is_value_condition) ? "RW delete" : "RM delete";
}

std::string digest_text(std::uint64_t digest) { return fmt::format("{:016x}", digest); }

std::string digest_of(Bytes value) { return digest_text(digest64(value)); }

}  // namespace larder::session
