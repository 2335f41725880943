// session/config_parameters.h: what CONFIG GET shows and CONFIG SET changes, as a table.
//
// Names, order of errors and their texts are those of redis-server 7.0.15. A parameter that Redis can change
// while it runs and this server cannot takes the value that it has; another one of the right kind is refused
// as Redis refuses to change what it calls immutable. Of what there is nothing of here, a parameter says so
// (appendonly no), or has the value with which Redis begins, where it has no effect there either
// (lfu-log-factor 10).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.h"

namespace larder::session {

struct Environment;

/// The end of a sentence that begins "CONFIG SET failed ...". None: the text is taken.
using Refusal = std::optional<std::string>;

/// CONFIG SET sets all it names or nothing: first each is only asked whether it would take its text.
enum class Pass : std::uint8_t { asks, sets };

/// One row.
///
/// Threads    any
struct Parameter {
  /// What a text is checked for before it is compared with the value that stays.
  enum class Kind : std::uint8_t {
    text,
    flag,       // yes or no
    integer,    // one that fits in 64 bits
    size,       // bytes, with a unit perhaps: 64mb
    choice,     // one of `choices`
    immutable,  // nothing is taken, not even the value that it has
    guarded,    // the same, in other words: it could harm the machine
  };

  Bytes name;
  std::string (*value)(const Environment& environment) = nullptr;  // null: `constant`
  Bytes constant{};
  Kind kind = Kind::text;
  Bytes choices{};  // "everysec, always, no"
  // Null: what is of the right kind may be set to what it is, and to nothing else.
  Refusal (*set)(const Environment& environment, Bytes text, Pass pass) = nullptr;
};

/// Ordered by name.
[[nodiscard]] std::span<const Parameter> config_parameters();
/// Null: there is none of that name. Any case.
[[nodiscard]] const Parameter* find_config_parameter(Bytes name);

/// Why nothing at all can be set, whatever the text. Empty: something may be.
[[nodiscard]] Bytes fixed_reason(const Parameter& parameter);
[[nodiscard]] std::string value_of(const Environment& environment, const Parameter& parameter);
/// For one without a fixed_reason().
[[nodiscard]] Refusal set_value(const Environment& environment, const Parameter& parameter, Bytes text,
                                Pass pass);

}  // namespace larder::session
