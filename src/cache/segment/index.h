// cache/segment/index.h: finds an item's place in the log from its hash.
//
// Lines of one CPU cache line, eight slots each, in groups that each own a range of hashes:
//
//   group 0 (hashes 00...)               group 1 (hashes 01...)            ...
//   [ line 0 ][ line 1 ] ... [ line 31 ] [ line 0 ] ... [ line 31 ]
//
// A key's hash names its group by its first bits and a line in the group by the bits behind them. When that
// line is full, the slot goes to the next one of the group that has room; a line with room ends the search.
// Removing a slot pulls back one that had been pushed on. A lookup reads 1.1 lines on average.
//
// The index grows by one line at a time. One group after the other gets a 33rd line and spreads its slots
// over 33, then all get a 34th, until a group that would get its 64th becomes two groups of 32. So all lines
// are about equally full, whatever the number of items: 72 %, or 11.1 bytes an item. No call ever moves more
// than one group's slots, and the tag in the slot says where each goes: no record is read for it.
//
//   lines in memory   [ 32 for each first group ][ 33rd of each ][ 34th of each ] ... [ 64th of each ] ...
//
// New lines are thus always at the end, in the order in which they come: the index is one array that grows,
// in chunks that come from the same pool as the log's segments. Groups this large hardly ever fill up (that
// is five standard deviations off).
//
// Keys made to collide can fill a group, and the next one pushes an item out. At most same_tag_count_max of
// them can have the same tag, so that a lookup never compares more keys than that: a flood costs hits, not
// time. Scans walk lines in the order of hashes, whatever the size: see range_end().
//
// Source: Larson, "Linear hashing with partial expansions", VLDB 1980. Differs: 32 partial expansions instead
// of two; the range of hashes is cut in order, so that a scan's cursor survives; overflow goes to neighbours.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/assert.h"
#include "base/function_ref.h"
#include "cache/segment/slot.h"

namespace larder::cache::segment {

inline constexpr std::size_t slots_per_line = 8;

/// Where the chunks of an index come from. They stay readable after they were given back, since a reader
/// without the lock may still look into one.
class IndexMemory {
 public:
  virtual ~IndexMemory() = default;
  [[nodiscard]] virtual std::size_t chunk_size() const = 0;       // bytes, a power of two of 64 or more
  [[nodiscard]] virtual std::size_t chunk_count_max() const = 0;  // that one index may have
  [[nodiscard]] virtual std::byte* take() = 0;                    // null: there is none
  virtual void give_back(std::byte* chunk) = 0;
};

/// The slots of one shard.
///
/// Units      a `hash` here has the shard's own bits cut off: its top bit is the first that differs
/// Ownership  owns no record; its lines lie in chunks of `memory`
/// Threads    one writer under the shard's lock; beside it find() and first_line() from any thread, and
///            compare-and-swap of a slot's use count
/// Errors     insert() answers with the slot that had to go
/// Invariant  a slot stands in its own line, or up to probe_count_max - 1 lines behind it with all lines
///            between full; no more than same_tag_count_max slots of a group have the same tag
class Index final {
 public:
  static constexpr unsigned probe_count_max = 32;
  static constexpr unsigned same_tag_count_max = 8;

  /// `first_level`: as 2^first_level groups it begins, and never is smaller. Takes its first chunks from
  /// `memory`; throws std::bad_alloc if there are none.
  Index(IndexMemory& memory, unsigned first_level);
  ~Index();
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  /// A slot's place. Valid until the next insert, remove, grow or shrink.
  struct Place {
    std::atomic<Slot>* slot = nullptr;
    [[nodiscard]] Slot load() const { return slot->load(std::memory_order_acquire); }
    void store(Slot value) const { slot->store(value, std::memory_order_release); }
  };

  /// The slot whose tag fits and for which `is_it(location)` holds. Without the lock, the answer may be wrong
  /// in any way if a writer was at work, and `is_it` sees locations that were never stored.
  template <class IsIt>
  [[nodiscard]] std::optional<Place> find(std::uint64_t hash, IsIt is_it) const;

  /// The line that find() will look at first, to be fetched before it is needed.
  [[nodiscard]] const void* first_line(std::uint64_t hash) const { return line(address_of(hash), 0); }

  /// What stands in that line for the hash: most likely where its record lies. 0: nothing does. The line may
  /// have changed hands since.
  [[nodiscard]] Location location_hint(const void* first_line, std::uint64_t hash) const {
    const Line& line = *static_cast<const Line*>(first_line);
    const unsigned matches = matches_in(line, tag_for(hash));
    if (matches == 0) return 0;
    return location_of(
        line.slots[static_cast<std::size_t>(std::countr_zero(matches))].load(std::memory_order_acquire));
  }

