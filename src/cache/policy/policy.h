// cache/policy/policy.h: eviction policies as small simulators.
//
// A simulator is told which object is asked for and how large it is, and answers whether a cache of its
// capacity would have had it. It holds no keys, no values, no clock: what is left is the policy itself, short
// enough to be read beside its paper and quick enough to be run over a trace at many capacities.
//
//   request(id, size) -> hit:  the policy notes the use
//                     -> miss: others are evicted until `size` fits, then the object is admitted
//
// This is what a look-aside client does: it asks, and sets what it was not given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/function_ref.h"
#include "base/result.h"

namespace larder::cache::policy {

/// One object asked for. An id keeps its size for as long as it is asked for; should it change all the same,
/// the size that the object was admitted with counts for as long as it stays.
struct Request {
  std::uint64_t id;
  std::uint64_t size;  // bytes, or 1 for each object, in the same unit as the capacity; 0 takes no room
};

/// A cache that remembers which objects it holds, and nothing of them but their sizes.
///
/// Units      sizes and the capacity are in one unit of the caller's choice
/// Ownership  owns its lists; Belady alone also reads the future that it was made with
/// Threads    one at a time; takes no lock
/// Errors     none: what may not be is refused by make_policy() or asserted
/// Invariant  resident_size() <= capacity; resident_size() and resident_count() equal a walk
class Policy {
 public:
  using Visitor = FunctionRef<void(const Request&)>;

  Policy() = default;
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;
  virtual ~Policy() = default;

  /// True: a hit. On a miss the object is admitted and is a hit if it is asked for again at once, unless it
  /// is larger than the capacity: then nothing changes.
  virtual bool request(const Request& request) = 0;

  /// Whether request() would be a hit. Counts as no use.
  [[nodiscard]] virtual bool contains(std::uint64_t id) const = 0;

  [[nodiscard]] virtual std::uint64_t resident_size() const = 0;
  [[nodiscard]] virtual std::size_t resident_count() const = 0;

  /// Shows every resident object once, in no order that is promised.
  virtual void walk(Visitor show) const = 0;
};

struct PolicyOptions {
  std::uint64_t capacity = 0;
  std::span<const Request>
      future{};  // only belady reads it: all that will be asked, in order; outlives the policy
};

/// Beyond this, sums of sizes and shares of the capacity would no longer be exact.
inline constexpr std::uint64_t capacity_max = std::uint64_t{1} << 52;

/// Names that make_policy() knows, in the order in which help shows them.
[[nodiscard]] std::span<const std::string_view> policy_names();

/// Errors: unsupported (no such policy; the message lists those there are), malformed (a capacity of 0),
/// too_large (a capacity beyond capacity_max).
[[nodiscard]] Result<std::unique_ptr<Policy>> make_policy(std::string_view name,
                                                          const PolicyOptions& options);

/// A part of a capacity, rounded down.
[[nodiscard]] constexpr std::uint64_t share_of(std::uint64_t capacity, double share) {
  return static_cast<std::uint64_t>(static_cast<double>(capacity) * share);
}

}  // namespace larder::cache::policy
