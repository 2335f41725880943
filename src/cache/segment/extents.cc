#include "cache/segment/extents.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>
#include <new>
#include <system_error>

#include "base/assert.h"

namespace larder::cache::segment {
namespace {

// Of one class. Half of the values' sum could be values that just exceed half a slot, so a class takes twice
// what all values together may take; beyond this nothing is reserved.
constexpr std::size_t class_size_limit = std::size_t{1} << 40;

}  // namespace

Extents::Extents(std::size_t size_max) : size_max_(size_max) {}

unsigned Extents::class_of(std::size_t size) {
  return static_cast<unsigned>(std::bit_width(std::max(size, page_size) - 1));
}

std::byte* Extents::take(std::size_t size) {
  if (size > size_max_) return nullptr;
  const unsigned index = class_of(size);
  Class& own = classes_.at(index);
  const std::size_t slot_size = std::size_t{1} << index;
  try {
    if (own.region.data() == nullptr) {
      const std::size_t wanted = std::min(size_max_, class_size_limit / 2) * 2;
      if (wanted < slot_size) return nullptr;
      own.region = Region(wanted / slot_size * slot_size);
    }
    if (!own.free_indexes.empty()) {
      const std::size_t slot = own.free_indexes.back();
      own.free_indexes.pop_back();
      ++count_;
      return own.region.data() + slot * slot_size;
    }
    const bool has_room = (own.fresh_index + 1) * slot_size <= own.region.size() &&
                          own.fresh_index < std::numeric_limits<std::uint32_t>::max();
    if (!has_room) return nullptr;
    // So that giving back never allocates.
    if (own.free_indexes.capacity() <= own.fresh_index) own.free_indexes.reserve(2 * own.fresh_index + 8);
  } catch (const std::bad_alloc&) {
    return nullptr;
  } catch (const std::system_error&) {
    return nullptr;
  }
  ++count_;
  return own.region.data() + own.fresh_index++ * slot_size;
}

void Extents::forget(std::byte* slot, std::size_t size, std::size_t offset, std::size_t part_size) const {
  const Region& region = classes_.at(class_of(size)).region;
  region.forget(static_cast<std::size_t>(slot - region.data()) + offset, part_size);
}

const std::byte* Extents::slot_of(const std::byte* address) const {
  for (std::size_t index = 0; index < class_count; ++index) {
    const Region& region = classes_[index].region;
    if (std::less<>()(address, region.data()) || !std::less<>()(address, region.data() + region.size()))
      continue;
    const auto offset = static_cast<std::size_t>(address - region.data());
    return region.data() + (offset >> index << index);
  }
  return nullptr;
}

void Extents::give_back(std::byte* slot, std::size_t size) {
  const unsigned index = class_of(size);
  Class& own = classes_.at(index);
  const auto offset = static_cast<std::size_t>(slot - own.region.data());
  LARDER_ASSERT(offset < own.region.size());
  LARDER_ASSERT(offset % (std::size_t{1} << index) == 0);
  LARDER_ASSERT(count_ > 0);
  own.free_indexes.push_back(static_cast<std::uint32_t>(offset >> index));
  --count_;
}

}  // namespace larder::cache::segment
