// cache/lookahead.h: many look-ups whose reads from memory are under way together.
//
// A look-up reads two places that no cache of the processor has: a line of the index, and the record that it
// points to. One after the other, each look-up waits for both. So the keys go through in groups, and three
// groups are under way at a time:
//
//   keys     0..7     8..15    16..23   24..31
//   step 1   lines
//   step 2   records  lines
//   step 3   look up  records  lines
//   step 4            look up  records  lines
//
// Each loop that asks for memory does nothing else. A prefetch that waits for a page walk holds up what comes
// after it when the core's window is full, so with the work in between only three would be under way.
//
// Source: S. Chen, A. Ailamaki, P. Gibbons, T. Mowry, "Improving hash join performance through prefetching",
// ACM TODS 32(3), 2007: group prefetching and software pipelining.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "cache/backend.h"

namespace larder::cache {

/// As many as a core has reads under way, with the lines of their records.
inline constexpr std::size_t lookahead_group_size = 8;

/// Has the lines fetched of any number of hints.
inline void fetch_lines(std::span<const KeyHint> hints) {
  for (const KeyHint& hint : hints) __builtin_prefetch(hint.line);
}

/// Has the records fetched of up to a group of hints; `record_of(hint)` is where one begins, or null.
template <class RecordOf>
void fetch_found(std::span<const KeyHint> hints, RecordOf record_of) {
  constexpr std::size_t line_size = 64;
  constexpr std::size_t fetched_size = 3 * line_size;  // most are no larger
  std::array<const std::byte*, lookahead_group_size> records{};
  for (std::size_t i = 0; i < hints.size(); ++i) records[i] = record_of(hints[i]);
  for (std::size_t offset = 0; offset < fetched_size; offset += line_size) {
    for (std::size_t i = 0; i < hints.size(); ++i) {
      if (records[i] != nullptr) __builtin_prefetch(records[i] + offset);
    }
  }
}

/// Calls `look_up(index, hash)` for each index below `count`, in order. `hint_of(index)` is asked once for
/// each, some time before.
template <class HintOf, class RecordOf, class LookUp>
void look_ahead(std::size_t count, HintOf hint_of, RecordOf record_of, LookUp look_up) {
  constexpr std::size_t size = lookahead_group_size;
  constexpr std::size_t kept_count =
      3;  // a group's hints are made in its first step and needed until its last
  std::array<std::array<KeyHint, size>, kept_count> kept{};
  const auto hints_at = [&](std::size_t group) {
    const std::size_t first = std::min(group * size, count);
    return std::span(kept[group % kept_count]).first(std::min(size, count - first));
  };
  const std::size_t step_count = (count + size - 1) / size + 2;
  for (std::size_t step = 0; step < step_count; ++step) {
    const std::span<KeyHint> coming = hints_at(step);
    for (std::size_t i = 0; i < coming.size(); ++i) coming[i] = hint_of(step * size + i);
    fetch_lines(coming);
    if (step >= 1) fetch_found(hints_at(step - 1), record_of);
    if (step < 2) continue;
    const std::span<const KeyHint> ready = hints_at(step - 2);
    for (std::size_t i = 0; i < ready.size(); ++i) look_up((step - 2) * size + i, ready[i].hash);
  }
}

}  // namespace larder::cache
