#include "cache/segment/index.h"

#include <new>

namespace larder::cache::segment {
namespace {

// Below this many bits of the tag, a group's slots would no longer spread evenly over its lines. 2^14 times
// the first groups are more items than a shard's share of any machine.
constexpr unsigned fraction_bit_count_min = 6;

}  // namespace

static_assert(std::atomic<Slot>::is_always_lock_free);

Index::Index(IndexMemory& memory, unsigned first_level)
    : memory_(memory),
      chunk_line_bit_count_(static_cast<unsigned>(std::countr_zero(memory.chunk_size() / sizeof(Line)))),
      first_level_(first_level),
      first_line_count_(std::size_t{parts_min} << first_level),
      chunks_(std::make_unique<std::atomic<std::byte*>[]>(memory.chunk_count_max())) {
  set_extent({.level = first_level, .parts = parts_min, .split = 0});
  for (std::size_t number = 0; number < first_line_count_; ++number) {
    if (add_line(number)) continue;
    while (chunk_count_ > 0) memory_.give_back(chunks_[--chunk_count_]);
    throw std::bad_alloc();
  }
}

Index::~Index() {
  while (chunk_count_ > 0) memory_.give_back(chunks_[--chunk_count_]);
}

std::size_t Index::line_count() const {
  const Extent now = extent();
  return static_cast<std::size_t>((std::uint64_t{now.parts} << now.level) + now.split);
}

// A chunk may have held anything before: a line is emptied when it comes into use.
bool Index::add_line(std::size_t number) {
  if (number >> chunk_line_bit_count_ == chunk_count_) {
    if (chunk_count_ == memory_.chunk_count_max()) return false;
    std::byte* const chunk = memory_.take();
    if (chunk == nullptr) return false;
    chunks_[chunk_count_++].store(chunk, std::memory_order_release);
  }
  empty(*numbered(number));
  return true;
}

void Index::trim(std::size_t spare_line_count) {
  while (((chunk_count_ - 1) << chunk_line_bit_count_) >= line_count() + spare_line_count) {
    memory_.give_back(chunks_[--chunk_count_]);
  }
}

void Index::empty(Line& line) {
  for (std::atomic<Slot>& place : line.slots) place.store(empty_slot, std::memory_order_release);
}

std::atomic<Slot>* Index::free_slot(Line& line) {
  for (std::atomic<Slot>& place : line.slots) {
    if (place.load(std::memory_order_relaxed) == empty_slot) return &place;
  }
  return nullptr;
}

std::optional<Slot> Index::insert(std::uint64_t hash, Slot slot) {
  const Tag tag = tag_for(hash);
  const Address address = address_of(hash);
  std::atomic<Slot>* free = nullptr;
  Slot least_used = empty_slot;
  Slot least_used_of_tag = empty_slot;
  unsigned same_tag_count = 0;
  const auto prefer = [](Slot& best, Slot candidate) {
    if (best == empty_slot || use_count_of(candidate) < use_count_of(best)) best = candidate;
  };
  for (unsigned step = 0; step < probe_count_max && free == nullptr; ++step) {
    for (std::atomic<Slot>& place : line(address, step)->slots) {
      const Slot candidate = place.load(std::memory_order_relaxed);
      if (candidate == empty_slot) {
        if (free == nullptr) free = &place;
        continue;
      }
      prefer(least_used, candidate);
      if (tag_of(candidate) != tag) continue;
      prefer(least_used_of_tag, candidate);
      ++same_tag_count;
    }
  }
  if (same_tag_count >= same_tag_count_max) return least_used_of_tag;
  if (free == nullptr) return least_used;
  free->store(make_slot(tag, location_of(slot), use_count_of(slot), history_of(slot)),
              std::memory_order_release);
  ++size_;
  return std::nullopt;
}

// A slot that had been pushed on from a line is pulled back into it, or a search would end at the hole before
// it reaches that slot. The hole then is where that slot was, and so on.
void Index::remove(std::uint64_t hash, Place place) {
  const Address address = address_of(hash);
  unsigned hole_step = 0;
  const auto holds = [&](unsigned step) {
    const Line& candidate = *line(address, step);
    return place.slot >= candidate.slots.data() && place.slot < candidate.slots.data() + slots_per_line;
  };
  while (!holds(hole_step)) {
    ++hole_step;
    LARDER_ASSERT(hole_step < probe_count_max);
  }
  const auto part_at = [&](unsigned step) { return (address.first + step) % address.parts; };

  bool was_full = free_slot(*line(address, hole_step)) == nullptr;
  std::atomic<Slot>* hole = place.slot;
  hole->store(empty_slot, std::memory_order_release);
  --size_;
  while (was_full) {
    bool moved = false;
    for (unsigned distance = 1; distance < probe_count_max && !moved; ++distance) {
      const unsigned part = part_at(hole_step + distance);
      Line& next = *line_at(address.group, address.level, part);
      const bool next_was_full = free_slot(next) == nullptr;
      for (std::atomic<Slot>& candidate : next.slots) {
        const Slot slot = candidate.load(std::memory_order_relaxed);
        if (slot == empty_slot) continue;
        const unsigned own = first_line_of(tag_of(slot), address.level, address.parts);
        if ((part + address.parts - own) % address.parts < distance) continue;
        hole->store(slot, std::memory_order_release);
        candidate.store(empty_slot, std::memory_order_release);
        hole = &candidate;
        hole_step += distance;
        was_full = next_was_full;
        moved = true;
        break;
      }
      if (!moved && !next_was_full) return;
    }
    if (!moved) return;
  }
}

// A group's lines lie far apart: all of them are asked for before the first is read.
void Index::read_group(std::uint64_t group, unsigned level, unsigned parts, GroupSlots& read) const {
  std::array<const Line*, parts_max> lines;  // NOLINT(cppcoreguidelines-pro-type-member-init): `parts` of it
  for (unsigned part = 0; part < parts; ++part) {
    lines[part] = line_at(group, level, part);
    __builtin_prefetch(lines[part], 1);
  }
  for (unsigned part = 0; part < parts; ++part) {
    for (const std::atomic<Slot>& place : lines[part]->slots) {
      const Slot slot = place.load(std::memory_order_relaxed);
      read.slots[read.count] = slot;
      if (slot != empty_slot) ++read.count;
    }
  }
}

// The lines are made up here and written out once, whatever stood in them before.
void Index::write_group(std::uint64_t group, unsigned level, unsigned parts, std::span<const Slot> slots,
                        FunctionRef<void(Slot)> lost) {
  std::array<std::array<Slot, slots_per_line>, parts_max> lines{};
  std::array<std::uint8_t, parts_max> fills{};
  for (const Slot slot : slots) {
    unsigned part = first_line_of(tag_of(slot), level, parts);
    unsigned step = 0;
    while (fills[part] == slots_per_line && ++step < probe_count_max) part = part + 1 < parts ? part + 1 : 0;
    if (fills[part] < slots_per_line) {
      lines[part][fills[part]++] = slot;
    } else {
      --size_;
      lost(slot);
    }
  }
  for (unsigned part = 0; part < parts; ++part) {
    Line& target = *line_at(group, level, part);
    for (std::size_t i = 0; i < slots_per_line; ++i) {
      target.slots[i].store(lines[part][i], std::memory_order_release);
    }
  }
}

// One group of 64 lines would be too large for one step: it becomes two of 32. The next bit of the tag says
// which of them a slot belongs to.
void Index::split_group(std::uint64_t group, unsigned level, GroupSlots& read, FunctionRef<void(Slot)> lost) {
  const unsigned bit = tag_bit_count - (level - first_level_) - 1;
  const auto middle = std::partition(read.slots.begin(), read.slots.begin() + read.count,
                                     [bit](Slot slot) { return (tag_of(slot) >> bit & 1U) == 0; });
  const auto first_count = static_cast<std::size_t>(middle - read.slots.begin());
  const std::span<const Slot> all(read.slots.data(), read.count);
  write_group(2 * group, level + 1, parts_min, all.first(first_count), lost);
  write_group(2 * group + 1, level + 1, parts_min, all.subspan(first_count), lost);
}

bool Index::grow(FunctionRef<void(Slot)> lost) {
  Extent next = extent();
  const bool is_split = next.parts + 1 == parts_max;
  if (is_split && next.level + 1 - first_level_ > tag_bit_count - fraction_bit_count_min) return false;
  if (!add_line(line_count())) return false;
  const std::uint64_t group = next.split;
  const unsigned level = next.level;
  const unsigned parts = next.parts;
  GroupSlots read;  // NOLINT(cppcoreguidelines-pro-type-member-init): as much of it as there is
  read_group(group, level, parts, read);

  ++next.split;
  if (next.split == std::uint64_t{1} << level) {
    next.split = 0;
    ++next.parts;
    if (is_split) next = {.level = level + 1, .parts = parts_min, .split = 0};
  }
  set_extent(next);
  if (is_split) {
    split_group(group, level, read, lost);
  } else {
    write_group(group, level, parts + 1, {read.slots.data(), read.count}, lost);
  }
  return true;
}

bool Index::shrink(FunctionRef<void(Slot)> lost) {
  Extent before = extent();
  if (before.split == 0) {
    if (before.parts > parts_min) {
      --before.parts;
    } else if (before.level > first_level_) {
      --before.level;
      before.parts = parts_max - 1;
    } else {
      return false;
    }
    before.split = std::uint64_t{1} << before.level;
  }
  --before.split;
  const std::uint64_t group = before.split;
  const bool is_split = before.parts + 1 == parts_max;
  GroupSlots read;  // NOLINT(cppcoreguidelines-pro-type-member-init): as much of it as there is
  if (is_split) {
    read_group(2 * group, before.level + 1, parts_min, read);
    read_group(2 * group + 1, before.level + 1, parts_min, read);
  } else {
    read_group(group, before.level, before.parts + 1, read);
  }
  if (read.count > before.parts * slots_per_line * 3 / 4) return false;
  set_extent(before);
  write_group(group, before.level, before.parts, {read.slots.data(), read.count}, lost);
  // A chunk is given back when half of another is unused as well: an index that breathes keeps it.
  trim(std::size_t{1} << chunk_line_bit_count_ >> 1);
  return true;
}

void Index::reset() {
  for (std::size_t number = 0; number < first_line_count_; ++number) empty(*numbered(number));
  set_extent({.level = first_level_, .parts = parts_min, .split = 0});
  size_ = 0;
  trim(0);
}

std::uint64_t Index::range_end(std::uint64_t hash) const {
  const Address address = address_of(hash);
  const std::uint64_t in_group = address.level == 0 ? ~std::uint64_t{0} : ~std::uint64_t{0} >> address.level;
  if (address.first + 1 == address.parts) return hash | in_group;
  // The first fraction that belongs to the next line: first_line_of() the other way round.
  const unsigned bit_count = tag_bit_count - (address.level - first_level_);
  const std::uint64_t product = std::uint64_t{address.first + 1} << bit_count;
  const std::uint64_t next_fraction = (product + address.parts - 1) / address.parts;
  const std::uint64_t group_start = hash & ~in_group;
  return group_start + (next_fraction << (64 - tag_bit_count - first_level_)) - 1;
}

}  // namespace larder::cache::segment
