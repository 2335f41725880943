#include "cache/segment/region.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <sys/mman.h>
#include <system_error>
#include <vector>

#include "base/assert.h"

namespace larder::cache::segment {

// MAP_NORESERVE: the kernel is not asked to promise memory for all of it. Where overcommit is switched off
// (vm.overcommit_memory=2) it counts the whole range all the same and may refuse.
Region::Region(std::size_t size) : size_(round_up_to_pages(size)) {
  void* const address =
      ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) {
    throw std::system_error(errno, std::generic_category(),
                            "cannot reserve " + std::to_string(size_) + " bytes of address space");
  }
  data_ = static_cast<std::byte*>(address);
}

Region::~Region() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

void Region::forget(std::size_t offset, std::size_t size) const {
  LARDER_ASSERT(offset % page_size == 0);
  LARDER_ASSERT(size % page_size == 0);
  LARDER_ASSERT(offset + size <= size_);
  if (size > 0) LARDER_ASSERT(::madvise(data_ + offset, size, MADV_DONTNEED) == 0);
}

void Region::prefer_huge_pages() const {
  // A kernel without them refuses, and everything works all the same.
  if (size_ > 0) static_cast<void>(::madvise(data_, size_, MADV_HUGEPAGE));
}

std::size_t resident_size(const Region& region) {
  constexpr std::size_t pages_per_call = 1 << 16;
  std::vector<unsigned char> pages(pages_per_call);
  std::size_t count = 0;
  for (std::size_t offset = 0; offset < region.size(); offset += pages_per_call * page_size) {
    const std::size_t size = std::min(pages_per_call * page_size, region.size() - offset);
    if (::mincore(region.data() + offset, size, pages.data()) != 0) break;
    count += static_cast<std::size_t>(
        std::count_if(pages.begin(), pages.begin() + static_cast<std::ptrdiff_t>(size / page_size),
                      [](unsigned char page) { return (page & 1U) != 0; }));
  }
  return count * page_size;
}

}  // namespace larder::cache::segment
