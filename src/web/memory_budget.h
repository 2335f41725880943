// web/memory_budget.h: how much all connections together may hold of bodies that arrive, of calls under way
// and of large answers that their peers do not take.
//
// Each of these is bounded for one connection; ten thousand of them are not. So whoever is about to hold
// more asks first, and says 503 if there is no room.
#pragma once

#include <cstddef>

#include "base/assert.h"
#include "web/web_counts.h"

namespace larder::web {

/// Bytes for all connections of a loop.
///
/// Ownership  borrows the counts; outlives its shares
/// Threads    the loop's
/// Invariant  the shares add up to held_size(), which is over the bound only while one share holds all of it
class MemoryBudget final {
 public:
  MemoryBudget(std::size_t size_max, WebCounts& counts) : size_max_(size_max), counts_(counts) {}

  /// So little is never refused and not counted: requests for small things are answered whatever the large
  /// ones hold.
  static constexpr std::size_t free_size_max = std::size_t{16} << 10;

  [[nodiscard]] std::size_t held_size() const { return held_size_; }

  /// What one connection holds of it; nothing once it is gone.
  class Share final {
   public:
    explicit Share(MemoryBudget& budget) : budget_(budget) {}
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    ~Share() { budget_.held_size_ -= size_; }

    /// Holds `size` instead of what it held. False, counted as a refused request and nothing changed: it is
    /// more than before, and others leave no room for it.
    [[nodiscard]] bool change_to(std::size_t size) {
      LARDER_ASSERT(size_ <= budget_.held_size_);
      if (size <= free_size_max) size = 0;
      const std::size_t held_by_others = budget_.held_size_ - size_;
      if (size > size_ && held_by_others > 0 && held_by_others + size > budget_.size_max_) {
        ++budget_.counts_.requests_refused;
        return false;
      }
      budget_.held_size_ = held_by_others + size;
      size_ = size;
      return true;
    }
    void release() {
      budget_.held_size_ -= size_;
      size_ = 0;
    }

   private:
    MemoryBudget& budget_;
    std::size_t size_ = 0;
  };

 private:
  const std::size_t size_max_;
  WebCounts& counts_;
  std::size_t held_size_ = 0;
};

}  // namespace larder::web
