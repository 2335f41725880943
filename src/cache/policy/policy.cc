#include "cache/policy/policy.h"

#include <algorithm>
#include <array>
#include <string>

#include "cache/policy/arc.h"
#include "cache/policy/belady.h"
#include "cache/policy/clock.h"
#include "cache/policy/fifo.h"
#include "cache/policy/lirs.h"
#include "cache/policy/lru.h"
#include "cache/policy/s3_fifo.h"
#include "cache/policy/sieve.h"
#include "cache/policy/two_q.h"
#include "cache/policy/w_tinylfu.h"

namespace larder::cache::policy {
namespace {

struct Maker {
  std::string_view name;
  std::unique_ptr<Policy> (*make)(const PolicyOptions&);
};

template <class P>
std::unique_ptr<Policy> make(const PolicyOptions& options) {
  return std::make_unique<P>(options);
}

constexpr std::array makers{
    Maker{.name = "fifo", .make = make<Fifo>},
    Maker{.name = "lru", .make = make<Lru>},
    Maker{.name = "clock", .make = make<Clock>},
    Maker{.name = "sieve", .make = make<Sieve>},
    Maker{.name = "s3fifo", .make = make<S3Fifo>},
    Maker{.name = "2q", .make = make<TwoQ>},
    Maker{.name = "arc", .make = make<Arc>},
    Maker{.name = "lirs", .make = make<Lirs>},
    Maker{.name = "w-tinylfu", .make = make<WTinyLfu>},
    Maker{.name = "belady", .make = make<Belady>},
};

constexpr auto names = [] {
  std::array<std::string_view, makers.size()> all;
  std::ranges::transform(makers, all.begin(), &Maker::name);
  return all;
}();

std::string join_names() {
  std::string text;
  for (const std::string_view name : names) {
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

}  // namespace

std::span<const std::string_view> policy_names() { return names; }

Result<std::unique_ptr<Policy>> make_policy(std::string_view name, const PolicyOptions& options) {
  const auto* const found = std::ranges::find(makers, name, &Maker::name);
  if (found == makers.end()) {
    return failure(ErrorKind::unsupported, "no such policy; there are: " + join_names());
  }
  if (options.capacity == 0) {
    return failure(ErrorKind::malformed, "a capacity of 0 holds nothing; the smallest that works is 1");
  }
  if (options.capacity > capacity_max) {
    return failure(ErrorKind::too_large, "a capacity of " + std::to_string(options.capacity) +
                                             " is too large; the largest that works is " +
                                             std::to_string(capacity_max));
  }
  return found->make(options);
}

}  // namespace larder::cache::policy
