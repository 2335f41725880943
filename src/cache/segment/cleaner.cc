#include "cache/segment/cleaner.h"

#include <algorithm>

namespace larder::cache::segment {
namespace {

// Of the log's bytes: from here on writes pay, and from here on they pay more. The promise is a tenth.
constexpr std::size_t due_divisor = 16;
constexpr std::size_t urgent_divisor = 12;

// Bytes looked at for each byte written. Where a tenth is dead everywhere, freeing one byte takes looking at
// ten; the dirtiest segments have more than that.
constexpr std::size_t effort = 10;
constexpr std::size_t urgent_effort = 30;
constexpr std::size_t effort_size_min = 256;
constexpr std::size_t effort_size_max = std::size_t{512} << 10;
constexpr int cleaned_record_count_max = 256;

// Segments compared for one choice, from the oldest on, unless none of them has enough dead bytes.
constexpr int segment_look_count_max = 512;

}  // namespace

std::size_t Cleaner::log_size() const { return items_.segment_count() * items_.pool().shape().segment_size; }

bool Cleaner::is_due() const { return items_.dead_size() > log_size() / due_divisor; }

bool Cleaner::is_candidate(SegmentId id) const {
  const SegmentInfo& segment = items_.info(id);
  return !segment.is_being_evicted && id != items_.cleaning_target(QueueId::small) &&
         id != items_.cleaning_target(QueueId::main) && id != items_.queue(QueueId::small).open &&
         id != items_.queue(QueueId::main).open;
}

bool Cleaner::choose() {
  SegmentId best = 0;
  std::size_t best_size = items_.pool().shape().segment_size / due_divisor;
  int look_count = 0;
  for (const QueueId queue : {QueueId::small, QueueId::main}) {
    for (SegmentId id = items_.queue(queue).oldest; id != 0; id = items_.info(id).newer) {
      if (++look_count > segment_look_count_max && best != 0) break;
      if (!is_candidate(id)) continue;
      const std::size_t dead = items_.info(id).used_size - items_.info(id).live_size;
      if (dead <= best_size) continue;
      best = id;
      best_size = dead;
    }
  }
  items_.cleaning() = {.id = best, .offset = 0};
  return best != 0;
}

void Cleaner::step(std::size_t write_size) {
  if (!is_due()) return;
  const bool is_urgent = items_.dead_size() > log_size() / urgent_divisor;
  std::size_t size_left =
      std::min(write_size * (is_urgent ? urgent_effort : effort) + effort_size_min, effort_size_max);
  for (int i = 0; i < cleaned_record_count_max && size_left > 0; ++i) {
    if (items_.cleaning().id == 0 && !choose()) return;
    const SegmentCursor cursor = items_.cleaning();
    const std::optional<Stored> stored = items_.record_at(cursor.id, cursor.offset);
    if (!stored) {
      items_.cleaning() = {};  // all of it was copied, and it is free already but for what is left of it
      continue;
    }
    const std::optional<Found> found = stored->record.is_item ? items_.find_record(*stored) : std::nullopt;
    const auto queue = static_cast<QueueId>(items_.info(cursor.id).queue);
    if (found) {
      const SegmentId target = items_.cleaning_target(queue);
      const bool fits = target != 0 && items_.room_in(target) >= stored->record.size;
      if (!fits && items_.open_beside(cursor.id) == 0) {
        items_.cleaning() = {};
        return;
      }
    }
    items_.cleaning().offset += static_cast<std::uint32_t>(stored->record.size);
    size_left -= std::min(size_left, stored->record.size);
    if (found) items_.move_into(*found, items_.cleaning_target(queue));
  }
}

}  // namespace larder::cache::segment
