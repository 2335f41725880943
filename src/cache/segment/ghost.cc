#include "cache/segment/ghost.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "cache/segment/region.h"

namespace larder::cache::segment {
namespace {

// Never 0, so that no mark looks like an empty place. The line is named by the lowest bits.
std::uint16_t fingerprint_of(std::uint64_t hash) {
  return static_cast<std::uint16_t>(1 + (hash >> 24 & 0xFFFU) % 0xFFFU);
}

}  // namespace

// Lines from the last power of two on are copies of those from the first on; where there is no copy yet, the
// original serves both.
Ghost::Mark* Ghost::line_of(std::uint64_t hash) const {
  const std::size_t whole = std::bit_ceil(line_count_);
  std::size_t line = hash & (whole - 1);
  if (line >= line_count_) line -= whole / 2;
  return reinterpret_cast<Mark*>(memory_.data()) + line * marks_per_line;
}

std::size_t Ghost::line_count_for(std::size_t window) { return std::bit_ceil(window / marks_per_line + 1); }

bool Ghost::is_oversized(std::size_t window) const { return line_count_ > 4 * line_count_for(window); }

// A line for 16 marks: twice as fast as marks come, and slow enough that what eviction frees is not taken by
// the memory of it.
void Ghost::grow_toward(std::size_t window) {
  constexpr std::size_t inserts_per_line = marks_per_line / 2;
  constexpr std::size_t line_size = marks_per_line * sizeof(Mark);
  if (line_count_ >= line_count_for(window)) return;
  if (line_count_ > 0 && ++inserted_since_growth_ < inserts_per_line) return;
  inserted_since_growth_ = 0;
  const std::size_t end = line_count_ * line_size;
  if (end + line_size > committed_size_) {
    if (committed_size_ + page_size > memory_.size_max() || !memory_.reserve(page_size)) return;
    committed_size_ += page_size;
  }
  if (line_count_ > 0) {
    const std::size_t original = line_count_ - std::bit_floor(line_count_);
    std::memcpy(memory_.data() + end, memory_.data() + original * line_size, line_size);
  }
  ++line_count_;
}

void Ghost::insert(std::uint64_t hash, std::size_t window) {
  grow_toward(window);
  if (line_count_ == 0) return;
  if (++inserted_in_epoch_ > window / age_max) {
    inserted_in_epoch_ = 0;
    ++epoch_;
  }
  const auto mark =
      static_cast<Mark>(unsigned{fingerprint_of(hash)} << epoch_bit_count | (epoch_ & epoch_mask));
  // Among places of the same age it is any one's turn: were it always the first, one mark would have to go
  // for all that come in its epoch.
  Mark* const line = line_of(hash);
  const std::size_t start = hash >> 36;
  Mark* target = line + start % marks_per_line;
  for (std::size_t i = 0; i < marks_per_line; ++i) {
    Mark* const place = line + (start + i) % marks_per_line;
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
  if (committed_size_ > 0) memory_.give_back(committed_size_);
  line_count_ = 0;
  committed_size_ = 0;
  inserted_in_epoch_ = 0;
  inserted_since_growth_ = 0;
}

}  // namespace larder::cache::segment
