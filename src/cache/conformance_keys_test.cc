// Sixteen databases stay apart and can be exchanged; several keys can be changed as one step. Method: the
// same key in all databases; threads that move amounts between keys in all directions.
#include <array>
#include <atomic>
#include <cstddef>
#include <gtest/gtest.h>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "cache/backend.h"
#include "cache/conformance.h"
#include "cache/test_support.h"

namespace larder::cache {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the words of these tests

using ConformanceKeys = Conformance;
INSTANTIATE_TEST_SUITE_P(Backends, ConformanceKeys, testing::ValuesIn(setups()), setup_name);

// ---- Databases

TEST_P(ConformanceKeys, SixteenDatabasesHoldTheSameKeyApart) {
  for (Database database = 0; database < database_count; ++database) {
    cache_.set(database, "k", std::to_string(database), Expiry::none(), Condition::absent(), at(0));
  }
  for (Database database = 0; database < database_count; ++database) {
    EXPECT_EQ(value_of(cache_, "k", at(0), database), std::to_string(database));
    EXPECT_EQ(cache_.item_count(database), 1U);
  }
  cache_.remove(3, "k", Condition::always(), at(0));
  cache_.clear(5);
  EXPECT_EQ(cache_.stats().items, 14U);
  EXPECT_FALSE(has(cache_, "k", at(0), 3));
  EXPECT_FALSE(has(cache_, "k", at(0), 5));
  EXPECT_EQ(cache_.item_count(5), 0U);
  EXPECT_TRUE(has(cache_, "k", at(0), 15));
  cache_.clear_all();
  for (Database database = 0; database < database_count; ++database) {
    EXPECT_FALSE(has(cache_, "k", at(0), database));
    EXPECT_EQ(cache_.item_count(database), 0U);
  }
}

TEST_P(ConformanceKeys, SwappedDatabasesExchangeTheirContents) {
  for (int i = 0; i < 100; ++i) {
    cache_.set(1, std::to_string(i), "one", Expiry::none(), Condition::always(), at(0));
  }
  cache_.set(2, "0", "two", Expiry::none(), Condition::always(), at(0));
  cache_.swap_databases(1, 2, at(0));
  EXPECT_EQ(cache_.item_count(1), 1U);
  EXPECT_EQ(cache_.item_count(2), 100U);
  EXPECT_EQ(value_of(cache_, "0", at(0), 1), "two");
  EXPECT_EQ(value_of(cache_, "0", at(0), 2), "one");
  EXPECT_FALSE(has(cache_, "1", at(0), 1));
  cache_.swap_databases(2, 9, at(0));
  cache_.swap_databases(9, 9, at(0));
  EXPECT_EQ(cache_.item_count(9), 100U);
  cache_.clear(9);
  EXPECT_EQ(cache_.stats().items, 1U);
  std::size_t shown = 0;
  cache_.scan(1, 0, 1000, at(0), [&](Bytes, const ItemView&) { ++shown; });
  EXPECT_EQ(shown, 1U);
}

// Every way in which an item gets a deadline, loses it, or leaves.
TEST_P(ConformanceKeys, CountsTheItemsOfADatabaseThatHaveADeadline) {
  const auto counts = [&] {
    return std::array{cache_.deadline_count(0), cache_.deadline_count(1), cache_.deadline_count(2)};
  };
  using Counts = std::array<std::size_t, 3>;
  const auto store = [&](Database database, Bytes key, Expiry expiry) {
    ASSERT_EQ(cache_.set(database, key, "v", expiry, Condition::always(), at(0)), StoreOutcome::stored);
  };
  store(0, "a", Expiry::at(at(100)));
  store(0, "b", Expiry::none());
  store(1, "a", Expiry::at(at(100)));
  store(1, "b", Expiry::at(at(5000)));
  EXPECT_EQ(counts(), (Counts{1, 2, 0}));
  store(1, "a", Expiry::keep());
  store(1, "b", Expiry::none());
  EXPECT_EQ(counts(), (Counts{1, 1, 0}));
  EXPECT_TRUE(cache_.touch(0, "b", Expiry::at(at(5000)), at(0)));
  EXPECT_TRUE(cache_.touch(0, "b", Expiry::at(at(9000)), at(0)));
  EXPECT_EQ(counts(), (Counts{2, 1, 0}));
  EXPECT_TRUE(cache_.touch(0, "a", Expiry::none(), at(0)));
  EXPECT_EQ(counts(), (Counts{1, 1, 0}));
  cache_.update(0, "a", at(0), [](const ItemView*) { return Change::store("w", Expiry::at(at(200))); });
  EXPECT_EQ(counts(), (Counts{2, 1, 0}));
  cache_.swap_databases(0, 2, at(0));
  EXPECT_EQ(counts(), (Counts{0, 1, 2}));
  cache_.remove(2, "b", Condition::always(), at(0));
  EXPECT_EQ(counts(), (Counts{0, 1, 1}));
  EXPECT_FALSE(has(cache_, "a", at(300), 2)) << "it expires by being asked for";
  for (int i = 0; i < 100'000 && cache_.deadline_count(1) > 0; ++i) cache_.sweep(at(20'000), 1000);
  EXPECT_EQ(cache_.deadline_count(1), 0U) << "it expires by being swept";
  store(0, "c", Expiry::at(at(1'000'000)));
  cache_.clear(0);
  store(1, "c", Expiry::at(at(1'000'000)));
  cache_.with_everything([](Keyspace& locked) { EXPECT_EQ(locked.deadline_count(1), 1U); });
  cache_.clear_all();
  EXPECT_EQ(counts()[0] + counts()[1], 0U);
}

// ---- Several keys at once

