#include "cache/lru/table.h"

#include <new>

#include "base/assert.h"

namespace larder::cache {
namespace {

// A growth from n to 2n buckets starts at n nodes and must be over before there are 2n; 4 units a write end
// it after n / 4 writes, and a write still touches only a handful of cache lines more.
constexpr std::size_t units_per_step = 4;

// Shrinks at an eighth, to a quarter full: far enough from the growth that no workload makes it swing.
constexpr std::size_t shrink_divisor = 8;

}  // namespace

Table::Table(MemoryBudget& budget, unsigned skipped_bit_count)
    : budget_(budget), skipped_bit_count_(skipped_bit_count) {
  source_.bit_count = bit_count_min;
  source_.buckets = static_cast<Node**>(budget_.allocate_zeroed(Array::size_of(bit_count_min)));
  if (source_.buckets == nullptr) throw std::bad_alloc();
}

Table::~Table() {
  budget_.release(static_cast<void*>(source_.buckets));
  budget_.release(static_cast<void*>(target_.buckets));
}

Table::Range Table::range_at(std::uint64_t hash) const {
  const Array& array = array_of(hash);
  const std::uint64_t inside = ~std::uint64_t{0} >> (skipped_bit_count_ + array.bit_count);
  return {.first = array.buckets[index_of(hash, array.bit_count)], .last_hash = hash | inside};
}

unsigned Table::bit_count_due() const {
  if (is_resizing()) return source_.bit_count;
  // A bucket that covers less than one cursor would let a scan stop inside it; 2^36 buckets are never
  // reached.
  if (size_ > source_.bucket_count() && skipped_bit_count_ + source_.bit_count < cursor_bit_count) {
    return source_.bit_count + 1;
  }
  if (size_ < source_.bucket_count() / shrink_divisor && source_.bit_count > bit_count_min) {
    return source_.bit_count - 1;
  }
  return source_.bit_count;
}

void Table::start_resize() {
  if (!is_resize_due()) return;
  const unsigned bit_count = bit_count_due();
  // calloc gets large arrays as fresh pages, zeroed by the kernel when they are first touched: no stall here.
  target_.buckets = static_cast<Node**>(budget_.allocate_zeroed(Array::size_of(bit_count)));
  target_.bit_count = bit_count;
  unit_front_ = 0;
}

void Table::step() {
  if (!is_resizing()) return;
  const std::size_t unit_count = std::size_t{1} << unit_bit_count();
  for (std::size_t i = 0; i < units_per_step && unit_front_ < unit_count; ++i) move_unit(unit_front_++);
  if (unit_front_ == unit_count) {
    budget_.release(static_cast<void*>(source_.buckets));
    source_ = target_;
    target_ = {};
  }
}

// The unit's range is one bucket of the smaller array and two of the larger, whichever way the resize goes.
void Table::move_unit(std::size_t unit) {
  const unsigned split_bit_count = source_.bit_count - unit_bit_count();
  const std::size_t first = unit << split_bit_count;
  const std::size_t last = first + (std::size_t{1} << split_bit_count);
  for (std::size_t index = first; index < last; ++index) {
    Node* node = source_.buckets[index];
    source_.buckets[index] = nullptr;
    while (node != nullptr) {
      Node* const next = node->chain_next;
      Node*& target = target_.buckets[index_of(node->hash(), target_.bit_count)];
      node->chain_next = target;
      target = node;
      node = next;
    }
  }
}

void Table::reset() {
  LARDER_ASSERT(size_ == 0);
  if (is_resizing()) {
    budget_.release(static_cast<void*>(target_.buckets));
    target_ = {};
  }
  if (source_.bit_count == bit_count_min) return;
  auto* const smallest = static_cast<Node**>(budget_.allocate_zeroed(Array::size_of(bit_count_min)));
  if (smallest == nullptr) return;  // the larger one serves as well
  budget_.release(static_cast<void*>(source_.buckets));
  source_ = {.buckets = smallest, .bit_count = bit_count_min};
}

std::size_t Table::memory_used() const {
  std::size_t size = MemoryBudget::real_size(static_cast<void*>(source_.buckets));
  if (is_resizing()) size += MemoryBudget::real_size(static_cast<void*>(target_.buckets));
  return size;
}

}  // namespace larder::cache
