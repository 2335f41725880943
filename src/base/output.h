// base/output.h: bytes on their way to a peer.
//
//   [ sent already | pending ............ ]
//                  ^ sent_size_           ^ bytes_.size()
//
// A session appends at the end, the transport sends from the front. Nothing is moved for each send: the sent
// part is dropped when everything is out, or when it outweighs what is left.
#pragma once

#include <cstddef>
#include <string>

#include "base/assert.h"
#include "base/bytes.h"

namespace larder {

/// The replies of one connection that are not sent yet.
///
/// Units      sizes are bytes
/// Threads    belongs to its connection's loop
/// Invariant  sent_size_ <= bytes_.size()
class Output final {
 public:
  /// Past this much unsent a session stops taking requests, and the connection is no longer read.
  static constexpr std::size_t high_water_size = std::size_t{1} << 20;
  /// A buffer that grew larger than this gives its memory back once it is empty.
  static constexpr std::size_t kept_capacity_max = std::size_t{16} << 10;

  void append(Bytes bytes) { bytes_.append(bytes); }
  void append(char byte) { bytes_.push_back(byte); }

  [[nodiscard]] Bytes pending() const { return Bytes(bytes_).substr(sent_size_); }
  [[nodiscard]] std::size_t size() const { return bytes_.size() - sent_size_; }
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] bool full() const { return size() >= high_water_size; }
  /// Bytes that it has allocated: a few fit into the object itself.
  [[nodiscard]] std::size_t capacity() const {
    return bytes_.capacity() > std::string().capacity() ? bytes_.capacity() : 0;
  }

  /// The first `size` pending bytes have left.
  void sent(std::size_t size) {
    LARDER_ASSERT(size <= this->size());
    sent_size_ += size;
    if (sent_size_ == bytes_.size()) {
      clear();
    } else if (sent_size_ > bytes_.size() / 2 && sent_size_ > kept_capacity_max) {
      bytes_.erase(0, sent_size_);
      sent_size_ = 0;
    }
  }

  /// Takes back what was appended last: `size` pending bytes stay.
  void shrink_to(std::size_t size) {
    LARDER_ASSERT(size <= this->size());
    bytes_.resize(sent_size_ + size);
  }

  void clear() {
    sent_size_ = 0;
    bytes_.clear();
    if (bytes_.capacity() > kept_capacity_max) std::string().swap(bytes_);
  }

 private:
  std::string bytes_;
  std::size_t sent_size_ = 0;
};

}  // namespace larder
