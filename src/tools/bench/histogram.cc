#include "tools/bench/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/assert.h"

namespace larder::tools {
namespace {

constexpr int half_bits = 10;  // 1,024 buckets a doubling

// How many low bits of `value` its bucket does not tell.
constexpr int shift_of(std::uint64_t value) {
  return std::max(static_cast<int>(std::bit_width(value)) - half_bits - 1, 0);
}

// The buckets of shift s start at s * 1024 + 1024, but for those of shift 0, which start 1,024 earlier.
constexpr std::size_t index_of(std::uint64_t value) {
  const int shift = shift_of(value);
  return (static_cast<std::size_t>(shift) << half_bits) + (value >> shift);
}

constexpr std::uint64_t last_value_of(std::size_t index) {
  const std::size_t half = std::size_t{1} << half_bits;
  const std::size_t shift = index < 2 * half ? 0 : (index >> half_bits) - 1;
  return ((index - (shift << half_bits) + 1) << shift) - 1;
}

constexpr std::size_t bucket_count = index_of(Histogram::value_max) + 1;
static_assert(last_value_of(bucket_count - 1) == Histogram::value_max);

}  // namespace

Histogram::Histogram() : buckets_(bucket_count) {}

void Histogram::record(std::uint64_t value) {
  ++buckets_[index_of(std::min(value, value_max))];
  ++count_;
  max_ = std::max(max_, value);
  sum_ += static_cast<double>(value);
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t index = 0; index < bucket_count; ++index) buckets_[index] += other.buckets_[index];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

void Histogram::clear() { *this = Histogram(); }

double Histogram::mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }

std::uint64_t Histogram::quantile(double share) const {
  LARDER_ASSERT(share >= 0);
  LARDER_ASSERT(share <= 1);
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t passed = 0;
  for (std::size_t index = 0; index < bucket_count; ++index) {
    passed += buckets_[index];
    if (passed > 0 && passed >= wanted) return std::min(last_value_of(index), max_);
  }
  return max_;
}

}  // namespace larder::tools
