// transport/input_buffer.h: the part of a connection's input that its handler could not use yet.
//
//   [ consumed | held ............ | free ]
//              ^ start_            ^ start_ + size_     ^ capacity_
//
// Most reads end at the end of a request and never come here. What is held is either a short tail, kept in a
// buffer of about its own size, or a message under way whose size its handler has named: that buffer at least
// doubles each time, but never passes the named size, so that a message of n bytes is copied O(n) in all,
// ends in a buffer of exactly n, and a peer that only claims a size costs nothing until it sends.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>

#include "base/bytes.h"

namespace larder::transport {

/// Bytes held for one connection, front to back.
///
/// Units      sizes are bytes
/// Errors     append() throws std::bad_alloc and changes nothing; nothing else fails
/// Invariant  start_ + size_ <= capacity_; an empty buffer owns no memory
class InputBuffer final {
 public:
  /// Appends `bytes`. `size_expected` is what the whole is known to grow to (0: unknown).
  void append(Bytes bytes, std::size_t size_expected);

  /// The first `size` held bytes are done with. Gives memory back where much is left unused.
  void consume(std::size_t size);

  void clear();

  [[nodiscard]] Bytes bytes() const { return {memory_.get() + start_, size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

 private:
  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };

  void move_to_front();
  [[nodiscard]] bool reallocate(std::size_t capacity);

  std::unique_ptr<char, Free> memory_;
  std::size_t start_ = 0;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace larder::transport
