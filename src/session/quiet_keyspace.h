// session/quiet_keyspace.h: the keyspace to a connection that said CLIENT NO-TOUCH ON: what it reads is not
// used by that, and is no hit and no miss.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "cache/backend.h"

namespace larder::session {

/// Reads by peeking, and hands everything else on.
///
/// Ownership  borrows what it stands before
/// Threads    those of what it stands before
class QuietKeyspace final : public cache::Keyspace {
 public:
  explicit QuietKeyspace(cache::Keyspace& keys) : keys_(keys) {}

  bool get(cache::Database database, Bytes key, TimePoint now, Visitor visit) override {
    return keys_.peek(database, key, now, visit);
  }
  void get_many(cache::Database database, std::span<const Bytes> keys, TimePoint now,
                ManyVisitor visit) override {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const bool found =
          keys_.peek(database, keys[i], now, [&](const cache::ItemView& item) { visit(i, &item); });
      if (!found) visit(i, nullptr);
    }
  }
  bool peek(cache::Database database, Bytes key, TimePoint now, Visitor visit) override {
    return keys_.peek(database, key, now, visit);
  }
  cache::StoreOutcome set(cache::Database database, Bytes key, Bytes value, cache::Expiry expiry,
                          cache::Condition condition, TimePoint now) override {
    return keys_.set(database, key, value, expiry, condition, now);
  }
  bool remove(cache::Database database, Bytes key, cache::Condition condition, TimePoint now) override {
    return keys_.remove(database, key, condition, now);
  }
  bool touch(cache::Database database, Bytes key, cache::Expiry expiry, TimePoint now) override {
    return keys_.touch(database, key, expiry, now);
  }
  cache::StoreOutcome update(cache::Database database, Bytes key, TimePoint now, Updater decide) override {
    return keys_.update(database, key, now, decide);
  }
  void with_keys(std::span<const Bytes> keys, Body body) override {
    keys_.with_keys(keys, [&](cache::Keyspace& locked) {
      QuietKeyspace quiet(locked);
      body(quiet);
    });
  }
  void with_everything(Body body) override {
    keys_.with_everything([&](cache::Keyspace& locked) {
      QuietKeyspace quiet(locked);
      body(quiet);
    });
  }
  cache::ChangeCount watch(cache::Database database, Bytes key) override {
    return keys_.watch(database, key);
  }
  [[nodiscard]] cache::ChangeCount watched(cache::Database database, Bytes key) override {
    return keys_.watched(database, key);
  }
  void unwatch(cache::Database database, Bytes key) override { keys_.unwatch(database, key); }
  cache::Cursor scan(cache::Database database, cache::Cursor cursor, std::size_t count, TimePoint now,
                     ScanVisitor visit) override {
    return keys_.scan(database, cursor, count, now, visit);
  }
  void clear(cache::Database database) override { keys_.clear(database); }
  void clear_all() override { keys_.clear_all(); }
  void swap_databases(cache::Database a, cache::Database b, TimePoint now) override {
    keys_.swap_databases(a, b, now);
  }
  [[nodiscard]] std::size_t item_count(cache::Database database) const override {
    return keys_.item_count(database);
  }
  [[nodiscard]] std::size_t deadline_count(cache::Database database) const override {
    return keys_.deadline_count(database);
  }
  [[nodiscard]] cache::CacheStats stats() const override { return keys_.stats(); }

 private:
  cache::Keyspace& keys_;
};

}  // namespace larder::session
