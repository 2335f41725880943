#include "cache/segment/segment_shared.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/assert.h"

namespace larder::cache::segment {
namespace {

/// A large value on its way into the cache.
class SegmentDraft final : public Draft {
 public:
  explicit SegmentDraft(SegmentShared& shared) : shared_(shared) {}
  ~SegmentDraft() override {
    if (place_ != nullptr) shared_.large_values.end_draft(place_);
  }
  SegmentDraft(const SegmentDraft&) = delete;
  SegmentDraft& operator=(const SegmentDraft&) = delete;

  bool begin(std::size_t value_size, std::size_t key_size_max) {
    place_ = shared_.large_values.begin_draft(value_size, key_size_max);
    return place_ != nullptr;
  }

  bool append(Bytes bytes, TimePoint now) override {
    Patience patience;
    while (!shared_.large_values.grow_draft(place_, size_ + bytes.size())) {
      if (patience.is_over()) return false;
      if (shared_.large_values.reclaim()) continue;
      patience.note(shared_.tenants.make_way(records_per_portion, now, patience.need()));
    }
    std::memcpy(place_ + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
    return true;
  }
  [[nodiscard]] Bytes bytes() const override { return {reinterpret_cast<const char*>(place_), size_}; }

 private:
  SegmentShared& shared_;
  std::byte* place_ = nullptr;
  std::size_t size_ = 0;
};

std::size_t memory_limit_max_for(const CacheOptions& options) {
  constexpr std::size_t factor_max = PoolShape::raise_factor;
  const std::size_t factor = options.may_be_raised ? factor_max : 1;
  return options.memory_size_max > SIZE_MAX / factor ? options.memory_size_max
                                                     : options.memory_size_max * factor;
}

}  // namespace

// The first threads of a process get a line each. Those that come later share the last one.
std::size_t ReadCounters::line_of_this_thread() {
  static std::atomic<std::size_t> thread_count{0};
  static constinit thread_local std::size_t number_from_one = 0;
  if (number_from_one == 0) {
    number_from_one = 1 + thread_count.fetch_add(1, std::memory_order_relaxed);
  }
  return std::min(number_from_one, line_count) - 1;
}

// A line with one writer needs no locked instruction.
void ReadCounters::count(bool hit) {
  const std::size_t index = line_of_this_thread();
  Line& line = lines_[index];
  std::atomic<std::uint64_t>& counter = hit ? line.hits : line.misses;
  if (index + 1 < line_count) {
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  } else {
    counter.fetch_add(1, std::memory_order_relaxed);
  }
}

std::uint64_t ReadCounters::sum(std::atomic<std::uint64_t> Line::* counter) const {
  std::uint64_t total = 0;
  for (const Line& line : lines_) total += (line.*counter).load(std::memory_order_relaxed);
  return total;
}

SegmentShared::SegmentShared(const CacheOptions& options, std::size_t fixed_size)
    : hasher(options.secret),
      policy(find_queue_policy(options.policy)),
      pool(PoolShape::of(options.memory_size_max, options.shard_count, memory_limit_max_for(options)),
           fixed_size),
      large_values(pool, options.memory_size_max, pool.shape().memory_limit_max) {
  LARDER_ASSERT(policy != nullptr);
}

// Sixteen segments a shard is what the smallest cache has, too: its index, two that are written to, two that
// are cleaned into, and a queue. A first index is no more than a two thousandth of the start's share, which
// counts where segments are as large as they get.
MemoryLimitRange SegmentShared::memory_limit_range() const {
  constexpr std::size_t segments_per_shard_min = 16;
  constexpr std::size_t first_index_divisor = 2048;
  const PoolShape& shape = pool.shape();
  const std::size_t least = pool.fixed_size() +
                            shape.shard_count * segments_per_shard_min * pool.segment_cost() +
                            shape.memory_size_max / first_index_divisor;
  return {.least = std::min(least, shape.memory_size_max), .most = shape.memory_limit_max};
}

void SegmentShared::set_memory_limit(std::size_t size) {
  pool.set_target(size);
  large_values.set_size_max(size);
}

bool SegmentShared::tidy(std::size_t record_count_max, TimePoint now) {
  if (large_values.reclaim()) return true;
  if (pool.is_above_target()) return shrink(record_count_max, now);
  pool.gather_huge_page();
  return false;
}

// Makes room as a write does, and takes it from the limit. One thread is enough: the others have requests.
// While all that is left is lent or on its way in, there is nothing to do: the next sweep looks again.
bool SegmentShared::shrink(std::size_t record_count_max, TimePoint now) {
  const std::unique_lock lock(shrinking_, std::try_to_lock);
  if (!lock.owns_lock()) return false;
  std::size_t count = 0;
  while (count < record_count_max && pool.is_above_target()) {
    if (pool.lower_limit()) {
      patience_ = {};
      count += records_per_portion;
      continue;
    }
    const auto progress = tenants.make_way(records_per_portion, now, patience_.need());
    if (progress.record_count == 0) return large_values.reclaim();
    patience_.note(progress);
    count += progress.record_count;
  }
  return pool.is_above_target();
}

std::unique_ptr<Draft> SegmentShared::draft(std::size_t value_size, std::size_t key_size_max) {
  if (!is_large(value_size)) return nullptr;
  auto draft = std::make_unique<SegmentDraft>(*this);
  if (!draft->begin(value_size, key_size_max)) return nullptr;
  return draft;
}

}  // namespace larder::cache::segment
