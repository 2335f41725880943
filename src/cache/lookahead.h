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
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/hash.h"

namespace larder::cache {

/// Where a look-up will read. Both may be wrong, and cost time then; neither is followed.
template <class H>
concept LookupHints = requires(const H& hints, std::uint64_t hash) {
  { hints.line(hash) } -> std::same_as<const void*>;         // before anything was read
  { hints.record(hash) } -> std::same_as<const std::byte*>;  // by what stands in the line; null: none
};

/// As many as a core has reads under way, with the lines of their records.
inline constexpr std::size_t lookahead_group_size = 8;

/// Has the records fetched that `record_at(index)` tells of, up to a group of them.
template <class RecordAt>
void fetch_records(std::size_t count, RecordAt record_at) {
  constexpr std::size_t line_size = 64;
  constexpr std::size_t fetched_size = 3 * line_size;  // most are no larger
  std::array<const std::byte*, lookahead_group_size> records{};
  for (std::size_t i = 0; i < count; ++i) records[i] = record_at(i);
  for (std::size_t offset = 0; offset < fetched_size; offset += line_size) {
    for (std::size_t i = 0; i < count; ++i) {
      if (records[i] != nullptr) __builtin_prefetch(records[i] + offset);
    }
  }
}

/// The groups of a series of look-ups.
///
/// Ownership  borrows keys and hasher
/// Threads    as the hints
template <LookupHints Hints>
class Lookahead final {
 public:
  Lookahead(std::span<const Bytes> keys, const Hasher& hasher, const Hints& hints)
      : keys_(keys), hasher_(hasher), hints_(hints) {}

  /// Calls `look_up(index, hash)` for each key in order.
  template <class LookUp>
  void run(LookUp look_up) {
    const std::size_t step_count = (keys_.size() + lookahead_group_size - 1) / lookahead_group_size + 2;
    for (std::size_t step = 0; step < step_count; ++step) {
      fetch_lines(step);
      if (step >= 1) fetch_records_of(step - 1);
      if (step < 2) continue;
      const Group group = group_at(step - 2);
      for (std::size_t i = group.first; i < group.end; ++i) look_up(i, hash_of(i));
    }
  }

 private:
  // A group's hashes are made with its first step and needed until its last.
  static constexpr std::size_t kept_groups = 3;

  struct Group {
    std::size_t first = 0;
    std::size_t end = 0;
  };
  [[nodiscard]] Group group_at(std::size_t group) const {
    return {.first = std::min(group * lookahead_group_size, keys_.size()),
            .end = std::min((group + 1) * lookahead_group_size, keys_.size())};
  }
  [[nodiscard]] std::uint64_t& hash_of(std::size_t index) {
    return hashes_[index % (kept_groups * lookahead_group_size)];
  }

  void fetch_lines(std::size_t number) {
    const Group group = group_at(number);
    std::array<const void*, lookahead_group_size> lines{};
    for (std::size_t i = group.first; i < group.end; ++i) {
      hash_of(i) = hasher_(keys_[i]);
      lines[i - group.first] = hints_.line(hash_of(i));
    }
    for (std::size_t i = 0; i < group.end - group.first; ++i) __builtin_prefetch(lines[i]);
  }

  void fetch_records_of(std::size_t number) {
    const Group group = group_at(number);
    fetch_records(group.end - group.first,
                  [&](std::size_t index) { return hints_.record(hash_of(group.first + index)); });
  }

  std::span<const Bytes> keys_;
  const Hasher& hasher_;
  Hints hints_;
  std::array<std::uint64_t, kept_groups * lookahead_group_size> hashes_{};
};

}  // namespace larder::cache
