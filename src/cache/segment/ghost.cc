#include "cache/segment/ghost.h"

#include <algorithm>
#include <cstring>

#include "cache/segment/region.h"

namespace larder::cache::segment {
namespace {

// Never 0, so that no mark looks like an empty place. The line is named by the lowest bits.
std::uint16_t fingerprint_of(std::uint64_t hash) {
  return static_cast<std::uint16_t>(1 + (hash >> 24 & 0xFFFU) % 0xFFFU);
}

}  // namespace

Ghost::Mark* Ghost::line_of(std::uint64_t hash) const {
  return reinterpret_cast<Mark*>(memory_.data()) + (hash & (line_count_ - 1)) * marks_per_line;
}

// Twice as many lines: each line is copied to where half of its keys will be looked for from now on. The
// other half of each copy is never asked for and grows old. 0.25 ms for the two megabytes of a shard of a
// gigabyte.
void Ghost::fit(std::size_t window) {
  constexpr std::size_t line_size = marks_per_line * sizeof(Mark);
  const bool is_large_enough = line_count_ * marks_per_line >= window;
  if (is_large_enough && line_count_ > 0) return;
  const std::size_t wanted_count = line_count_ == 0 ? 1 : 2 * line_count_;
  const std::size_t wanted_size = round_up_to_pages(wanted_count * line_size);
  if (wanted_size > committed_size_) {
    if (wanted_size > memory_.size_max() || !memory_.reserve(wanted_size - committed_size_)) return;
    committed_size_ = wanted_size;
  }
  const std::size_t size = line_count_ * line_size;
  std::memcpy(memory_.data() + size, memory_.data(), size);
  line_count_ = wanted_count;
}

void Ghost::insert(std::uint64_t hash, std::size_t window) {
  fit(window);
  if (line_count_ == 0) return;
  if (++inserted_in_epoch_ > window / age_max) {
    inserted_in_epoch_ = 0;
    ++epoch_;
  }
  const auto mark = static_cast<Mark>(fingerprint_of(hash) << epoch_bit_count | (epoch_ & epoch_mask));
  Mark* const line = line_of(hash);
  Mark* target = line;
  for (Mark* place = line; place != line + marks_per_line; ++place) {
    if (*place != 0 && age_of(*place) > age_max) *place = 0;
    if (*place == 0 || (*target != 0 && age_of(*place) > age_of(*target))) target = place;
  }
  *target = mark;
}

bool Ghost::take(std::uint64_t hash) {
  if (line_count_ == 0) return false;
  const std::uint16_t fingerprint = fingerprint_of(hash);
  Mark* const line = line_of(hash);
  Mark* const end = line + marks_per_line;
  Mark* const found = std::find_if(line, end, [&](Mark mark) {
    return mark >> epoch_bit_count == fingerprint && age_of(mark) <= age_max;
  });
  if (found == end) return false;
  *found = 0;
  return true;
}

void Ghost::reset() {
  if (committed_size_ > 0) memory_.give_back(0, committed_size_);
  line_count_ = 0;
  committed_size_ = 0;
  inserted_in_epoch_ = 0;
}

}  // namespace larder::cache::segment
