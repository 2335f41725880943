// tools/replay/value_rule.h: how large the value of an object is.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "tools/trace/trace.h"

namespace larder::tools {

enum class ValueRuleKind : std::uint8_t {
  own,         // what the trace says; objects of one size if it says nothing
  fixed,       // `size` bytes
  log_normal,  // from the id, with the mean `size`
};

struct ValueRule {
  ValueRuleKind kind = ValueRuleKind::own;
  std::uint64_t size = 0;
};

/// Gives each request of `trace` its size by `rule`; the rule `own` leaves it as it is.
void apply_value_rule(const ValueRule& rule, Trace& trace);

/// One size for each object, whenever it is asked: for a value that is stored now and checked later. Where
/// the trace's own sizes change from request to request, the first counts.
class ObjectSizes final {
 public:
  /// With the rule `own`, `trace` has sizes.
  ObjectSizes(const ValueRule& rule, const Trace& trace);

  /// `id` is in the trace.
  [[nodiscard]] std::uint64_t operator()(std::uint64_t id) const;

  /// The largest of all.
  [[nodiscard]] std::uint64_t size_max() const;

 private:
  ValueRule rule_;
  std::unordered_map<std::uint64_t, std::uint64_t> first_sizes_;  // with the rule `own`
};

}  // namespace larder::tools
