#include "cache/segment/evictor.h"

#include <algorithm>

namespace larder::cache::segment {

// Once a queue has its turn, it keeps it until an item has left: what only moves on makes no room.
QueueId Evictor::next_queue() const {
  if (turn_ && items_.queue(*turn_).oldest != 0) return *turn_;
  const SegmentQueue& small = items_.queue(QueueId::small);
  const SegmentQueue& main = items_.queue(QueueId::main);
  if (small.oldest == 0) return QueueId::main;
  if (main.oldest == 0) return QueueId::small;
  return next_to_evict(policy_, small.held_size(), main.held_size());
}

std::optional<std::uint64_t> Evictor::next_stamp() const {
  const SegmentId id = items_.queue(next_queue()).oldest;
  if (id == 0) return std::nullopt;
  return items_.info(id).stamp;
}

// Several records at a time, so that the index lines they need are fetched together. A record that was read
// stays good until its turn comes: when its segment is freed before, nothing points at it any more, and its
// bytes are not looked at again.
std::size_t Evictor::step(std::size_t record_count_max, TimePoint now, Need need) {
  std::size_t count = 0;
  while (count < record_count_max) {
    const QueueId queue = next_queue();
    const SegmentId id = items_.queue(queue).oldest;
    if (id == 0 || (need == Need::soon && id == items_.queue(queue).open)) break;
    turn_ = queue;
    items_.start_eviction(id);
    const std::size_t read_count = read_ahead(id, std::min(record_count_max - count, batch_.size()));
    count += std::max<std::size_t>(read_count, 1);
    if (read_count == 0) items_.retire(id);
    for (std::size_t i = 0; i < read_count; ++i) {
      const std::optional<Found> found = items_.find_record(batch_[i].stored, batch_[i].hash);
      if (!found) continue;
      if (has_expired(found->stored.record.deadline, now)) {
        ++expired_count_;
        turn_.reset();
        items_.drop(*found);
      } else {
        judge_item(*found, queue, need);
      }
      items_.tend_index();
    }
  }
  return count;
}

// Passes the records that it answers with, and the gaps between them.
std::size_t Evictor::read_ahead(SegmentId id, std::size_t count_max) {
  std::size_t count = 0;
  while (count < count_max) {
    const std::optional<Stored> stored = items_.record_at(id, items_.info(id).scan_offset);
    if (!stored) break;
    items_.pass(id, stored->record.size);
    if (!stored->record.is_item) continue;
    const std::uint64_t hash = items_.hash_of(*stored);
    items_.prefetch(*stored, hash);
    batch_[count++] = {.stored = *stored, .hash = hash};
  }
  return count;
}

void Evictor::judge_item(const Found& found, QueueId queue, Need need) {
  const Slot slot = found.place.load();
  const Verdict verdict = judge(policy_, queue, use_count_of(slot), history_of(slot));
  if (need != Need::at_any_cost && verdict.action == Verdict::Action::move &&
      make_room(verdict.queue, found.stored.record.size)) {
    items_.move(found, verdict.queue, verdict.use_count, verdict.history, found.stored.record.deadline);
    return;
  }
  ++evicted_count_;
  turn_.reset();
  if (verdict.leaves_mark) ghost_.insert(found.hash, items_.count());
  items_.drop(found);
}

bool Evictor::make_room(QueueId queue, std::size_t size) {
  return items_.has_room(queue, size) || items_.open_segment(queue, true);
}

}  // namespace larder::cache::segment
