// cache/segment/region.h: a range of address space that costs memory only where it was touched.
//
//   reserve     [ . . . . . . . . . . . . . . . . ]   addresses, no memory
//   write       [ # # # # # . . . . . . . . . . . ]   pages come as they are touched
//   forget      [ # . . # # . . . . . . . . . . . ]   pages go back to the kernel; they read as zeros again
//
// The range stays mapped for the region's whole life: a reader without a lock may look at a page that was
// given back meanwhile, and sees zeros.
#pragma once

#include <cstddef>
#include <utility>

namespace larder::cache::segment {

inline constexpr std::size_t page_size = 4096;
inline constexpr std::size_t huge_page_size = std::size_t{2} << 20;

/// False where the machine's administrator has switched them off (transparent_hugepage: never).
[[nodiscard]] bool huge_pages_are_allowed();

[[nodiscard]] constexpr std::size_t round_up_to_pages(std::size_t size) {
  return (size + page_size - 1) / page_size * page_size;
}

/// Private, zeroed, demand-paged memory.
///
/// Units      bytes; offsets from data()
/// Ownership  owns its mapping
/// Threads    as whoever owns it; forget() may run beside readers
/// Errors     the constructor throws std::system_error when the kernel refuses so many addresses
class Region final {
 public:
  Region() = default;
  explicit Region(std::size_t size);
  ~Region();
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;
  Region(Region&& other) noexcept { swap(other); }
  Region& operator=(Region&& other) noexcept {
    swap(other);
    return *this;
  }

  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }

  /// Gives the pages of a page-aligned part back; they read as zeros from then on.
  void forget(std::size_t offset, std::size_t size) const;

  /// Gathers a part of the size and alignment of a huge page into one. False: the kernel does not do this.
  [[nodiscard]] bool gather(std::size_t offset, std::size_t size) const;

 private:
  void swap(Region& other) noexcept {
    std::swap(mapping_, other.mapping_);
    std::swap(mapping_size_, other.mapping_size_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }

  void* mapping_ = nullptr;
  std::size_t mapping_size_ = 0;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// What of a region's pages are in memory, for tests and reports.
[[nodiscard]] std::size_t resident_size(const Region& region);

}  // namespace larder::cache::segment
