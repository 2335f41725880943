// A scan shows what is there, whatever happens in between. Method: scans of full, growing, shrinking and
// expiring caches, page by page; and every cursor that a peer may think of.
#include <cstdint>
#include <gtest/gtest.h>
#include <limits>
#include <map>
#include <string>

#include "cache/backend.h"
#include "cache/conformance.h"
#include "cache/test_support.h"

namespace larder::cache {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the words of these tests

using ConformanceScan = Conformance;
INSTANTIATE_TEST_SUITE_P(Backends, ConformanceScan, testing::ValuesIn(setups()), setup_name);

using Shown = std::map<std::string, int>;

Cursor scan_step(Cache& cache, Database database, Cursor cursor, std::size_t count, Shown& shown,
                 TimePoint now = at(0)) {
  const Cursor next = cache.scan(database, cursor, count, now,
                                 [&](Bytes key, const ItemView&) { ++shown[std::string(key)]; });
  EXPECT_LT(next, Cursor{1} << 48);
  if (next != 0) {
    EXPECT_GT(next, cursor);
  }
  return next;
}

TEST_P(ConformanceScan, AScanShowsEveryItemOnceIfNothingChanges) {
  for (int i = 0; i < 5000; ++i) {
    cache_.set(static_cast<Database>(i % 2), std::to_string(i), "v", Expiry::none(), Condition::always(),
               at(0));
  }
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{10}, std::size_t{1000},
                                  std::numeric_limits<std::size_t>::max()}) {
    Shown shown;
    Cursor cursor = 0;
    do {
      cursor = scan_step(cache_, 1, cursor, count, shown);
    } while (cursor != 0);
    EXPECT_EQ(shown.size(), 2500U);
    for (const auto& [key, times] : shown) EXPECT_EQ(times, 1) << key;
  }
}

TEST_P(ConformanceScan, AScanShowsAboutAsManyAsWereAskedFor) {
  for (int i = 0; i < 5000; ++i) put(cache_, std::to_string(i), "v");
  Cursor cursor = 0;
  do {
    Shown shown;
    cursor = scan_step(cache_, 0, cursor, 10, shown);
    EXPECT_LE(shown.size(), 30U);
    if (cursor != 0) {
      EXPECT_GE(shown.size(), 1U);
    }
  } while (cursor != 0);
}

TEST_P(ConformanceScan, AScanMissesNothingWhileTheCacheGrowsAndShrinks) {
  for (int i = 0; i < 1000; ++i) put(cache_, "stays" + std::to_string(i), "v");
  for (int round = 0; round < 4; ++round) {
    const bool grows = round % 2 == 0;
    Shown shown;
    Cursor cursor = 0;
    int other = 0;
    do {
      cursor = scan_step(cache_, 0, cursor, 10, shown);
      for (int i = 0; i < 500 && other < 40'000; ++i, ++other) {
        const std::string key = "other" + std::to_string(other);
        if (grows) {
          put(cache_, key, "v");
        } else {
          cache_.remove(0, key, Condition::always(), at(0));
        }
      }
    } while (cursor != 0);
    for (; other < 40'000; ++other) {
      const std::string key = "other" + std::to_string(other);
      if (grows) {
        put(cache_, key, "v");
      } else {
        cache_.remove(0, key, Condition::always(), at(0));
      }
    }
    for (int i = 0; i < 1000; ++i) {
      ASSERT_TRUE(shown.contains("stays" + std::to_string(i))) << "round " << round;
    }
  }
}

TEST_P(ConformanceScan, AScanShowsNoExpiredItem) {
  for (int i = 0; i < 100; ++i) {
    cache_.set(0, std::to_string(i), "v", Expiry::at(at(10 + i)), Condition::always(), at(0));
  }
  Shown shown;
  Cursor cursor = 0;
  do {
    cursor = scan_step(cache_, 0, cursor, 10, shown, at(60));
  } while (cursor != 0);
  EXPECT_EQ(shown.size(), 49U);
}

TEST_P(ConformanceScan, AScanTakesAnyCursorAPeerMaySend) {
  for (int i = 0; i < 100; ++i) put(cache_, std::to_string(i), "v");
  for (const Cursor cursor : {Cursor{1}, (Cursor{1} << 48) - 1, Cursor{1} << 48, ~Cursor{0}, Cursor{12345},
                              (Cursor{1} << 47) + 77}) {
    Cursor next = cursor;
    std::size_t call_count = 0;
    do {
      next = cache_.scan(0, next, 10, at(0), [](Bytes, const ItemView&) {});
      ASSERT_LT(++call_count, 100U);
    } while (next != 0);
  }
}

TEST_P(ConformanceScan, AScanShowsValueDeadlineAndToken) {
  cache_.set(0, "k", "v", Expiry::at(at(77)), Condition::always(), at(0));
  const CompareToken token = look(cache_, "k")->token;
  int shown = 0;
  Cursor cursor = 0;
  do {
    cursor = cache_.scan(0, cursor, 1000, at(0), [&](Bytes key, const ItemView& item) {
      ++shown;
      EXPECT_EQ(key, "k");
      EXPECT_EQ(item.value, "v");
      EXPECT_EQ(item.deadline, at(77));
      EXPECT_EQ(item.token(), token);
    });
  } while (cursor != 0);
  EXPECT_EQ(shown, 1);
}

}  // namespace
}  // namespace larder::cache
