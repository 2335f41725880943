#include "cache/segment/region.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <string>
#include <sys/mman.h>
#include <system_error>
#include <vector>

#include "base/assert.h"

namespace larder::cache::segment {

// MAP_NORESERVE: the kernel is not asked to promise memory for all of it. Where overcommit is switched off
// (vm.overcommit_memory=2) it counts the whole range all the same and may refuse.
//
// Large ones begin where a huge page may begin; what is reserved in front of that is not used.
Region::Region(std::size_t size) : size_(round_up_to_pages(size)) {
  const std::size_t slack = size_ >= huge_page_size ? huge_page_size : 0;
  mapping_size_ = size_ + slack;
  mapping_ = ::mmap(nullptr, mapping_size_, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping_ == MAP_FAILED) {
    throw std::system_error(errno, std::generic_category(),
                            "cannot reserve " + std::to_string(size_) + " bytes of address space");
  }
  // Where transparent_hugepage says "always", touching one page would make two megabytes resident that nobody
  // counts: a value of 40 KB in a slot of 64 KB, or a segment that was given back. See gather().
  static_cast<void>(::madvise(mapping_, mapping_size_, MADV_NOHUGEPAGE));
  const auto start = reinterpret_cast<std::uintptr_t>(mapping_);
  const std::size_t skipped = slack == 0 ? 0 : (huge_page_size - start % huge_page_size) % huge_page_size;
  data_ = static_cast<std::byte*>(mapping_) + skipped;
}

Region::~Region() {
  if (data_ != nullptr) ::munmap(mapping_, mapping_size_);
}

void Region::forget(std::size_t offset, std::size_t size) const {
  LARDER_ASSERT(offset % page_size == 0);
  LARDER_ASSERT(size % page_size == 0);
  LARDER_ASSERT(offset + size <= size_);
  if (size > 0) LARDER_ASSERT(::madvise(data_ + offset, size, MADV_DONTNEED) == 0);
}

// MADV_COLLAPSE came with Linux 6.1, and with headers later than Debian 12's. It leaves alone what must not
// be a huge page, so the part may be one for as long as the call takes; what was gathered stays so
// afterwards.
bool Region::gather(std::size_t offset, std::size_t size) const {
  constexpr int collapse = 25;
  LARDER_ASSERT(offset + size <= size_);
  static_cast<void>(::madvise(data_ + offset, size, MADV_HUGEPAGE));
  const int outcome = ::madvise(data_ + offset, size, collapse);
  const int error = errno;
  static_cast<void>(::madvise(data_ + offset, size, MADV_NOHUGEPAGE));
  return outcome == 0 ||
         (error != EINVAL && error != ENOSYS);  // no memory for it just now: perhaps for the next
}

bool huge_pages_are_allowed() {
  std::ifstream setting("/sys/kernel/mm/transparent_hugepage/enabled");
  std::string words;
  return std::getline(setting, words) && words.find("[never]") == std::string::npos;
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
