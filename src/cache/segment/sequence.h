// cache/segment/sequence.h: reads that take no lock, and know when they were wrong.
//
//   writer, under the shard's lock        reader
//     sequence: 6 -> 7   (odd: at work)     sees 6, even: reads, copies
//     ... changes ...                       sees 6 again: what it copied was all of one moment
//     sequence: 7 -> 8                      sees 7 or 8: throws the copy away and tries again, or waits
//
// What is read in between may be half of one state and half of another, so a reader must be safe with any
// bytes at all: it checks bounds, never follows a pointer that it read, and believes nothing before the
// second look.
//
// Source: Boehm, "Can seqlocks get along with programming language memory models?", MSPC 2012. Differs: the
// data are read with acquire and written with release, which costs nothing on x86 and needs no fence, which
// ThreadSanitizer does not know.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "base/assert.h"

namespace larder::cache::segment {

/// A shard's sequence number.
///
/// Threads    begin/end_write only under the shard's lock; begin_read and still_valid from any thread
/// Invariant  odd exactly while a writer is between begin_write and end_write
class Sequence final {
 public:
  using Ticket = std::uint64_t;

  /// None: a writer is at work.
  [[nodiscard]] std::optional<Ticket> begin_read() const {
    const Ticket ticket = value_.load(std::memory_order_acquire);
    if (ticket % 2 != 0) return std::nullopt;
    return ticket;
  }
  [[nodiscard]] bool still_valid(Ticket ticket) const {
    return value_.load(std::memory_order_relaxed) == ticket;
  }

  /// Nested calls are one write.
  void begin_write() {
    if (depth_++ == 0) value_.store(value_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  void end_write() {
    LARDER_ASSERT(depth_ > 0);
    if (--depth_ == 0) value_.store(value_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

 private:
  std::atomic<std::uint64_t> value_{0};
  unsigned depth_ = 0;
};

/// A write as a scope.
class WriteSection final {
 public:
  explicit WriteSection(Sequence& sequence) : sequence_(sequence) { sequence_.begin_write(); }
  ~WriteSection() { sequence_.end_write(); }
  WriteSection(const WriteSection&) = delete;
  WriteSection& operator=(const WriteSection&) = delete;

 private:
  Sequence& sequence_;
};

}  // namespace larder::cache::segment
