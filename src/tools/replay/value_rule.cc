#include "tools/replay/value_rule.h"

#include <algorithm>

#include "base/assert.h"
#include "tools/trace/value_size.h"

namespace larder::tools {

void apply_value_rule(const ValueRule& rule, Trace& trace) {
  if (rule.kind == ValueRuleKind::own) return;
  trace.sizes.resize(trace.request_count());
  for (std::size_t i = 0; i < trace.request_count(); ++i) {
    trace.sizes[i] =
        rule.kind == ValueRuleKind::fixed ? rule.size : log_normal_value_size(trace.ids[i], rule.size);
  }
}

ObjectSizes::ObjectSizes(const ValueRule& rule, const Trace& trace) : rule_(rule) {
  if (rule.kind != ValueRuleKind::own) return;
  LARDER_ASSERT(trace.has_sizes());
  for (std::size_t i = 0; i < trace.request_count(); ++i) {
    first_sizes_.try_emplace(trace.ids[i], trace.sizes[i]);
  }
}

std::uint64_t ObjectSizes::operator()(std::uint64_t id) const {
  switch (rule_.kind) {
    case ValueRuleKind::fixed:
      return rule_.size;
    case ValueRuleKind::log_normal:
      return log_normal_value_size(id, rule_.size);
    case ValueRuleKind::own:
      break;
  }
  const auto found = first_sizes_.find(id);
  LARDER_ASSERT(found != first_sizes_.end());
  return found->second;
}

std::uint64_t ObjectSizes::size_max() const {
  if (rule_.kind == ValueRuleKind::fixed) return rule_.size;
  if (rule_.kind == ValueRuleKind::log_normal) return log_normal_value_size_max;
  std::uint64_t max = 0;
  for (const auto& [id, size] : first_sizes_) max = std::max(max, size);
  return max;
}

}  // namespace larder::tools
