// cache/routed_calls.h: the calls on one key, written once for all who know how to get at a key's shard.
#pragma once

#include "base/bytes.h"
#include "base/clock.h"
#include "cache/backend.h"
#include "cache/shard.h"

namespace larder::cache {

/// The calls on one key, for whoever knows how to get at a key's shard: Derived::at(database, key, call) runs
/// `call(shard, item_key)` with the shard locked, and Derived::wrote(database, item_key) is told of each
/// write before it is unlocked.
template <class Derived, class Interface>
class RoutedCalls : public Interface {
 public:
  using typename KeyedCalls::Updater;
  using typename KeyedCalls::Visitor;

  bool get(Database database, Bytes key, TimePoint now, Visitor visit) override {
    return self().at(database, key,
                     [&](auto& shard, const ItemKey& item) { return shard.get(item, now, visit); });
  }
  bool peek(Database database, Bytes key, TimePoint now, Visitor visit) override {
    return self().at(database, key,
                     [&](auto& shard, const ItemKey& item) { return shard.peek(item, now, visit); });
  }
  StoreOutcome set(Database database, Bytes key, Bytes value, Expiry expiry, Condition condition,
                   TimePoint now) final {
    return self().at(database, key, [&](auto& shard, const ItemKey& item) {
      const StoreOutcome outcome = shard.set(item, value, expiry, condition, now);
      if (outcome != StoreOutcome::condition_failed) self().wrote(database, item);
      return outcome;
    });
  }
  bool remove(Database database, Bytes key, Condition condition, TimePoint now) final {
    return self().at(database, key, [&](auto& shard, const ItemKey& item) {
      const bool happened = shard.remove(item, condition, now);
      if (happened) self().wrote(database, item);
      return happened;
    });
  }
  bool touch(Database database, Bytes key, Expiry expiry, TimePoint now) final {
    return self().at(database, key, [&](auto& shard, const ItemKey& item) {
      const bool happened = shard.touch(item, expiry, now);
      if (happened) self().wrote(database, item);
      return happened;
    });
  }
  StoreOutcome update(Database database, Bytes key, TimePoint now, Updater decide) final {
    return self().at(database, key, [&](auto& shard, const ItemKey& item) {
      bool writes = false;
      const StoreOutcome outcome = shard.update(item, now, [&](const ItemView* current) {
        const Change change = decide(current);
        writes =
            change.kind == Change::Kind::store || (change.kind == Change::Kind::remove && current != nullptr);
        return change;
      });
      if (writes) self().wrote(database, item);
      return outcome;
    });
  }

 private:
  friend Derived;
  RoutedCalls() = default;

  Derived& self() { return static_cast<Derived&>(*this); }
};

}  // namespace larder::cache
