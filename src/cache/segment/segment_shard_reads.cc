// Look-ups from any thread while a writer may be at work: what they read is copied first and believed when
// the sequence says that nobody has written meanwhile.
#include <algorithm>
#include <optional>

#include "cache/rules.h"
#include "cache/segment/atomic_bytes.h"
#include "cache/segment/segment_shard.h"

namespace larder::cache::segment {

// Readers without the lock do this, too, with the slot that they found before they looked at the ticket
// again: what stands there by now may be empty, another item's, or no slot at all. If it is another one, or
// another reader was first, the use is not counted.
void SegmentShard::count_use(Index::Place place, Slot slot) const {
  const unsigned count = use_count_of(slot);
  if (count >= shared_.policy->use_count_max) return;
  place.slot->compare_exchange_strong(slot, with_use_count(slot, count + 1), std::memory_order_acq_rel);
}

// Until the ticket has been looked at again, every byte may be wrong: sizes are held against the segment's
// end, and no pointer is followed.
bool SegmentShard::read_copy(const ItemKey& key, Location location, Copy& copy) const {
  const std::size_t readable = shared_.pool.readable_size(location);
  if (readable < 2 * word_size + overread_size) return read_any_copy(key, location, readable, copy);
  const std::byte* const source = shared_.pool.bytes_at(location);
  // Where key and value stand is known once the header has arrived. They are asked for before.
  __builtin_prefetch(source + 64);
  __builtin_prefetch(source + 128);
  const std::optional<PlainRecord> record =
      decode_plain(load_unaligned(source), load_unaligned(source + word_size));
  if (!record || key.database != 0) return read_any_copy(key, location, readable, copy);
  const std::size_t size = record->size();
  if (size + overread_size > readable) return read_any_copy(key, location, readable, copy);
  if (record->key_size != key.bytes.size() || !equals(source + record->key_offset, key.bytes)) return false;
  copy.deadline = record->deadline;
  copy.is_whole = record->value_size <= copied_size_max;
  if (!copy.is_whole) return true;
  const std::byte* const value = source + record->key_offset + record->key_size;
  copy.value = {reinterpret_cast<const char*>(copy_out(value, record->value_size, copy.buffer.data())),
                record->value_size};
  return true;
}

// The other kinds of records, and those at the very end of a segment.
bool SegmentShard::read_any_copy(const ItemKey& key, Location location, std::size_t readable,
                                 Copy& copy) const {
  if (readable == 0) return false;
  const std::byte* const source = shared_.pool.bytes_at(location);
  const std::size_t head_size = std::min(readable, head_size_max);
  const std::optional<Record> record =
      decode(copy_out(source, head_size, copy.buffer.data()), head_size, false);
  if (!record || !record->is_item || record->size > readable) return false;
  if (record->database != key.database || record->key_size != key.bytes.size()) return false;
  copy.deadline = record->deadline;
  copy.is_whole = !record->is_large && record->size <= copied_size_max;
  if (!copy.is_whole) return true;  // and under the lock it will be seen whether it is this key
  const auto* const copied =
      reinterpret_cast<const char*>(copy_out(source, record->size, copy.buffer.data()));
  copy.value = {copied + record->key_offset + record->key_size, record->value_size};
  return Bytes(copied + record->key_offset, record->key_size) == key.bytes;
}

/// Of an item that was read without the lock. Hardly anybody asks for it, and it is a read from memory.
class SegmentShard::LateToken final : public TokenReader {
 public:
  LateToken(const SegmentShard& shard, const ItemKey& key, Sequence::Ticket ticket, Location location)
      : shard_(shard), key_(key), ticket_(ticket), location_(location) {}
  [[nodiscard]] CompareToken read() const override {
    const CompareToken token = shard_.items_.token_of(location_, key_.hash, key_.database);
    return shard_.sequence_.still_valid(ticket_) ? token : 0;
  }

 private:
  const SegmentShard& shard_;
  const ItemKey& key_;
  Sequence::Ticket ticket_;
  Location location_;
};

SegmentShard::Attempt SegmentShard::try_get(const ItemKey& key, Sequence::Ticket ticket, bool is_use,
                                            TimePoint now, KeyedCalls::Visitor visit) {
  Copy copy;  // NOLINT(cppcoreguidelines-pro-type-member-init): the buffer is as large as it is unread
  Location location = 0;
  const std::optional<Index::Place> place =
      items_.index().find(items_.index_hash(key.hash, key.database), [&](Location candidate) {
        location = candidate;
        return read_copy(key, candidate, copy);
      });
  const Slot slot = place ? place->load() : empty_slot;
  if (!sequence_.still_valid(ticket)) return Attempt::torn;
  if (!place) {
    if (is_use) shared_.counters.count(false);
    return Attempt::miss;
  }
  if (!copy.is_whole || has_expired(copy.deadline, now)) return Attempt::needs_lock;
  if (is_use) {
    shared_.counters.count(true);
    count_use(*place, slot);
  }
  const LateToken token(*this, key, ticket, location);
  visit({.value = copy.value, .deadline = shown_deadline(copy.deadline), .token_reader = &token});
  return Attempt::hit;
}

const std::byte* SegmentShard::record_hint(std::uint64_t hash, Database database, const void* line) const {
  const Location location = items_.index().location_hint(line, items_.index_hash(hash, database));
  if (location == 0 || shared_.pool.readable_size(location) == 0) return nullptr;
  return shared_.pool.bytes_at(location);
}

}  // namespace larder::cache::segment
