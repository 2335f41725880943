#include "transport/buffer_budget.h"

#include <algorithm>

#include "base/assert.h"

namespace larder::transport {
namespace {

constexpr std::size_t grain_size_max = std::size_t{64} << 10;
/// Of the whole: what all loops together may not know yet.
constexpr std::size_t unknown_part = 32;

}  // namespace

BufferBudget::BufferBudget(std::size_t size_max, std::size_t share_count)
    : size_max_(size_max),
      grain_size_(std::clamp<std::size_t>(size_max / unknown_part / share_count, 1, grain_size_max)),
      shares_(share_count) {
  LARDER_ASSERT(share_count > 0);
  for (Share& share : shares_) share.budget_ = this;
}

BufferBudget::Share& BufferBudget::share(std::size_t index) {
  LARDER_ASSERT(index < shares_.size());
  return shares_[index];
}

void BufferBudget::Share::publish() {
  size_known_.store(size_, std::memory_order_relaxed);
  closable_count_known_.store(closable_.count, std::memory_order_relaxed);
  closable_size_known_.store(closable_.size, std::memory_order_relaxed);
  look();
}

void BufferBudget::Share::look() {
  std::size_t sum = size_;
  for (const Share& share : budget_->shares_) {
    if (&share != this) sum += share.size_known_.load(std::memory_order_relaxed);
  }
  const std::size_t size_max = budget_->size_max_;
  if (sum > size_max) {
    level_ = Level::spent;
  } else {
    level_ = sum > size_max - size_max / 4 ? Level::scarce : Level::free;
  }
}

std::size_t BufferBudget::Share::closed_size_mean() const {
  Closable all = closable_;
  for (const Share& share : budget_->shares_) {
    if (&share == this) continue;
    all.count += share.closable_count_known_.load(std::memory_order_relaxed);
    all.size += share.closable_size_known_.load(std::memory_order_relaxed);
  }
  return all.size / std::max<std::size_t>(all.count, 1);
}

bool BufferBudget::Share::anybody_waits() const {
  return std::ranges::any_of(
      budget_->shares_, [](const Share& share) { return share.is_waiting_.load(std::memory_order_relaxed); });
}

}  // namespace larder::transport
