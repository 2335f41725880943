// tools/bench/pending_requests.h: what one connection has asked and not been answered yet, oldest first.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/assert.h"

namespace larder::tools {

/// Latencies are told in nanoseconds, so base/clock.h's milliseconds are too coarse.
using BenchTime = std::chrono::steady_clock::time_point;

/// A ring of requests, each with its moment and the numbers of its keys.
///
/// Ownership  all memory is made at once
/// Invariant  size() <= capacity()
class PendingRequests final {
 public:
  PendingRequests(std::size_t capacity, std::size_t keys_per_request)
      : keys_per_request_(keys_per_request), requests_(capacity), ids_(capacity * keys_per_request) {
    LARDER_ASSERT(capacity > 0);
    LARDER_ASSERT(keys_per_request > 0);
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t capacity() const { return requests_.size(); }

  /// One more: the caller fills in the numbers of its keys. `time` is when it was sent, or was to be sent.
  std::span<std::uint64_t> push(bool is_read, std::size_t key_count, BenchTime time) {
    LARDER_ASSERT(size_ < capacity());
    LARDER_ASSERT(key_count <= keys_per_request_);
    const std::size_t index = wrapped(front_ + size_++);
    requests_[index] = {.time = time, .key_count = static_cast<std::uint32_t>(key_count), .is_read = is_read};
    return {ids_.data() + index * keys_per_request_, key_count};
  }

  // Of the oldest; there is one.
  [[nodiscard]] BenchTime time() const { return front().time; }
  [[nodiscard]] bool is_read() const { return front().is_read; }
  [[nodiscard]] std::span<const std::uint64_t> ids() const {
    return {ids_.data() + front_ * keys_per_request_, front().key_count};
  }

  void pop() {
    LARDER_ASSERT(size_ > 0);
    front_ = wrapped(front_ + 1);
    --size_;
  }

 private:
  struct Request {
    BenchTime time;
    std::uint32_t key_count = 0;
    bool is_read = false;
  };

  [[nodiscard]] std::size_t wrapped(std::size_t index) const {
    return index < capacity() ? index : index - capacity();
  }
  [[nodiscard]] const Request& front() const {
    LARDER_ASSERT(size_ > 0);
    return requests_[front_];
  }

  std::size_t keys_per_request_;
  std::vector<Request> requests_;
  std::vector<std::uint64_t> ids_;
  std::size_t front_ = 0;
  std::size_t size_ = 0;
};

}  // namespace larder::tools
