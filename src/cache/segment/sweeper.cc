#include "cache/segment/sweeper.h"

#include <algorithm>
#include <span>

namespace larder::cache::segment {

bool Sweeper::choose(std::int64_t now_ms) {
  if (items_.deadline_count() == 0) return false;
  for (const QueueId queue : {QueueId::small, QueueId::main}) {
    for (SegmentId id = items_.queue(queue).oldest; id != 0; id = items_.info(id).newer) {
      if (items_.info(id).due_ms > now_ms) continue;
      // What was passed by an evictor is dead.
      items_.sweeping() = {.id = id, .offset = items_.info(id).scan_offset};
      items_.set_due(id, never_due);  // what is written from now on lowers it again
      earliest_left_ms_ = never_due;
      started_ms_ = now_ms;
      return true;
    }
  }
  return false;
}

// Half a second after the walk began, not after it ended: of what was looked at first, some may have expired
// since.
void Sweeper::finish() {
  const SegmentId id = items_.sweeping().id;
  if (earliest_left_ms_ != never_due) {
    const std::int64_t due_ms = std::max(earliest_left_ms_, started_ms_ + due_slack_ms);
    items_.set_due(id, std::min(items_.info(id).due_ms, due_ms));
  }
  items_.sweeping() = {};
}

// Passes up to so many records and collects those that have expired. Answers how many it passed; 0: the
// segment ends here.
std::size_t Sweeper::read_ahead(TimePoint now, std::size_t record_count_max, Batch& batch) {
  std::size_t count = 0;
  while (count < record_count_max && batch.size < batch.items.size()) {
    SegmentCursor& cursor = items_.sweeping();
    const std::optional<Stored> stored = items_.record_at(cursor.id, cursor.offset);
    if (!stored) break;
    ++count;
    cursor.offset += static_cast<std::uint32_t>(stored->record.size);
    if (!stored->record.is_item || stored->record.deadline == no_deadline) continue;
    if (!has_expired(stored->record.deadline, now)) {
      earliest_left_ms_ = std::min(earliest_left_ms_, stored->record.deadline.time_since_epoch().count());
      continue;
    }
    const std::uint64_t hash = items_.hash_of(*stored);
    items_.prefetch(*stored, hash);
    batch.items[batch.size++] = {.stored = *stored, .hash = hash};
  }
  return count;
}

// The index follows slowly, a step for all of them: if nothing is left in the end, it need not have shrunk,
// and if something is, idle sweeps see to the rest. The last item that is live frees the segment, and ends
// the walk: those behind it were dead before.
void Sweeper::drop_expired(const Batch& batch) {
  for (const Expired& expired : std::span(batch.items).first(batch.size)) {
    const std::optional<Found> found = items_.find_record(expired.stored, expired.hash);
    if (!found) continue;
    ++expired_count_;
    items_.drop(*found);
  }
  if (batch.size > 0) items_.tend_index();
}

std::size_t Sweeper::step(TimePoint now, std::size_t record_count_max) {
  const std::int64_t now_ms = now.time_since_epoch().count();
  std::size_t count = 0;
  while (count < record_count_max) {
    if (items_.sweeping().id == 0 && !choose(now_ms)) break;
    started_ms_ = std::min(started_ms_, now_ms);  // a clock may be set back
    Batch batch;
    const std::size_t read_count = read_ahead(now, record_count_max - count, batch);
    count += read_count;
    drop_expired(batch);
    if (read_count == 0) finish();
  }
  return count;
}

}  // namespace larder::cache::segment
