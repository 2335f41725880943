// cache/routed_calls.h: the calls on one key, written once for all who know how to get at a key's shard.
#pragma once

#include "base/bytes.h"
#include "base/clock.h"
#include "cache/backend.h"
#include "cache/shard.h"

namespace larder::cache {

/// The calls on one key, for whoever knows how to get at a key's shard: Derived::at(database, key, call) runs
/// `call(shard, item_key)` with the shard locked.
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
      return shard.set(item, value, expiry, condition, now);
    });
  }
  bool remove(Database database, Bytes key, Condition condition, TimePoint now) final {
    return self().at(database, key,
                     [&](auto& shard, const ItemKey& item) { return shard.remove(item, condition, now); });
  }
  bool touch(Database database, Bytes key, Expiry expiry, TimePoint now) final {
    return self().at(database, key,
                     [&](auto& shard, const ItemKey& item) { return shard.touch(item, expiry, now); });
  }
  StoreOutcome update(Database database, Bytes key, TimePoint now, Updater decide) final {
    return self().at(database, key,
                     [&](auto& shard, const ItemKey& item) { return shard.update(item, now, decide); });
  }

 private:
  friend Derived;
  RoutedCalls() = default;

  Derived& self() { return static_cast<Derived&>(*this); }
};

}  // namespace larder::cache
