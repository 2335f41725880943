// Writes to a watched key are counted, and nothing else about it. Method: each call that writes, and each
// that does not, on a key that is there and on one that is not; then threads.
#include <array>
#include <atomic>
#include <gtest/gtest.h>
#include <string>
#include <thread>

#include "cache/backend.h"
#include "cache/conformance.h"
#include "cache/test_support.h"

namespace larder::cache {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the words of these tests

class ConformanceWatch : public Conformance {
 protected:
  // How often the key was written to while `call` ran.
  template <class Call>
  ChangeCount writes_during(Call call) {
    const ChangeCount before = watch("k");
    call();
    const ChangeCount after = watched("k");
    cache_.unwatch(0, "k");
    return after - before;
  }
  ChangeCount watch(Bytes key) {
    ChangeCount count = 0;
    cache_.with_keys(std::span(&key, 1), [&](Keyspace& locked) { count = locked.watch(0, key); });
    return count;
  }
  ChangeCount watched(Bytes key) {
    ChangeCount count = 0;
    cache_.with_keys(std::span(&key, 1), [&](Keyspace& locked) { count = locked.watched(0, key); });
    return count;
  }
  void set(Bytes key, Condition condition = Condition::always(), Database database = 0) {
    cache_.set(database, key, "v", Expiry::none(), condition, at(0));
  }
  void update(const Change& change) {
    cache_.update(0, "k", at(0), [&](const ItemView*) { return change; });
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, ConformanceWatch, testing::ValuesIn(setups()), setup_name);

TEST_P(ConformanceWatch, CountsWhatWritesAndNothingElse) {
  for (const bool is_there : {false, true}) {
    const auto writes = [&](auto call) {
      cache_.clear_all();
      if (is_there) set("k");
      return writes_during(call);
    };
    const std::uint32_t if_there = is_there ? 1 : 0;
    EXPECT_EQ(writes([&] { set("k"); }), 1U);
    EXPECT_EQ(writes([&] { set("k", Condition::present()); }), if_there);
    EXPECT_EQ(writes([&] { set("k", Condition::absent()); }), 1 - if_there);
    EXPECT_EQ(writes([&] { set("other"); }), 0U);
    EXPECT_EQ(writes([&] { set("k", Condition::always(), 1); }), 0U);
    EXPECT_EQ(writes([&] { cache_.remove(0, "k", Condition::always(), at(0)); }), if_there);
    EXPECT_EQ(writes([&] { cache_.touch(0, "k", Expiry::at(at(100)), at(0)); }), if_there);
    EXPECT_EQ(writes([&] { static_cast<void>(value_of(cache_, "k")); }), 0U);
    EXPECT_EQ(writes([&] { update(Change::keep()); }), 0U);
    EXPECT_EQ(writes([&] { update(Change::remove()); }), if_there);
    EXPECT_EQ(writes([&] { update(Change::store("w", Expiry::none())); }), 1U);
    EXPECT_EQ(writes([&] {
                const Bytes key = "k";
                cache_.with_keys(std::span(&key, 1), [&](Keyspace& locked) { put(locked, "k", "w"); });
              }),
              1U);
    EXPECT_EQ(writes([&] {
                set("k");
                cache_.remove(0, "k", Condition::always(), at(0));
              }),
              2U);
  }
}

// Though the key is gone again when somebody looks.
TEST_P(ConformanceWatch, CountsExchangesThatItsKeyIsPartOf) {
  const auto swaps = [&](Database a, Database b) {
    return writes_during([&] { cache_.swap_databases(a, b, at(5)); });
  };
  EXPECT_EQ(swaps(0, 4), 0U);
  set("k", Condition::always(), 4);
  EXPECT_EQ(swaps(3, 4), 0U);  // it is in 3 now, and 0 is in neither place
  EXPECT_EQ(swaps(3, 3), 0U);
  EXPECT_EQ(swaps(3, 0), 1U);
  EXPECT_EQ(swaps(0, 3), 1U);
  EXPECT_EQ(writes_during([&] {
              cache_.with_everything([](Keyspace& all) {
                all.swap_databases(0, 3, at(5));
                all.clear_all();
              });
            }),
            1U);
  cache_.set(4, "k", "v", Expiry::at(at(5)), Condition::always(), at(0));
  EXPECT_EQ(swaps(0, 4), 0U);  // expired
  set("other", Condition::always(), 4);
  EXPECT_EQ(swaps(0, 4), 0U);
}

TEST_P(ConformanceWatch, AWriteOrAnExchangeBesideAnyThreadIsCounted) {
  std::atomic<bool> done{false};
  std::thread writer([&] {
    while (!done) {
      set("k");
      cache_.swap_databases(0, 4, at(0));
      cache_.swap_databases(4, 0, at(0));
      cache_.remove(0, "k", Condition::always(), at(0));
    }
  });
  // Whoever sees the key come or go between two looks is told of a write.
  for (int i = 0; i < 2000; ++i) {
    const Bytes key = "k";
    bool was_there = false;
    ChangeCount before = 0;
    cache_.with_keys(std::span(&key, 1), [&](Keyspace& locked) {
      before = locked.watch(0, key);
      was_there = has(locked, key);
    });
    cache_.with_keys(std::span(&key, 1), [&](Keyspace& locked) {
      if (has(locked, key) != was_there) {
        EXPECT_NE(locked.watched(0, key), before);
      }
    });
    cache_.unwatch(0, key);
  }
  done = true;
  writer.join();
}

}  // namespace
}  // namespace larder::cache