  /// Puts a slot for `hash` in; its tag is filled in here. If there is no room for it, the answer is a slot
  /// that has to go (one with few uses): remove it and call again.
  [[nodiscard]] std::optional<Slot> insert(std::uint64_t hash, Slot slot);

  void remove(std::uint64_t hash, Place place);

  /// A group gets a line more, if there is memory. Slots that find no room, which hardly ever happens, are
  /// handed to `lost`.
  bool grow(FunctionRef<void(Slot)> lost);
  /// And the last such line goes again, if its group's slots fit without it.
  bool shrink(FunctionRef<void(Slot)> lost);
  /// More than 72 % full; less than half.
  [[nodiscard]] bool is_growth_due() const { return size_ * 100 > line_count() * slots_per_line * 72; }
  [[nodiscard]] bool is_shrink_due() const {
    return line_count() > first_line_count_ && size_ < line_count() * slots_per_line / 2;
  }

  /// Forgets everything and is as large as at first.
  void reset();

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t line_count() const;
  [[nodiscard]] std::size_t chunk_count() const { return chunk_count_; }

  /// For scans: the last hash of those that belong to the same line as `hash`.
  [[nodiscard]] std::uint64_t range_end(std::uint64_t hash) const;
  /// Calls `visit(slot)` for each slot that belongs to that line.
  template <class Visit>
  void each_in_range(std::uint64_t hash, Visit visit) const;

  [[nodiscard]] Tag tag_for(std::uint64_t hash) const {
    return static_cast<Tag>(hash << first_level_ >> (64 - tag_bit_count));
  }

 private:
  struct alignas(64) Line {
    std::array<std::atomic<Slot>, slots_per_line> slots;
  };

  // How far the growth is, in one word, so that a reader without a lock never sees half of a step.
  struct Extent {
    unsigned level;       // 2^level groups, at first with parts_min lines each
    unsigned parts;       // lines of the groups that this round has not reached yet
    std::uint64_t split;  // groups before this one have one more
  };
  // A group of lines, and the line that a hash belongs to.
  struct Address {
    std::uint64_t group;
    unsigned level;
    unsigned parts;
    unsigned first;
  };

  static constexpr unsigned parts_min = 32;
  static constexpr unsigned parts_max = 64;  // never reached: two groups of 32 instead
  static_assert(probe_count_max <= parts_min);
  static constexpr std::size_t group_slot_count_max = parts_max * slots_per_line;

  static std::uint64_t pack(Extent extent) {
    return std::uint64_t{extent.level} << 58 | std::uint64_t{extent.parts} << 50 | extent.split;
  }
  static Extent unpack(std::uint64_t word) {
    return {.level = static_cast<unsigned>(word >> 58),
            .parts = static_cast<unsigned>(word >> 50) & 0xFFU,
            .split = word & ((std::uint64_t{1} << 50) - 1)};
  }
  [[nodiscard]] Extent extent() const { return unpack(extent_.load(std::memory_order_acquire)); }
  void set_extent(Extent extent) { extent_.store(pack(extent), std::memory_order_release); }

  static std::uint64_t top_bits(std::uint64_t hash, unsigned count) { return hash >> 1 >> (63 - count); }
  // How many lines come before those that level `level` adds.
  static std::uint64_t lines_before(unsigned level) { return std::uint64_t{parts_min} << level; }

  [[nodiscard]] Address group_of(std::uint64_t hash, Extent extent) const;
  [[nodiscard]] Address address_of(std::uint64_t hash) const;
  [[nodiscard]] unsigned first_line_of(Tag tag, unsigned level, unsigned parts) const;
  [[nodiscard]] std::uint64_t line_number(std::uint64_t group, unsigned level, unsigned part) const;
  [[nodiscard]] Line* line(const Address& address, unsigned step) const {
    const unsigned part = address.first + step;
    return numbered(
        line_number(address.group, address.level, part < address.parts ? part : part - address.parts));
  }
  [[nodiscard]] Line* line_at(std::uint64_t group, unsigned level, unsigned part) const {
    return numbered(line_number(group, level, part));
  }

  [[nodiscard]] Line* numbered(std::uint64_t number) const {
    std::byte* const chunk = chunks_[number >> chunk_line_bit_count_].load(std::memory_order_acquire);
    return reinterpret_cast<Line*>(chunk) + (number & ((std::uint64_t{1} << chunk_line_bit_count_) - 1));
  }

  // The slots of a line that have the tag, by their bits. Empty ones have 0.
  static unsigned matches_in(const Line& line, Tag tag);
  static bool has_free_slot(const Line& line);

