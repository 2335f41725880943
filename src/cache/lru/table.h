// cache/lru/table.h: a chained hash table whose order survives its growth.
//
// Each bucket is the head of a chain of nodes. A bucket's number is the *top* bits of the hash (behind those
// that chose the shard), so bucket b covers a range of hashes, and the buckets in turn cover all of them in
// ascending order. When the table doubles, bucket b falls apart into 2b and 2b + 1 and the order stays:
//
//   2 bits   | 0             | 1             | 2             | 3             |
//   3 bits   | 0     | 1     | 2     | 3     | 4     | 5     | 6     | 7     |
//            hash 0x0000...                                       hash 0xffff...
//
// That is what scans need: "everything below hash h was shown" means the same before and after a resize.
//
// Nothing is rehashed at once. A resize allocates the target array and moves a few units a step, from the
// left; a unit is the range of one bucket of the smaller array. Whether a hash lies left of the front tells
// which array its bucket is in, so a lookup always looks in exactly one:
//
//   source   | ..... moved ..... | 2             | 3             |
//   target   | 0 | 1 | 2 | 3     |  (still empty)                |
//                                ^ unit_front_
#pragma once

#include <cstddef>
#include <cstdint>

#include "cache/counting_allocator.h"
#include "cache/lru/node.h"
#include "cache/shard.h"

namespace larder::cache {

/// Finds nodes by key.
///
/// Units      a bucket is one pointer
/// Ownership  owns its arrays, not the nodes
/// Threads    as its shard
/// Errors     the constructor throws std::bad_alloc; a resize that gets no memory does not happen
/// Invariant  every node is in the chain of bucket(hash), and size() counts them
class Table final {
 public:
  static constexpr unsigned bit_count_min = 4;

  /// `skipped_bit_count`: top bits of the hash that are the same in all nodes.
  Table(MemoryBudget& budget, unsigned skipped_bit_count);
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  [[nodiscard]] std::size_t size() const { return size_; }

  [[nodiscard]] Node* find(const ItemKey& key) const {
    Node* node = bucket(key.hash);
    while (node != nullptr && !node->is(key)) node = node->chain_next;
    return node;
  }

  /// No node with the same key is in the table.
  void insert(Node& node) {
    Node*& first = bucket(node.hash());
    node.chain_next = first;
    first = &node;
    ++size_;
  }

  /// `node` is in the table.
  void remove(Node& node) {
    Node** place = &bucket(node.hash());
    while (*place != &node) place = &(*place)->chain_next;
    *place = node.chain_next;
    node.chain_next = nullptr;
    --size_;
  }

  /// The bucket that covers `hash`: its chain, and the last hash that belongs to it.
  struct Range {
    Node* first;
    std::uint64_t last_hash;
  };
  [[nodiscard]] Range range_at(std::uint64_t hash) const;

  // Resizing. The owner calls step() with each write, and start_resize() when is_resize_due() and its budget
  // has room for the new array.

  /// Moves a few units, if a resize is under way.
  void step();
  [[nodiscard]] bool is_resizing() const { return target_.buckets != nullptr; }
  /// More nodes than buckets, or so few that most of the array is wasted.
  [[nodiscard]] bool is_resize_due() const { return bit_count_due() != source_.bit_count; }
  /// The second of these.
  [[nodiscard]] bool is_shrink_due() const { return bit_count_due() < source_.bit_count; }
  /// Chains have grown so long that the growth is worth some items.
  [[nodiscard]] bool is_growth_overdue() const {
    return !is_resizing() && is_resize_due() && size_ > 2 * source_.bucket_count();
  }
  /// What start_resize() allocates.
  [[nodiscard]] std::size_t resize_size() const { return Array::size_of(bit_count_due()); }
  void start_resize();

  /// The table is empty: back to the smallest array.
  void reset();

  [[nodiscard]] std::size_t bucket_count() const { return source_.bucket_count(); }
  /// What the arrays take of the budget.
  [[nodiscard]] std::size_t memory_used() const;

 private:
  struct Array {
    Node** buckets = nullptr;
    unsigned bit_count = 0;
    [[nodiscard]] static std::size_t size_of(unsigned bit_count) { return sizeof(Node*) << bit_count; }
    [[nodiscard]] std::size_t bucket_count() const { return std::size_t{1} << bit_count; }
  };

  // bit_count is never 0, so no shift is by the width of the type.
  [[nodiscard]] std::size_t index_of(std::uint64_t hash, unsigned bit_count) const {
    return static_cast<std::size_t>((hash << skipped_bit_count_) >> (64 - bit_count));
  }
  [[nodiscard]] const Array& array_of(std::uint64_t hash) const {
    if (!is_resizing()) return source_;
    return index_of(hash, unit_bit_count()) < unit_front_ ? target_ : source_;
  }
  [[nodiscard]] Node*& bucket(std::uint64_t hash) const {
    const Array& array = array_of(hash);
    return array.buckets[index_of(hash, array.bit_count)];
  }
  [[nodiscard]] unsigned unit_bit_count() const {
    return source_.bit_count < target_.bit_count ? source_.bit_count : target_.bit_count;
  }
  [[nodiscard]] unsigned bit_count_due() const;
  void move_unit(std::size_t unit);

  MemoryBudget& budget_;
  unsigned skipped_bit_count_;
  std::size_t size_ = 0;
  Array source_;
  Array target_;                // no buckets: no resize under way
  std::size_t unit_front_ = 0;  // units before this one are in the target
};

}  // namespace larder::cache
