// cache/segment/byte_budget.h: the bytes of one cache, as those see them who only take and give back. The
// pool has them.
#pragma once

#include <cstddef>

namespace larder::cache::segment {

/// Threads    any
class ByteBudget {
 public:
  /// Takes `size` bytes, if it has them.
  [[nodiscard]] virtual bool reserve(std::size_t size) = 0;
  virtual void release(std::size_t size) = 0;

 protected:
  ~ByteBudget() = default;
};

}  // namespace larder::cache::segment
