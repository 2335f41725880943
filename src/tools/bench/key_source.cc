#include "tools/bench/key_source.h"

#include <algorithm>

#include "base/assert.h"
#include "tools/trace/value_size.h"

namespace larder::tools {

std::uint64_t value_size_of(const Workload& workload, std::uint64_t id) {
  return workload.value_rule.kind == ValueRuleKind::log_normal
             ? log_normal_value_size(id, workload.value_rule.size)
             : workload.value_rule.size;
}

std::uint64_t stream_seed(std::uint64_t seed, std::uint64_t stream) { return mix(mix(seed) + stream); }

std::uint64_t first_of_stream(std::uint64_t key_count, std::uint64_t stream, std::uint64_t stream_count) {
  // The first streams take one more each, until what is left over is gone.
  return key_count / stream_count * stream + std::min(key_count % stream_count, stream);
}

KeySource::KeySource(const Workload& workload, std::uint64_t stream, std::uint64_t stream_count)
    : choice_(workload.key_choice),
      key_count_(workload.key_count),
      random_(stream_seed(workload.seed, stream)),
      zipf_(workload.key_count, workload.skew) {
  LARDER_ASSERT(stream < stream_count);
  LARDER_ASSERT(key_count_ > 0);
  // Of fewer keys than streams, the last streams start where the first one does.
  next_ = first_of_stream(key_count_, stream, stream_count) % key_count_;
}

std::uint64_t KeySource::next() {
  switch (choice_) {
    case KeyChoice::zipf:
      return zipf_.next(random_) - 1;
    case KeyChoice::sequential: {
      const std::uint64_t id = next_;
      next_ = next_ + 1 == key_count_ ? 0 : next_ + 1;
      return id;
    }
    case KeyChoice::uniform:
      break;
  }
  // The product may be rounded up to the number itself.
  const double place = random_.next_unit() * static_cast<double>(key_count_);
  return std::min(static_cast<std::uint64_t>(place), key_count_ - 1);
}

}  // namespace larder::tools
