// session/resp_store_options.h: the options that SET, GETEX, SETEX and MSETEX have in common: a deadline, and
// a condition.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "cache/backend.h"

namespace larder::session {

struct RespCall;

/// How the number behind EX, PX, EXAT or PXAT is meant.
struct TimeOption {
  Bytes name;
  bool is_seconds;
  bool is_relative;
};
inline constexpr TimeOption expire_seconds{"ex", true, true};
inline constexpr TimeOption expire_milliseconds{"px", false, true};

/// Null: `word` is none of the four.
[[nodiscard]] const TimeOption* find_time_option(Bytes word);

/// None: the number is none, or the moment is not after 1970 or beyond what 64 bits hold; `call` is answered.
[[nodiscard]] std::optional<TimePoint> read_deadline(RespCall& call, const TimeOption& option, Bytes text);

/// NX, XX, and what the current value or its digest has to be, or must not be.
struct ValueCondition {
  enum class Kind : std::uint8_t {
    always,
    absent,
    present,
    equal,
    different,
    digest_equal,
    digest_different
  };
  Kind kind = Kind::always;
  Bytes operand;

  /// And not about the key alone.
  [[nodiscard]] bool is_about_value() const {
    return kind != Kind::always && kind != Kind::absent && kind != Kind::present;
  }
  /// `current` is null if there is none.
  [[nodiscard]] bool holds(const cache::ItemView* current) const;
  /// A digest has sixteen hexadecimal digits, which is asked only if there is a value to compare it with: as
  /// in Redis, without one the key alone decides. Such a condition does not hold.
  [[nodiscard]] bool is_malformed_for(const cache::ItemView* current) const;
};

/// IFEQ, IFNE, IFDEQ, IFDNE; none: `word` is another.
[[nodiscard]] std::optional<ValueCondition::Kind> find_value_condition(Bytes word);

/// The options of one command.
struct StoreOptions {
  ValueCondition condition;
  cache::Expiry expiry;
  bool returns_old = false;
};

/// What they may be.
struct StoreGrammar {
  bool has_get = false;
  bool has_value_conditions = false;
};

/// Of all arguments from `first` on. None: `call` is answered with an error.
[[nodiscard]] std::optional<StoreOptions> read_store_options(RespCall& call, std::size_t first,
                                                             StoreGrammar grammar);

[[nodiscard]] bool value_fits(const RespCall& call, Bytes value);
void reply_too_long_value(RespCall& call);

/// XXH3 of 64 bits, as DIGEST shows it.
[[nodiscard]] std::string digest_of(Bytes value);
/// The same of a digest.
[[nodiscard]] std::string digest_text(std::uint64_t digest);

}  // namespace larder::session
