// transport/deadlines.h: who has to be looked at when.
//
// A connection's deadline moves with every byte, nearly always later. So nothing is done then: an entry comes
// due at a time that was right once, its connection says when it really is due, and the entry is put back.
// Only a deadline that moved earlier is moved here. A busy connection costs one look each idle timeout
// instead of one tree update each read.
//
// Of items that come due at the same moment the first scheduled comes first, wherever in memory they lie: a
// simulated run is to be the same when it is run again.
#pragma once

#include <map>
#include <optional>

#include "base/clock.h"

namespace larder::transport {

/// What can be scheduled. An item stands in at most one Deadlines, and is removed before it dies.
struct Scheduled {
  static constexpr SteadyTime never = SteadyTime::max();
  SteadyTime scheduled_at = never;
  std::multimap<SteadyTime, Scheduled*>::iterator place;  // while it is scheduled
};

/// Items by the time at which to look at them.
///
/// Ownership  borrows its items
/// Threads    one
/// Errors     schedule() may throw std::bad_alloc; the item is then not scheduled
/// Invariant  an item is in the set under its scheduled_at, or has `never`
class Deadlines final {
 public:
  /// Makes sure that `item` comes due at `at` or before.
  void schedule(Scheduled& item, SteadyTime at) {
    if (item.scheduled_at <= at) return;
    remove(item);
    item.place = entries_.emplace(at, &item);
    item.scheduled_at = at;
  }

  void remove(Scheduled& item) {
    if (item.scheduled_at == Scheduled::never) return;
    entries_.erase(item.place);
    item.scheduled_at = Scheduled::never;
  }

  /// Takes out one item whose time has come; null: none.
  Scheduled* take_due(SteadyTime now) {
    if (entries_.empty() || entries_.begin()->first > now) return nullptr;
    Scheduled* const item = entries_.begin()->second;
    remove(*item);
    return item;
  }

  [[nodiscard]] std::optional<SteadyTime> earliest() const {
    if (entries_.empty()) return std::nullopt;
    return entries_.begin()->first;
  }

 private:
  std::multimap<SteadyTime, Scheduled*> entries_;
};

}  // namespace larder::transport