  static std::atomic<Slot>* free_slot(Line& line);
  static void empty(Line& line);
  struct GroupSlots {
    std::array<Slot, group_slot_count_max + 1> slots;  // the last is written to, never read
    std::size_t count = 0;
  };
  void read_group(std::uint64_t group, unsigned level, unsigned parts, GroupSlots& read) const;
  void write_group(std::uint64_t group, unsigned level, unsigned parts, std::span<const Slot> slots,
                   FunctionRef<void(Slot)> lost);
  void split_group(std::uint64_t group, unsigned level, GroupSlots& read, FunctionRef<void(Slot)> lost);
  [[nodiscard]] bool add_line(std::size_t number);
  void trim(std::size_t spare_line_count);

  IndexMemory& memory_;
  unsigned chunk_line_bit_count_;
  unsigned first_level_;
  std::size_t first_line_count_;
  std::atomic<std::uint64_t> extent_{0};
  std::size_t size_ = 0;
  std::size_t chunk_count_ = 0;
  // Those beyond chunk_count_ keep their last address, for readers that are late.
  std::unique_ptr<std::atomic<std::byte*>[]> chunks_;
};

inline Index::Address Index::group_of(std::uint64_t hash, Extent extent) const {
  const std::uint64_t group = top_bits(hash, extent.level);
  if (group >= extent.split)
    return {.group = group, .level = extent.level, .parts = extent.parts, .first = 0};
  if (extent.parts + 1 < parts_max) {
    return {.group = group, .level = extent.level, .parts = extent.parts + 1, .first = 0};
  }
  return {
      .group = top_bits(hash, extent.level + 1), .level = extent.level + 1, .parts = parts_min, .first = 0};
}

// What is left of the tag behind the bits that name the group, as a fraction of its lines.
inline unsigned Index::first_line_of(Tag tag, unsigned level, unsigned parts) const {
  const unsigned bit_count = tag_bit_count - (level - first_level_);
  const Tag fraction = tag & ((Tag{1} << bit_count) - 1);
  return static_cast<unsigned>(std::uint64_t{fraction} * parts >> bit_count);
}

inline Index::Address Index::address_of(std::uint64_t hash) const {
  Address address = group_of(hash, extent());
  address.first = first_line_of(tag_for(hash), address.level, address.parts);
  return address;
}

// Lines 0 to 31 of an odd group were lines 32 to 63 of the group that it was split from; those of an even one
// are that group's own first 32, so that an even group is followed back to the last split that made it odd.
inline std::uint64_t Index::line_number(std::uint64_t group, unsigned level, unsigned part) const {
  if (part >= parts_min) return lines_before(level) + ((std::uint64_t{part} - parts_min) << level) + group;
  const auto even_splits = static_cast<unsigned>(std::countr_zero(group | std::uint64_t{1} << 63));
  const unsigned back = std::min(even_splits, level - first_level_);
  group >>= back;
  level -= back;
  if (level == first_level_) return group * parts_min + part;
  return lines_before(level - 1) + (std::uint64_t{part} << (level - 1)) + group / 2;
}

// All eight slots are compared before any is looked at closer: a loop that ends at the right one ends
// somewhere else each time, and the processor would guess wrong.
inline unsigned Index::matches_in(const Line& line, Tag tag) {
  unsigned matches = 0;
#pragma GCC unroll 8
  for (unsigned i = 0; i < slots_per_line; ++i) {
    matches |= static_cast<unsigned>(tag_of(line.slots[i].load(std::memory_order_acquire)) == tag) << i;
  }
  return matches;
}

inline bool Index::has_free_slot(const Line& line) {
  return std::ranges::any_of(line.slots, [](const std::atomic<Slot>& slot) {
    return slot.load(std::memory_order_acquire) == empty_slot;
  });
}

template <class IsIt>
std::optional<Index::Place> Index::find(std::uint64_t hash, IsIt is_it) const {
  const Tag tag = tag_for(hash);
  const Address address = address_of(hash);
  for (unsigned step = 0; step < probe_count_max; ++step) {
    Line& candidates = *line(address, step);
    for (unsigned matches = matches_in(candidates, tag); matches != 0; matches &= matches - 1) {
      std::atomic<Slot>& candidate = candidates.slots[static_cast<std::size_t>(std::countr_zero(matches))];
      const Slot slot = candidate.load(std::memory_order_acquire);
      if (slot != empty_slot && is_it(location_of(slot))) return Place{&candidate};
    }
    if (has_free_slot(candidates)) return std::nullopt;
  }
  return std::nullopt;
}

template <class Visit>
void Index::each_in_range(std::uint64_t hash, Visit visit) const {
  const Address address = address_of(hash);
  for (unsigned step = 0; step < probe_count_max; ++step) {
    bool is_full = true;
    for (const std::atomic<Slot>& place : line(address, step)->slots) {
      const Slot slot = place.load(std::memory_order_acquire);
      is_full = is_full && slot != empty_slot;
      if (slot == empty_slot) continue;
      if (first_line_of(tag_of(slot), address.level, address.parts) == address.first) visit(slot);
    }
    if (!is_full) return;
  }
}

}  // namespace larder::cache::segment
