// cache/policy/sized_queue.h: the one container that all these policies are made of.
//
// A queue of entries that knows the sum of their sizes. An entry keeps its place (an iterator) when it moves
// to the newest end or to another queue, so an index from id to place needs no change then:
//
//   oldest [a 3] [b 1] [c 7] newest     size 11, count 3
//             renew(a):  [b 1] [c 7] [a 3]
//             remove(c): [b 1] [a 3]              size 4, count 2
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <utility>

#include "base/assert.h"

namespace larder::cache::policy {

/// Entry has a member `size`, which stays as it is while the entry is queued.
///
/// Ownership  owns its entries
/// Threads    as its owner
/// Errors     none; an oldest entry of an empty queue is asserted
/// Invariant  size() is the sum over the entries
template <class Entry>
class SizedQueue final {
  using Entries = std::list<Entry>;

 public:
  using Place = typename Entries::iterator;

  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] std::size_t count() const { return entries_.size(); }

  [[nodiscard]] Place oldest() {
    LARDER_ASSERT(!entries_.empty());
    return entries_.begin();
  }
  /// Where a walk from the oldest ends. Stays behind the newest whatever is added.
  [[nodiscard]] Place behind_newest() { return entries_.end(); }

  /// Adds an entry as the newest.
  Place push(Entry entry) {
    size_ += entry.size;
    entries_.push_back(std::move(entry));
    return std::prev(entries_.end());
  }

  void remove(Place place) {
    size_ -= place->size;
    entries_.erase(place);
  }

  /// Makes an entry of this queue its newest.
  void renew(Place place) { entries_.splice(entries_.end(), entries_, place); }

  /// Makes an entry of `source` the newest of this queue.
  void take(Place place, SizedQueue& source) {
    source.size_ -= place->size;
    size_ += place->size;
    entries_.splice(entries_.end(), source.entries_, place);
  }

  // For range-for, oldest first.
  [[nodiscard]] auto begin() const { return entries_.begin(); }
  [[nodiscard]] auto end() const { return entries_.end(); }

 private:
  Entries entries_;
  std::uint64_t size_ = 0;
};

}  // namespace larder::cache::policy
