// cache/lru/list.h: an intrusive doubly linked list.
//
// "Intrusive": the two pointers live in the element itself, so an element that is at hand (because the hash
// table found it) leaves its place in the middle of the list without a search and without an allocation:
//
//        +--------------------------------------------------------+
//        v                                                        |
//   +--------+ next  +---------+ next  +---------+ next  +---------+
//   |  head  |------>| newest  |------>|         |------>| oldest  |
//   +--------+<------+---------+<------+---------+<------+---------+
//        |   previous                                        ^
//        +---------------------------------------------------+
//
// The list is a ring, and `head` is part of it, so that no operation has a special case for an empty list
// or for its ends.
#pragma once

#include "base/assert.h"

namespace larder::cache {

/// The two pointers. An element derives from one ListLink for each list that it may be on at once; Tag tells
/// them apart.
template <class Tag>
struct ListLink {
  ListLink* previous = nullptr;  // null: on no list
  ListLink* next = nullptr;
};

/// A ring of elements that it does not own.
///
/// Threads    as its owner
/// Invariant  link.next->previous == &link and link.previous->next == &link for every link of the ring
template <class T, class Tag>
class List final {
  using Link = ListLink<Tag>;

 public:
  List() { head_.previous = head_.next = &head_; }
  List(const List&) = delete;
  List& operator=(const List&) = delete;

  [[nodiscard]] bool empty() const { return head_.next == &head_; }
  [[nodiscard]] T* front() const { return empty() ? nullptr : element(head_.next); }
  [[nodiscard]] T* back() const { return empty() ? nullptr : element(head_.previous); }
  /// The element behind `of`; null behind the last.
  [[nodiscard]] T* after(const T& of) const {
    Link* const link = static_cast<const Link&>(of).next;
    return link == &head_ ? nullptr : element(link);
  }

  void push_front(T& added) { insert_before(*head_.next, added); }
  void push_back(T& added) { insert_before(head_, added); }

  /// `removed` is on some list; which one need not be known.
  static void remove(T& removed) {
    Link& link = removed;
    LARDER_ASSERT(link.next != nullptr);
    link.previous->next = link.next;
    link.next->previous = link.previous;
    link.previous = link.next = nullptr;
  }

  void move_to_front(T& moved) {
    remove(moved);
    push_front(moved);
  }

  /// Appends all of `source`, which is empty afterwards. Constant time: a ring is opened and spliced in.
  void take_all(List& source) {
    if (source.empty()) return;
    Link* const first = source.head_.next;
    Link* const last = source.head_.previous;
    source.head_.previous = source.head_.next = &source.head_;
    first->previous = head_.previous;
    head_.previous->next = first;
    last->next = &head_;
    head_.previous = last;
  }

 private:
  static T* element(Link* link) { return static_cast<T*>(link); }

  static void insert_before(Link& place, T& added) {
    Link& link = added;
    LARDER_ASSERT(link.next == nullptr);
    link.previous = place.previous;
    link.next = &place;
    place.previous->next = &link;
    place.previous = &link;
  }

  Link head_;
};

}  // namespace larder::cache
