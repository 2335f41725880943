// cache/segment/extents.h: room for large values, each in pages of its own.
//
// A mapping for each value would do, but the kernel allows a process some 65,000 mappings, which is 1 GiB of
// 16 KiB values. So address space is reserved once for each size class, powers of two, and cut into slots:
//
//   class 16 KiB   [ 13 KiB .][ free ...][ 16 KiB ][ 9 KiB ..]
//   class 32 KiB   [ 31 KiB ...........][ 20 KiB ....  ......]
//                    ^ pages are touched only as far as the value reaches
//
// Addresses are plentiful, memory is not: a slot's unused end costs none, and nothing can fragment, since a
// freed slot gives its pages back at once and serves any value of its class again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cache/segment/region.h"

namespace larder::cache::segment {

/// Slots for large values.
///
/// Units      bytes
/// Ownership  owns the address space; whoever takes a slot gives it back
/// Threads    one at a time, but for forget()
/// Errors     take() answers null when address space, or memory for its own notes, runs out
/// Invariant  no two slots that are taken overlap
class Extents final {
 public:
  /// `size_max`: what all slots together may hold, in bytes.
  explicit Extents(std::size_t size_max);

  [[nodiscard]] std::byte* take(std::size_t size);
  /// Addresses that whoever takes `size` may use.
  [[nodiscard]] static std::size_t capacity(std::size_t size) { return std::size_t{1} << class_of(size); }

  /// Gives `part_size` bytes of a slot's pages, from `offset` on, back to the kernel, which takes 0.1 ms a
  /// megabyte. Any thread, before give_back(). `size` as it was taken.
  void forget(std::byte* slot, std::size_t size, std::size_t offset, std::size_t part_size) const;
  /// `size` as it was taken; its pages are forgotten already.
  void give_back(std::byte* slot, std::size_t size);

  /// The slot that an address lies in, taken or not. Null: it is none of ours.
  [[nodiscard]] const std::byte* slot_of(const std::byte* address) const;

  /// Slots that are taken.
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  struct Class {
    Region region;
    std::size_t fresh_index = 0;  // the first slot that was never taken
    std::vector<std::uint32_t> free_indexes;
  };

  static constexpr std::size_t class_count = 64;
  static unsigned class_of(std::size_t size);

  std::size_t size_max_;
  std::size_t count_ = 0;
  std::array<Class, class_count> classes_;
};

}  // namespace larder::cache::segment
