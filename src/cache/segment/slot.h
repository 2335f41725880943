// cache/segment/slot.h: eight bytes that stand for one item.
//
//   63            44 43    42 41   40 39                                    0
//   [ tag, 20 bits  ][ history ][ count ][ location in the log, 40 bits        ]
//
// The tag is a piece of the key's hash: enough to place the slot when the index grows, and to pass over
// nearly all slots of other keys without looking at their records. The count is how often the item was used,
// up to 3; what the history means is the eviction policy's. A slot of all zeros is empty: no location is 0.
#pragma once

#include <cstdint>

#include "cache/segment/pool.h"

namespace larder::cache::segment {

using Slot = std::uint64_t;
using Tag = std::uint32_t;

inline constexpr unsigned tag_bit_count = 20;
inline constexpr Slot empty_slot = 0;

inline constexpr unsigned count_shift = location_bit_count;
inline constexpr unsigned history_shift = count_shift + 2;
inline constexpr unsigned tag_shift = history_shift + 2;
static_assert(tag_shift + tag_bit_count == 64);

inline constexpr unsigned use_count_max = 3;
inline constexpr unsigned history_max = 3;

[[nodiscard]] constexpr Tag tag_of(Slot slot) { return static_cast<Tag>(slot >> tag_shift); }
[[nodiscard]] constexpr Location location_of(Slot slot) {
  return slot & ((Location{1} << location_bit_count) - 1);
}
[[nodiscard]] constexpr unsigned use_count_of(Slot slot) {
  return static_cast<unsigned>(slot >> count_shift) & use_count_max;
}
[[nodiscard]] constexpr unsigned history_of(Slot slot) {
  return static_cast<unsigned>(slot >> history_shift) & history_max;
}

[[nodiscard]] constexpr Slot make_slot(Tag tag, Location location, unsigned use_count, unsigned history) {
  return Slot{tag} << tag_shift | Slot{history} << history_shift | Slot{use_count} << count_shift | location;
}
[[nodiscard]] constexpr Slot with_location(Slot slot, Location location) {
  return slot - location_of(slot) + location;
}
[[nodiscard]] constexpr Slot with_use_count(Slot slot, unsigned use_count) {
  return make_slot(tag_of(slot), location_of(slot), use_count, history_of(slot));
}

}  // namespace larder::cache::segment
