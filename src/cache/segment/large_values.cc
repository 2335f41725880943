#include "cache/segment/large_values.h"

#include <algorithm>
#include <new>
#include <utility>

#include "base/assert.h"

namespace larder::cache::segment {
namespace {

// What is given back at once: about 0.1 ms.
constexpr std::size_t returned_piece_size = std::size_t{1} << 20;

}  // namespace

/// What is known of a value; in front of it.
struct alignas(64) LargeValues::Note {
  std::size_t slot_size = 0;     // addresses, this note included
  std::size_t memory_size = 0;   // bytes of the budget
  std::size_t value_size = 0;    // of a draft, as announced
  std::size_t key_size_max = 0;  // of a draft
  Note* next_dying = nullptr;
  std::uint32_t loan_count = 0;
  bool is_stored = false;
  bool is_draft = false;  // and can still be adopted
  bool has_writer = false;

  [[nodiscard]] std::byte* slot() { return reinterpret_cast<std::byte*>(this); }
  [[nodiscard]] std::byte* value() { return slot() + sizeof(Note); }
  [[nodiscard]] bool is_needed() const { return is_stored || has_writer || loan_count > 0; }
  [[nodiscard]] bool is_orphan() const { return !is_stored && !is_draft && loan_count > 0; }
};

// Loans may keep half of the memory from new items, and drafts as much: any value that a server stores by
// default can be lent, its key and note notwithstanding. Those that are lent to many count once.
LargeValues::LargeValues(ByteBudget& budget, std::size_t size_max, std::size_t size_limit)
    : budget_(budget), held_size_max_(size_max / 2), extents_(size_limit) {}

void LargeValues::set_size_max(std::size_t size_max) {
  const std::lock_guard lock(mutex_);
  held_size_max_ = size_max / 2;
}

std::size_t LargeValues::footprint(std::size_t body_size) {
  return round_up_to_pages(sizeof(Note) + body_size);
}

LargeValues::Note& LargeValues::note_of(const void* value) {
  static_assert(sizeof(Note) == 64);
  // Whoever borrows a value reads it only; the note in front of it is ours.
  auto* const bytes = static_cast<std::byte*>(const_cast<void*>(value));
  return *std::launder(reinterpret_cast<Note*>(bytes - sizeof(Note)));
}

// The budget has granted `memory_size`, and has it back if there are no addresses.
LargeValues::Note* LargeValues::make(std::size_t value_size, std::size_t key_size_max,
                                     std::size_t memory_size) {
  const std::size_t slot_size = sizeof(Note) + value_size + key_size_max;
  std::byte* slot = nullptr;
  {
    const std::lock_guard lock(mutex_);
    slot = extents_.take(slot_size);
  }
  if (slot == nullptr) {
    budget_.release(memory_size);
    return nullptr;
  }
  return new (slot) Note{.slot_size = slot_size, .memory_size = memory_size, .value_size = value_size};
}

std::byte* LargeValues::take(std::size_t value_size, std::size_t key_size) {
  const std::size_t memory_size = footprint(value_size + key_size);
  if (!budget_.reserve(memory_size)) return nullptr;
  Note* const note = make(value_size, key_size, memory_size);
  if (note == nullptr) return nullptr;
  note->is_stored = true;
  return note->value();
}

void LargeValues::give_back(std::byte* value) {
  Note& note = note_of(value);
  std::unique_lock lock(mutex_);
  LARDER_ASSERT(note.is_stored);
  note.is_stored = false;
  ownerless_size_ += note.memory_size;
  drop_ownerless(note, lock);
}

Loan LargeValues::lend(Bytes value) {
  Note& note = note_of(value.data());
  const std::lock_guard lock(mutex_);
  if (note.loan_count == 0) {
    if (lent_size_ + note.value_size > held_size_max_) return {};
    lent_size_ += note.memory_size;
  }
  ++note.loan_count;
  return {*this, value.data(), value};
}

void LargeValues::take_back(const void* owner) noexcept {
  Note& note = note_of(owner);
  std::unique_lock lock(mutex_);
  LARDER_ASSERT(note.loan_count > 0);
  if (--note.loan_count > 0) return;
  lent_size_ -= note.memory_size;
  drop_ownerless(note, lock);
}

bool LargeValues::is_orphan(const void* owner) const noexcept {
  const Note& note = note_of(owner);
  const std::lock_guard lock(mutex_);
  return !note.is_stored;
}

std::byte* LargeValues::begin_draft(std::size_t value_size, std::size_t key_size_max) {
  {
    const std::lock_guard lock(mutex_);
    if (draft_size_ > held_size_max_ || value_size > held_size_max_ - draft_size_) return nullptr;
    draft_size_ += value_size;
  }
  const std::size_t memory_size = footprint(0) + round_up_to_pages(key_size_max);
  Note* const note = budget_.reserve(memory_size) ? make(value_size, key_size_max, memory_size) : nullptr;
  const std::lock_guard lock(mutex_);
  if (note == nullptr) {
    draft_size_ -= value_size;
    return nullptr;
  }
  note->key_size_max = key_size_max;
  note->is_draft = note->has_writer = true;
  ownerless_size_ += memory_size;
  return note->value();
}

bool LargeValues::grow_draft(std::byte* value, std::size_t size) {
  Note& note = note_of(value);  // its writer is the only one who changes its size
  const std::size_t wanted = footprint(size) + round_up_to_pages(note.key_size_max);
  if (wanted <= note.memory_size) return true;
  const std::size_t growth = wanted - note.memory_size;
  if (!budget_.reserve(growth)) return false;
  const std::lock_guard lock(mutex_);
  note.memory_size = wanted;
  ownerless_size_ += growth;
  return true;
}

void LargeValues::end_draft(std::byte* value) {
  Note& note = note_of(value);
  std::unique_lock lock(mutex_);
  LARDER_ASSERT(note.has_writer);
  note.is_draft = note.has_writer = false;
  draft_size_ -= note.value_size;
  drop_ownerless(note, lock);
}

// What adopt() may make a stored value of.
LargeValues::Note* LargeValues::adoptable(Bytes value, std::size_t key_size) const {
  const auto* const bytes = reinterpret_cast<const std::byte*>(value.data());
  if (extents_.slot_of(bytes) != bytes - sizeof(Note)) return nullptr;
  Note& note = note_of(bytes);
  if (note.value_size != value.size()) return nullptr;
  if (note.is_draft) return key_size <= note.key_size_max ? &note : nullptr;
  const std::size_t room = Extents::capacity(note.slot_size) - sizeof(Note) - value.size();
  return note.is_orphan() && key_size <= room ? &note : nullptr;
}

// Who holds a draft or the only way to an orphan is the one who may adopt it: between the two looks nothing
// of it changes. Readers that an orphan has see its value only, never the key that changes behind it.
std::byte* LargeValues::adopt(Bytes value, std::size_t key_size) {
  const std::size_t wanted = footprint(value.size() + key_size);
  std::size_t growth = 0;
  {
    const std::lock_guard lock(mutex_);
    const Note* const note = adoptable(value, key_size);
    if (note == nullptr) return nullptr;
    if (wanted > note->memory_size) growth = wanted - note->memory_size;
    LARDER_ASSERT(growth == 0 || !note->is_draft);
  }
  if (growth > 0 && !budget_.reserve(growth)) return nullptr;
  Note& note = note_of(value.data());
  std::size_t surplus = 0;
  bool had_key = false;
  {
    const std::lock_guard lock(mutex_);
    ownerless_size_ -= note.memory_size;
    if (note.loan_count > 0) lent_size_ += wanted - note.memory_size;
    surplus = note.memory_size + growth - wanted;
    had_key = !note.is_draft;
    note.memory_size = wanted;
    note.slot_size = std::max(note.slot_size, sizeof(Note) + value.size() + key_size);
    note.is_draft = false;
    note.is_stored = true;
  }
  if (surplus == 0) return note.value();
  if (had_key) extents_.forget(note.slot(), note.slot_size, wanted, surplus);  // of a longer one
  budget_.release(surplus);
  return note.value();
}

// If nobody needs it any more. What is small goes at once.
void LargeValues::drop_ownerless(Note& note, std::unique_lock<std::mutex>& lock) {
  if (note.is_needed()) return;
  const std::size_t size = note.memory_size;
  dying_size_ += size;
  note.next_dying = std::exchange(dying_, &note);
  lock.unlock();
  if (size <= returned_piece_size) reclaim();
}

// From its end to its front, where the note is.
bool LargeValues::reclaim() {
  const std::lock_guard reclaiming(reclaiming_);
  std::byte* slot = nullptr;
  std::size_t slot_size = 0;
  std::size_t begin = 0;
  std::size_t end = 0;
  {
    const std::lock_guard lock(mutex_);
    Note* const note = dying_;
    if (note == nullptr) return false;
    slot = note->slot();
    slot_size = note->slot_size;
    end = note->memory_size;
    begin = end > returned_piece_size ? end - returned_piece_size : 0;
    note->memory_size = begin;
    if (begin == 0) dying_ = note->next_dying;
  }
  // A draft's key may have had memory beyond the slot's last page that was never touched.
  const std::size_t slot_end = round_up_to_pages(slot_size);
  if (begin < slot_end) extents_.forget(slot, slot_size, begin, std::min(end, slot_end) - begin);
  {
    const std::lock_guard lock(mutex_);
    if (begin == 0) extents_.give_back(slot, slot_size);
    dying_size_ -= end - begin;
    ownerless_size_ -= end - begin;
  }
  budget_.release(end - begin);
  return true;
}

std::size_t LargeValues::count() const {
  const std::lock_guard lock(mutex_);
  return extents_.count();
}

}  // namespace larder::cache::segment
