// cache/rules.h: the small decisions that every shard makes alike: may this store happen, when does it
// expire, when does a sweep free it.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "cache/backend.h"

namespace larder::cache {

/// Within a shard an item without a deadline has this one: it never passes.
inline constexpr TimePoint no_deadline = TimePoint::max();

[[nodiscard]] constexpr std::optional<TimePoint> shown_deadline(TimePoint deadline) {
  return deadline == no_deadline ? std::nullopt : std::optional(deadline);
}

/// An item is there up to its deadline, and gone from that millisecond on.
[[nodiscard]] constexpr bool has_expired(TimePoint deadline, TimePoint now) { return deadline <= now; }

/// The deadline of a store over an item with deadline `current` (no_deadline if nothing is there).
[[nodiscard]] constexpr TimePoint deadline_after(Expiry expiry, TimePoint current) {
  switch (expiry.kind) {
    case Expiry::Kind::none:
      return no_deadline;
    case Expiry::Kind::keep:
      return current;
    case Expiry::Kind::at:
      return expiry.deadline;
  }
  return no_deadline;
}

/// `current`: the token of the unexpired item, none if there is no such item.
[[nodiscard]] constexpr bool holds(Condition condition, std::optional<CompareToken> current) {
  switch (condition.kind) {
    case Condition::Kind::always:
      return true;
    case Condition::Kind::absent:
      return !current.has_value();
    case Condition::Kind::present:
      return current.has_value();
    case Condition::Kind::token:
      return condition.token != 0 && current == condition.token;
  }
  return false;
}

/// Time as sweeps see it, in steps of 1,024 ms. A sweep frees what was due before the current tick began;
/// calls on the item itself go by the millisecond.
using Tick = std::int64_t;
[[nodiscard]] constexpr Tick tick_of(TimePoint time) { return time.time_since_epoch().count() >> 10; }

}  // namespace larder::cache
