#include "transport/input_buffer.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/assert.h"

namespace larder::transport {
namespace {

constexpr std::size_t capacity_min = 64;

/// Less than this is not worth a reallocation to give back.
constexpr std::size_t slack_max = std::size_t{2} << 10;

}  // namespace

void InputBuffer::append(Bytes bytes, std::size_t size_expected) {
  if (bytes.empty()) return;
  const std::size_t needed = size_ + bytes.size();
  if (start_ + needed > capacity_) {
    move_to_front();
    if (needed > capacity_) {
      // A first piece of unknown size gets just its room: it is most often the tail of a pipeline, which the
      // next read completes. One that keeps growing doubles.
      const std::size_t roomy = size_ == 0 ? needed : 2 * needed;
      const std::size_t capacity =
          std::max(capacity_min, size_expected >= needed ? std::min(size_expected, 2 * needed) : roomy);
      if (!reallocate(capacity)) throw std::bad_alloc();
    }
  }
  std::memcpy(memory_.get() + start_ + size_, bytes.data(), bytes.size());
  size_ = needed;
}

void InputBuffer::consume(std::size_t size) {
  LARDER_ASSERT(size <= size_);
  if (size == 0) return;
  start_ += size;
  size_ -= size;
  if (size_ == 0) {
    clear();
    return;
  }
  // A large read leaves its capacity behind a tail of a few bytes; ten thousand peers that each stop in the
  // middle of a request would hold a read's worth of memory each.
  if (capacity_ <= slack_max || size_ > capacity_ / 4) return;
  move_to_front();
  static_cast<void>(reallocate(size_));  // if not, it stays as large as it is
}

void InputBuffer::clear() {
  memory_.reset();
  start_ = size_ = capacity_ = 0;
}

void InputBuffer::move_to_front() {
  if (start_ == 0) return;
  std::memmove(memory_.get(), memory_.get() + start_, size_);
  start_ = 0;
}

/// With realloc and not new: large blocks are mappings of their own, and the kernel moves their pages instead
/// of copying them.
bool InputBuffer::reallocate(std::size_t capacity) {
  char* const before = memory_.release();
  auto* const after = static_cast<char*>(std::realloc(before, capacity));
  memory_.reset(after != nullptr ? after : before);
  if (after == nullptr) return false;
  capacity_ = capacity;
  return true;
}

}  // namespace larder::transport
