// cache/segment/ghost.h: remembers which keys left the small queue lately, in two bytes each.
//
//   line of 64 bytes   [ mark ][ mark ][ mark ] ... 32 of them
//   mark               fingerprint of the key's hash 12 bits | epoch 4 bits; 0: none
//
// A mark is good for as many departures as the shard has items. Time is told in epochs,
// an eighth of that many departures each; a mark that is more than eight epochs old is dead, and its place is
// taken by the next one of its line. Two keys may share line and fingerprint: about one new key in 130 is
// taken for one that was here before, and enters the main queue without having earned it.
//
// It grows line by line as keys depart, until each mark has its place: line n + i begins as a copy of line
// i, and of the marks in the two of them, half are never asked for again and grow old.
//
// Source: Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023, section 4.2.
#pragma once

#include <cstddef>
#include <cstdint>

namespace larder::cache::segment {

/// Where the pages of a ghost come from.
class GhostMemory {
 public:
  virtual ~GhostMemory() = default;
  [[nodiscard]] virtual std::byte* data() const = 0;
  [[nodiscard]] virtual std::size_t size_max() const = 0;  // bytes, whole pages
  [[nodiscard]] virtual bool reserve(std::size_t size) = 0;
  virtual void give_back(std::size_t size) = 0;  // all of it; the pages read as zeros again
};

/// The ghost of one shard.
///
/// Units      counts of items
/// Ownership  its lines lie in `memory`
/// Threads    under the shard's lock
/// Errors     without memory it stays as large as it is, and forgets sooner
/// Invariant  holds no more than 32 marks a line
class Ghost final {
 public:
  explicit Ghost(GhostMemory& memory) : memory_(memory) {}

  /// `hash` left. `window`: for how many departures that is remembered.
  void insert(std::uint64_t hash, std::size_t window);

  /// True if it left lately; it is forgotten then.
  [[nodiscard]] bool take(std::uint64_t hash);

  void reset();

  /// It has more than four times the lines that this window needs: it grew for many more items than there
  /// are.
  [[nodiscard]] bool is_oversized(std::size_t window) const;

  [[nodiscard]] std::size_t memory_used() const { return committed_size_; }
  [[nodiscard]] std::size_t line_count() const { return line_count_; }

 private:
  using Mark = std::uint16_t;

  static constexpr std::size_t marks_per_line = 32;
  static constexpr unsigned epoch_bit_count = 4;
  static constexpr unsigned epoch_mask = (1U << epoch_bit_count) - 1;
  static constexpr unsigned age_max = 8;

  [[nodiscard]] Mark* line_of(std::uint64_t hash) const;
  [[nodiscard]] unsigned age_of(Mark mark) const { return (epoch_ - unsigned{mark}) & epoch_mask; }
  [[nodiscard]] static std::size_t line_count_for(std::size_t window);
  void grow_toward(std::size_t window);

  GhostMemory& memory_;
  std::size_t line_count_ = 0;
  std::size_t committed_size_ = 0;
  std::size_t inserted_in_epoch_ = 0;
  std::size_t inserted_since_growth_ = 0;
  unsigned epoch_ = 0;
};

}  // namespace larder::cache::segment
