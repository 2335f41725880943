// cache/counting_allocator.h: memory for a cache, and what it really costs.
//
// A limit that counts only keys and values lies to whoever sized the machine. So everything that a shard
// allocates (items, tables, a library's nodes) goes through one MemoryBudget, which asks malloc what it
// took in the end:
//
//   malloc(117)  ->  [ header word | 117 bytes asked for | 3 to round up ]
//                    counted: 8 + malloc_usable_size() = 128
//
// The budget counts and never refuses for its limit: a shard makes room *before* it allocates, and trims
// *after* if malloc rounded up by more than was foreseen, so that between two calls used() <= limit().
//
// A limit that is lowered is a target at first: limit() comes down to it with what the shard gives up.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <malloc.h>
#include <new>

#include "base/assert.h"

namespace larder::cache {

/// The memory of one shard.
///
/// Units      bytes
/// Ownership  owns nothing: whoever allocates frees, with release()
/// Threads    belongs to one shard; takes no lock
/// Errors     allocate() answers null when malloc does
/// Invariant  used() is `fixed_size` plus what malloc took for every block that is not released yet
class MemoryBudget final {
 public:
  /// `fixed_size`: what the shard's own object takes, which never passes through here. `asked`: see
  /// heed_asked().
  MemoryBudget(std::size_t limit, std::size_t fixed_size, const std::atomic<std::size_t>* asked = nullptr)
      : limit_(limit), target_(limit), used_(fixed_size), asked_(asked) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] std::size_t limit() const { return limit_; }
  [[nodiscard]] bool exceeded() const { return used_ > limit_; }

  /// What was asked for: limit(), or less.
  [[nodiscard]] std::size_t target() const { return target_; }
  [[nodiscard]] bool is_above_target() const { return limit_ > target_; }
  /// A higher one is the limit at once; a lower one as far as nothing is used beyond it.
  void set_target(std::size_t size) {
    target_ = size;
    limit_ = std::max(limit_, size);
    follow_target(0);
  }
  /// What any thread has asked for meanwhile becomes the target.
  void heed_asked() {
    if (asked_ == nullptr) return;
    const std::size_t size = asked_->load(std::memory_order_relaxed);
    if (size != target_) set_target(size);
  }
  /// limit(), or the higher one that will be heeded with the next store.
  [[nodiscard]] std::size_t limit_in_force() const {
    return asked_ == nullptr ? limit_ : std::max(limit_, asked_->load(std::memory_order_relaxed));
  }
  /// The limit is no higher from now on than the target, or what is used and `spare_size`.
  void follow_target(std::size_t spare_size) {
    limit_ = std::max(target_, std::min(limit_, used_ + spare_size));
  }

  /// True if a block of `size` can be allocated within the limit, as far as can be foreseen.
  [[nodiscard]] bool has_room_for(std::size_t size) const {
    return !exceeded() && block_size(size) <= limit_ - used_;
  }

  [[nodiscard]] void* allocate(std::size_t size) { return count(std::malloc(size)); }
  [[nodiscard]] void* allocate_zeroed(std::size_t size) { return count(std::calloc(1, size)); }

  void release(void* block) {
    if (block == nullptr) return;
    const std::size_t size = real_size(block);
    LARDER_ASSERT(size <= used_);
    used_ -= size;
    std::free(block);
  }

  /// What malloc took for `block`, which it has handed out.
  [[nodiscard]] static std::size_t real_size(void* block) { return malloc_usable_size(block) + header_size; }

  /// What malloc will take for `size` bytes, or a little less.
  ///
  /// Source: glibc's malloc: chunks are multiples of 16 and at least 32; from 128 KiB on (a threshold that
  /// moves up as such blocks are freed) a block is a mapping of whole pages.
  [[nodiscard]] static constexpr std::size_t block_size(std::size_t size) {
    if (size >= mapping_size_min) return round_up(size + 2 * header_size, page_size) - header_size;
    return std::max(chunk_size_min, round_up(size + header_size, chunk_alignment));
  }

 private:
  static constexpr std::size_t header_size = sizeof(std::size_t);
  static constexpr std::size_t chunk_alignment = 16;
  static constexpr std::size_t chunk_size_min = 32;
  static constexpr std::size_t mapping_size_min = std::size_t{128} << 10;
  static constexpr std::size_t page_size = 4096;

  static constexpr std::size_t round_up(std::size_t size, std::size_t step) {
    return (size + step - 1) / step * step;
  }

  void* count(void* block) {
    if (block != nullptr) used_ += real_size(block);
    return block;
  }

  std::size_t limit_;
  std::size_t target_;
  std::size_t used_;
  const std::atomic<std::size_t>* asked_;  // null: the limit stays
};

/// The same for a container of the standard library or of Boost. Throws std::bad_alloc, as containers
/// expect: whoever owns the container catches it.
template <class T>
class CountingAllocator {
 public:
  using value_type = T;

  explicit CountingAllocator(MemoryBudget& budget) : budget_(&budget) {}
  template <class U>
  CountingAllocator(const CountingAllocator<U>& other)  // NOLINT(google-explicit-constructor): a rebind
      : budget_(&other.budget()) {}

  [[nodiscard]] T* allocate(std::size_t count) {
    static_assert(alignof(T) <= alignof(std::max_align_t));
    // NOLINTNEXTLINE(bugprone-sizeof-expression): a T may well be a pointer, in an array of buckets
    constexpr std::size_t size = sizeof(T);
    if (count > static_cast<std::size_t>(-1) / size) throw std::bad_array_new_length();
    void* const block = budget_->allocate(count * size);
    if (block == nullptr) throw std::bad_alloc();
    return static_cast<T*>(block);
  }
  void deallocate(T* block, std::size_t /*count*/) { budget_->release(static_cast<void*>(block)); }

  [[nodiscard]] MemoryBudget& budget() const { return *budget_; }

  template <class U>
  friend bool operator==(const CountingAllocator& a, const CountingAllocator<U>& b) {
    return &a.budget() == &b.budget();
  }

 private:
  MemoryBudget* budget_;
};

}  // namespace larder::cache
