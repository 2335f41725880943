// tools/bench/tally.h: what came of the requests.
//
// A request is asked for what it is good for: a hit with all its bytes, a miss that the server admits, a
// store that it confirms. What it refuses and what comes back wrong is counted apart, and never as success.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "tools/bench/histogram.h"
#include "tools/bench/pending_requests.h"

namespace larder::tools {

/// The books of one thread, or of several merged.
///
/// Invariant  sent_count is replied_count and what is pending. Each reply to a read is so many hits, misses
///            and wrong values as it had keys, or is refused; each reply to a store is stored or refused
struct Tally {
  std::uint64_t sent_count = 0;     // requests
  std::uint64_t replied_count = 0;  // requests whose reply is complete, refused ones among them
  std::uint64_t hit_count = 0;      // keys that were there, with the value that belongs to them
  std::uint64_t miss_count = 0;     // keys that were not
  std::uint64_t wrong_count =
      0;  // keys with a value of another size, or of other bytes where that is verified
  std::uint64_t stored_count = 0;
  std::uint64_t refused_count = 0;  // requests that were answered with an error
  std::uint64_t spoilt_count = 0;   // replies to reads with a wrong value in them
  std::uint64_t sent_size = 0;      // bytes
  std::uint64_t received_size = 0;
  std::string first_refusal{};  // the server's text
  std::string first_wrong{};    // the key
  Histogram reads{};            // nanoseconds from when a request was due to the end of its reply
  Histogram stores{};

  void merge(const Tally& other);

  /// Requests that were answered with what they asked for.
  [[nodiscard]] std::uint64_t success_count() const { return replied_count - refused_count - spoilt_count; }
};

/// A thread's books: what it is measured by, and what came before.
struct Books {
  Tally warm_up;
  Tally measured;
  BenchTime measured_from;  // requests of earlier moments are the warm-up's
  BenchTime last_reply;

  [[nodiscard]] Tally& of(BenchTime time) { return time < measured_from ? warm_up : measured; }

  // What a scanner says of the oldest pending request, in this order: of its keys, then of the whole.
  void hit(const PendingRequests& pending) { ++of(pending.time()).hit_count; }
  void miss(const PendingRequests& pending) { ++of(pending.time()).miss_count; }
  void stored(const PendingRequests& pending) { ++of(pending.time()).stored_count; }
  void wrong(const PendingRequests& pending, std::uint64_t id);
  void refused(const PendingRequests& pending, Bytes text);

  /// Its reply is complete: books it and drops it. `is_spoilt`: a value in it was wrong.
  void replied(PendingRequests& pending, bool is_spoilt, BenchTime now);
};

}  // namespace larder::tools
