// session/request_rates.h: how many requests a second one address, and one user, may make.
//
//   --requests-per-address 100      a bucket of tokens for each address      a request takes one of each;
//   --requests-per-user 1000        and one for each user                    without one it waits
//
// A bucket holds a second's tokens, so that a burst passes, and fills at the rate. It is one number: the
// moment at which it will be full again. Source: the virtual scheduling form of the generic cell rate
// algorithm, ITU-T I.371, annex A. Tokens are given in the order in which they are asked for, also those that
// are not there yet: who asks often does not keep out who asks once.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"

namespace larder::session {

/// Threads    any
class RequestBucket final {
 public:
  /// Takes a token, of `per_second` each second. From when on it is there: `now` at the earliest.
  [[nodiscard]] TimePoint take(std::uint64_t per_second, TimePoint now);
  /// One that was taken is not used.
  void give_back(std::uint64_t per_second);
  [[nodiscard]] bool is_full(TimePoint now) const;
  void fill() { full_at_ns_.store(0, std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> full_at_ns_{0};
};

/// The buckets of all.
///
/// Ownership  shares its buckets with the connections that take from them
/// Threads    set_up() before there are others, then any
/// Errors     bucket_of() throws std::bad_alloc
/// Invariant  a bucket is there as long as it is not full, or somebody has it; of addresses there are no more
///            than `address_count_max`, and further ones share one
class RequestRates final {
 public:
  static constexpr std::size_t address_count_max = 65'536;

  /// Requests a second; 0: no bound.
  struct Bounds {
    std::uint64_t per_address = 0;
    std::uint64_t per_user = 0;
  };
  void set_up(Bounds bounds) { bounds_ = bounds; }
  [[nodiscard]] const Bounds& bounds() const { return bounds_; }

  /// `peer` as transport/addresses.h writes it. Null: it is not bounded.
  [[nodiscard]] std::shared_ptr<RequestBucket> bucket_of_address(Bytes peer);
  [[nodiscard]] std::shared_ptr<RequestBucket> bucket_of_user(Bytes name);

  /// Forgets those that nobody needs, and fills all when the clock was set back. Called a few times a second.
  void tick(TimePoint now);

  enum class Kind : std::uint8_t { address, user };
  /// Keeps the name of one who has to wait, for the log, until it is taken.
  void note_delayed(Kind kind, Bytes name);
  [[nodiscard]] std::string take_delayed(Kind kind);

  [[nodiscard]] std::size_t bucket_count() const;

 private:
  using Buckets = std::map<std::string, std::shared_ptr<RequestBucket>, std::less<>>;

  void forget(Buckets& buckets, TimePoint now);

  Bounds bounds_;
  mutable std::mutex mutex_;
  Buckets addresses_;
  Buckets users_;
  std::shared_ptr<RequestBucket> of_further_addresses_ = std::make_shared<RequestBucket>();
  TimePoint forgets_at_{};
  TimePoint ticked_at_{};
  struct Delayed {
    std::atomic<bool> is_noted{false};
    std::string name;
  };
  std::array<Delayed, 2> delayed_;  // of each kind
};

}  // namespace larder::session