TEST_P(ConformanceKeys, ABodyUnderLocksHasAllCallsInEveryDatabase) {
  const std::array<Bytes, 3> keys = {"a", "b", "a"};
  put(cache_, "a", "1");
  cache_.with_keys(keys, [&](KeyedCalls& locked) {
    EXPECT_EQ(value_of(locked, "a"), "1");
    EXPECT_FALSE(has(locked, "b"));
    EXPECT_EQ(locked.set(4, "b", "2", Expiry::at(at(10)), Condition::absent(), at(0)), StoreOutcome::stored);
    EXPECT_TRUE(locked.touch(4, "b", Expiry::none(), at(0)));
    EXPECT_TRUE(locked.remove(0, "a", Condition::always(), at(0)));
    locked.update(0, "b", at(0), [](const ItemView* current) {
      EXPECT_EQ(current, nullptr);
      return Change::store("3", Expiry::none());
    });
  });
  EXPECT_FALSE(has(cache_, "a"));
  EXPECT_EQ(value_of(cache_, "b", at(0), 4), "2");
  EXPECT_EQ(value_of(cache_, "b"), "3");
  bool ran = false;
  cache_.with_keys({}, [&](KeyedCalls&) { ran = true; });
  EXPECT_TRUE(ran);
}

// Two accounts, and threads that move money between them in both directions: the sum never changes, nobody
// waits for ever, and whoever looks under both locks sees no state in between.
TEST_P(ConformanceKeys, BodiesUnderLocksAreAtomicAndNeverWaitForEachOther) {
  const std::array<std::string, 6> accounts = {"a", "b", "c", "d", "e", "f"};
  for (const std::string& account : accounts) put(cache_, account, "1000");
  std::atomic<int> torn{0};
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::size_t random = t + 1;
      for (int i = 0; i < 3000; ++i) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        const std::string& from = accounts[(random >> 33) % accounts.size()];
        const std::string& to = accounts[(random >> 43) % accounts.size()];
        if (i % 16 == 0) {
          const std::vector<Bytes> all(accounts.begin(), accounts.end());
          cache_.with_keys(all, [&](KeyedCalls& locked) {
            int sum = 0;
            for (const std::string& account : accounts) sum += std::stoi(*value_of(locked, account));
            if (sum != 6000) ++torn;
          });
        } else if (i % 64 == 1) {
          cache_.swap_databases(7, 8, at(0));
        } else if (i % 64 == 2) {
          cache_.with_everything([&](Keyspace& locked) {
            int sum = 0;
            for (const std::string& account : accounts) sum += std::stoi(*value_of(locked, account));
            if (sum != 6000 || locked.item_count(0) != accounts.size()) ++torn;
          });
        } else {
          const std::array<Bytes, 2> keys = {from, to};
          cache_.with_keys(keys, [&](KeyedCalls& locked) {
            put(locked, from, std::to_string(std::stoi(*value_of(locked, from)) - 1));
            put(locked, to, std::to_string(std::stoi(*value_of(locked, to)) + 1));
          });
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(torn, 0);
}

TEST_P(ConformanceKeys, ABodyThatHasEverythingMayCallAnything) {
  put(cache_, "a", "1");
  put(cache_, "b", "2");
  bool ran = false;
  cache_.with_everything([&](Keyspace& locked) {
    ran = true;
    EXPECT_EQ(value_of(locked, "a"), "1");
    const std::array<Bytes, 3> keys = {"a", "none", "b"};
    std::string seen;
    locked.get_many(0, keys, at(0), [&](std::size_t index, const ItemView* item) {
      seen += std::to_string(index) + (item == nullptr ? "-" : std::string(item->value)) + " ";
    });
    EXPECT_EQ(seen, "01 1- 22 ");
    locked.with_keys(keys, [&](Keyspace& inner) { put(inner, "none", "3"); });
    locked.with_everything([&](Keyspace& inner) { EXPECT_EQ(inner.item_count(0), 3U); });
    std::set<std::string> shown;
    Cursor cursor = 0;
    do {
      cursor = locked.scan(0, cursor, 10, at(0), [&](Bytes key, const ItemView&) { shown.emplace(key); });
    } while (cursor != 0);
    EXPECT_EQ(shown, (std::set<std::string>{"a", "b", "none"}));
    locked.swap_databases(0, 4, at(0));
    EXPECT_EQ(locked.item_count(4), 3U);
    EXPECT_FALSE(has(locked, "a"));
    EXPECT_EQ(locked.stats().items, 3U);
    locked.clear(4);
    EXPECT_EQ(locked.item_count(4), 0U);
    put(locked, "z", "9");
    locked.clear_all();
    EXPECT_EQ(locked.stats().items, 0U);
    put(locked, "last", "x");
  });
  EXPECT_TRUE(ran);
  EXPECT_EQ(value_of(cache_, "last"), "x");
  EXPECT_EQ(cache_.stats().items, 1U);
}

TEST_P(ConformanceKeys, UpdatesOfManyThreadsAreAllThere) {
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        cache_.update(0, "counter", at(0), [text = std::string()](const ItemView* current) mutable {
          text = std::to_string((current == nullptr ? 0 : std::stoi(std::string(current->value))) + 1);
          return Change::store(text, Expiry::none());
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(value_of(cache_, "counter"), "8000");
}

TEST(WithKeysDeathTest, ABodyThatReachesForAKeyItDidNotLockIsOurMistake) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto reach = [] {
    const auto cache = make("lru", options(mib, 0, 16));
    const std::array<Bytes, 1> keys = {"a"};
    cache->with_keys(keys, [](KeyedCalls& locked) {
      for (int i = 0; i < 64; ++i) static_cast<void>(has(locked, std::to_string(i)));
    });
  };
  EXPECT_DEATH(reach(), "locked");
}

}  // namespace
}  // namespace larder::cache
