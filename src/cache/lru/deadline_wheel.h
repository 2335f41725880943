// cache/lru/deadline_wheel.h: finds expired nodes without looking at all the others.
//
// A hashed timing wheel: time is cut into ticks of 1,024 ms, and tick t has slot t mod 128, a list of the
// nodes that are due in that tick, in this turn of the wheel or a later one:
//
//            slot 0      1      2      3     ...    127
//   node  <--  [ ]     [ ]    [ ]    [ ]            [ ]
//   due at t=128       node   node
//                      t=1    t=130
//                              ^ next_tick_ = 2, then 130, 258, ...
//
// Adding and removing a node cost the same however many there are, and nothing is allocated. A node that is
// due in a later turn is looked at once a turn, every 131 s: a million long-lived nodes cost 7,600 looks a
// second. A slot's nodes are first moved to `pending_`, so that a sweep may stop anywhere and go on there.
//
// Source: Varghese and Lauck, "Hashed and hierarchical timing wheels", SOSP 1987, scheme 6.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/assert.h"
#include "base/clock.h"
#include "cache/lru/list.h"
#include "cache/lru/node.h"
#include "cache/rules.h"

namespace larder::cache {

/// The nodes that have a deadline, by deadline.
///
/// Ownership  owns no node
/// Threads    as its shard
/// Invariant  a node is on one of the lists, and counted, exactly if it was inserted and not removed since
class DeadlineWheel final {
 public:
  static constexpr Tick slot_count = 128;

  [[nodiscard]] std::size_t size() const { return size_; }

  /// `node` has a deadline and is not on the wheel.
  void insert(Node& node) {
    LARDER_ASSERT(node.has_deadline());
    place(node);
    ++size_;
  }

  /// `node` is on the wheel.
  void remove(Node& node) {
    Slot::remove(node);
    --size_;
  }

  /// Hands nodes that were due before the tick of `now` to `expire`, which removes them from the wheel. Looks
  /// at no more than `visit_count_max` nodes and slots; answers how many it was, 0 if nothing is due.
  template <class Expire>
  std::size_t advance(TimePoint now, std::size_t visit_count_max, Expire expire) {
    const Tick now_tick = tick_of(now);
    if (size_ == 0) {
      next_tick_ = now_tick;
      return 0;
    }
    // A clock that jumped, or the very first call: pass every slot but that of the current tick once.
    const Tick whole_turn = now_tick - (slot_count - 1);
    const bool is_ahead = next_tick_ > now_tick + 1;  // 1: other threads' `now` may be a little behind
    if (next_tick_ < whole_turn || is_ahead) next_tick_ = whole_turn;

    std::size_t visit_count = 0;
    while (visit_count < visit_count_max && size_ > 0) {
      if (pending_.empty()) {
        if (next_tick_ >= now_tick) break;
        pending_.take_all(slot(next_tick_++));
      } else {
        Node& node = *pending_.front();
        if (has_expired(node.deadline(), now)) {
          expire(node);
        } else {
          Slot::remove(node);
          place(node);
        }
      }
      ++visit_count;
    }
    return visit_count;
  }

 private:
  using Slot = List<Node, DeadlineTag>;

  Slot& slot(Tick tick) { return slots_[static_cast<std::size_t>(tick & (slot_count - 1))]; }

  // A deadline in a tick that was swept already (another thread's clock is ahead) waits in the next one.
  void place(Node& node) { slot(std::max(tick_of(node.deadline()), next_tick_)).push_back(node); }

  std::array<Slot, slot_count> slots_;
  Slot pending_;        // nodes of slots that were passed, still to be looked at
  Tick next_tick_ = 0;  // the first tick that no sweep has passed
  std::size_t size_ = 0;
};

}  // namespace larder::cache
