// Values, conditions, deadlines, updates and figures are what backend.h says, whatever the back end. Method:
// each test drives a cache of its own through the interface alone.
#include "cache/conformance.h"

#include <array>
#include <cstdint>
#include <gtest/gtest.h>
#include <set>
#include <string>
#include <vector>

#include "cache/backend.h"
#include "cache/test_support.h"

namespace larder::cache {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the words of these tests

INSTANTIATE_TEST_SUITE_P(Backends, Conformance, testing::ValuesIn(setups()), setup_name);

// ---- Values in and out

TEST_P(Conformance, ReturnsWhatWasSet) {
  EXPECT_EQ(value_of(cache_, "k"), std::nullopt);
  EXPECT_EQ(put(cache_, "k", "v"), StoreOutcome::stored);
  EXPECT_EQ(value_of(cache_, "k"), "v");
  EXPECT_EQ(put(cache_, "k", "another, longer value"), StoreOutcome::stored);
  EXPECT_EQ(value_of(cache_, "k"), "another, longer value");
  EXPECT_EQ(put(cache_, "k", ""), StoreOutcome::stored);
  EXPECT_EQ(value_of(cache_, "k"), "");
}

TEST_P(Conformance, KeepsKeysAndValuesOfEveryByte) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  for (int byte = 0; byte < 256; ++byte) {
    const std::string key(1, static_cast<char>(byte));
    put(cache_, key, all.substr(static_cast<std::size_t>(byte)));
    put(cache_, key + key, key);  // a key that begins as another
  }
  put(cache_, all, all);
  put(cache_, "", "the empty key is a key");
  for (int byte = 0; byte < 256; ++byte) {
    const std::string key(1, static_cast<char>(byte));
    EXPECT_EQ(value_of(cache_, key), all.substr(static_cast<std::size_t>(byte)));
    EXPECT_EQ(value_of(cache_, key + key), key);
  }
  EXPECT_EQ(value_of(cache_, all), all);
  EXPECT_EQ(value_of(cache_, ""), "the empty key is a key");
}

TEST_P(Conformance, KeepsLargeKeysAndValues) {
  for (const std::size_t size :
       {std::size_t{15}, std::size_t{16}, std::size_t{255}, std::size_t{256}, 64 * kib, mib}) {
    const std::string key(size, 'k');
    const std::string value(2 * size, 'v');
    EXPECT_EQ(put(cache_, key, value), StoreOutcome::stored);
    EXPECT_EQ(value_of(cache_, key), value);
    EXPECT_EQ(value_of(cache_, key + "k"), std::nullopt);
  }
}

TEST_P(Conformance, CopiesWhatGoesIn) {
  std::string key = "key";
  std::string value = "value";
  put(cache_, key, value);
  key = "xxx";
  value = "yyyyy";
  EXPECT_EQ(value_of(cache_, "key"), "value");
}

TEST_P(Conformance, RemovesWhatIsThere) {
  put(cache_, "k", "v");
  EXPECT_TRUE(cache_.remove(0, "k", Condition::always(), at(0)));
  EXPECT_EQ(value_of(cache_, "k"), std::nullopt);
  EXPECT_FALSE(cache_.remove(0, "k", Condition::always(), at(0)));
  EXPECT_EQ(cache_.stats().items, 0U);
}

TEST_P(Conformance, GetManyVisitsEachIndexInOrder) {
  put(cache_, "a", "1");
  put(cache_, "c", "3");
  const std::array<Bytes, 4> keys = {"a", "b", "c", "a"};
  std::vector<std::string> seen;
  cache_.get_many(0, keys, at(0), [&](std::size_t index, const ItemView* item) {
    EXPECT_EQ(index, seen.size());
    seen.emplace_back(item == nullptr ? "absent" : std::string(item->value));
  });
  EXPECT_EQ(seen, (std::vector<std::string>{"1", "absent", "3", "1"}));
  EXPECT_EQ(cache_.stats().hits, 3U);
  EXPECT_EQ(cache_.stats().misses, 1U);
}

TEST_P(Conformance, GetManyVisitsAnyNumberOfThem) {
  constexpr std::size_t count_max = 100;
  for (std::size_t i = 0; i < count_max; i += 3) put(cache_, std::to_string(i), std::to_string(i));
  std::vector<std::string> names;
  for (std::size_t count = 0; count <= count_max; ++count) {
    const std::vector<Bytes> keys(names.begin(), names.end());
    const auto check = [&](Keyspace& keyspace) {
      std::size_t seen = 0;
      keyspace.get_many(0, keys, at(0), [&](std::size_t index, const ItemView* item) {
        ASSERT_EQ(index, seen++);
        ASSERT_EQ(item != nullptr, index % 3 == 0);
        if (item == nullptr) return;
        ASSERT_EQ(item->value, keys[index]);
      });
      ASSERT_EQ(seen, count);
    };
    check(cache_);
    cache_.with_keys(keys, check);
    names.push_back(std::to_string(count));
  }
}

TEST_P(Conformance, FetchIsNoUse) {
  put(cache_, "a", "1");
  std::vector<KeyHint> hints;
  for (int round = 0; round < 10; ++round) {
    for (const Bytes key : {"a", "b", ""}) {
      cache_.fetch_index(hints);
      cache_.fetch_records(hints);
      hints.push_back(cache_.hint(round % 2 == 0 ? 0 : 15, key));
    }
  }
  EXPECT_EQ(cache_.stats().hits, 0U);
  EXPECT_EQ(cache_.stats().misses, 0U);
  EXPECT_EQ(value_of(cache_, "a"), "1");
  EXPECT_FALSE(has(cache_, "b"));
}

// ---- Conditions and tokens

TEST_P(Conformance, StoresIfAbsentOnlyWhatIsAbsent) {
  EXPECT_EQ(cache_.set(0, "k", "1", Expiry::none(), Condition::absent(), at(0)), StoreOutcome::stored);
  EXPECT_EQ(cache_.set(0, "k", "2", Expiry::none(), Condition::absent(), at(0)),
            StoreOutcome::condition_failed);
  EXPECT_EQ(value_of(cache_, "k"), "1");
}

TEST_P(Conformance, StoresIfPresentOnlyWhatIsPresent) {
  EXPECT_EQ(cache_.set(0, "k", "1", Expiry::none(), Condition::present(), at(0)),
            StoreOutcome::condition_failed);
  EXPECT_EQ(value_of(cache_, "k"), std::nullopt);
  put(cache_, "k", "1");
  EXPECT_EQ(cache_.set(0, "k", "2", Expiry::none(), Condition::present(), at(0)), StoreOutcome::stored);
  EXPECT_EQ(value_of(cache_, "k"), "2");
}

TEST_P(Conformance, AnExpiredItemCountsAsAbsent) {
  const auto expire = [&] {
    cache_.set(0, "k", "old", Expiry::at(at(10)), Condition::always(), at(0));
    return look(cache_, "k", at(9))->token;
  };
  CompareToken token = expire();
  EXPECT_EQ(cache_.set(0, "k", "new", Expiry::none(), Condition::present(), at(10)),
            StoreOutcome::condition_failed);
  token = expire();
  EXPECT_EQ(cache_.set(0, "k", "new", Expiry::none(), Condition::unchanged_since(token), at(10)),
            StoreOutcome::condition_failed);
  expire();
  EXPECT_EQ(cache_.set(0, "k", "new", Expiry::none(), Condition::absent(), at(10)), StoreOutcome::stored);
  expire();
  EXPECT_FALSE(cache_.remove(0, "k", Condition::always(), at(10)));
  expire();
  EXPECT_FALSE(cache_.touch(0, "k", Expiry::none(), at(10)));
  expire();
  cache_.update(0, "k", at(10), [](const ItemView* current) {
    EXPECT_EQ(current, nullptr);
    return Change::keep();
  });
}

TEST_P(Conformance, EveryWriteChangesTheToken) {
  std::set<CompareToken> tokens;
  for (int i = 0; i < 100; ++i) {
    put(cache_, "k", "the same value");
    tokens.insert(look(cache_, "k")->token);
  }
  EXPECT_EQ(tokens.size(), 100U);
  cache_.update(0, "k", at(0),
                [](const ItemView*) { return Change::store("the same value", Expiry::keep()); });
  EXPECT_TRUE(tokens.insert(look(cache_, "k")->token).second);
  cache_.remove(0, "k", Condition::always(), at(0));
  put(cache_, "k", "the same value");
  EXPECT_TRUE(tokens.insert(look(cache_, "k")->token).second);
}

TEST_P(Conformance, ATokenLetsOneWriterThrough) {
  put(cache_, "k", "1");
  const CompareToken token = look(cache_, "k")->token;
  EXPECT_EQ(cache_.set(0, "k", "2", Expiry::none(), Condition::unchanged_since(token), at(0)),
            StoreOutcome::stored);
  EXPECT_EQ(cache_.set(0, "k", "3", Expiry::none(), Condition::unchanged_since(token), at(0)),
            StoreOutcome::condition_failed);
  EXPECT_EQ(cache_.set(0, "gone", "3", Expiry::none(), Condition::unchanged_since(token), at(0)),
            StoreOutcome::condition_failed);
  EXPECT_EQ(value_of(cache_, "k"), "2");
  EXPECT_FALSE(cache_.remove(0, "k", Condition::unchanged_since(token), at(0)));
  EXPECT_EQ(value_of(cache_, "k"), "2");
  EXPECT_TRUE(cache_.remove(0, "k", Condition::unchanged_since(look(cache_, "k")->token), at(0)));
  EXPECT_EQ(value_of(cache_, "k"), std::nullopt);
}

TEST_P(Conformance, AFailedConditionChangesNothing) {
  cache_.set(0, "k", "v", Expiry::at(at(100)), Condition::always(), at(0));
  const auto before = look(cache_, "k");
  const CacheStats stats = cache_.stats();
  cache_.set(0, "k", "other", Expiry::none(), Condition::absent(), at(0));
  cache_.set(0, "k", std::string(128 * mib, 'x'), Expiry::none(), Condition::absent(), at(0));
  const auto after = look(cache_, "k");
  EXPECT_EQ(after->value, "v");
  EXPECT_EQ(after->deadline, at(100));
  EXPECT_EQ(after->token, before->token);
  EXPECT_EQ(cache_.stats().sets, stats.sets);
  EXPECT_EQ(cache_.stats().refused, stats.refused);
}

// ---- Deadlines

TEST_P(Conformance, AnItemIsThereUpToItsDeadline) {
  cache_.set(0, "k", "v", Expiry::at(at(10)), Condition::always(), at(0));
  EXPECT_EQ(look(cache_, "k", at(9))->deadline, at(10));
  EXPECT_EQ(value_of(cache_, "k", at(9)), "v");
  EXPECT_FALSE(has(cache_, "k", at(10)));
  EXPECT_EQ(value_of(cache_, "k", at(10)), std::nullopt);
  EXPECT_EQ(cache_.stats().expired, 1U);
  EXPECT_EQ(cache_.stats().items, 0U);
}

TEST_P(Conformance, AStoreKeepsReplacesOrDropsTheDeadline) {
  const auto deadline_after = [&](Expiry expiry) {
    cache_.set(0, "k", "v", Expiry::at(at(10)), Condition::always(), at(0));
    cache_.set(0, "k", "w", expiry, Condition::always(), at(1));
    return look(cache_, "k", at(1))->deadline;
  };
  EXPECT_EQ(deadline_after(Expiry::keep()), at(10));
  EXPECT_EQ(deadline_after(Expiry::at(at(20))), at(20));
  EXPECT_EQ(deadline_after(Expiry::none()), std::nullopt);
  // Nothing is kept of what has expired or was never there.
  cache_.set(0, "k", "v", Expiry::at(at(10)), Condition::always(), at(0));
  cache_.set(0, "k", "w", Expiry::keep(), Condition::always(), at(10));
  EXPECT_EQ(look(cache_, "k", at(10))->deadline, std::nullopt);
  cache_.set(0, "new", "w", Expiry::keep(), Condition::always(), at(10));
  EXPECT_EQ(look(cache_, "new", at(10))->deadline, std::nullopt);
}

TEST_P(Conformance, AStoreWithAPastDeadlineRemovesWhatWasThere) {
  put(cache_, "k", "v");
  EXPECT_EQ(cache_.set(0, "k", "w", Expiry::at(at(5)), Condition::always(), at(5)), StoreOutcome::stored);
  EXPECT_FALSE(has(cache_, "k", at(5)));
  EXPECT_FALSE(has(cache_, "k", at(0)));
  EXPECT_EQ(cache_.stats().items, 0U);
  EXPECT_EQ(cache_.set(0, "k", "w", Expiry::at(at(4)), Condition::present(), at(5)),
            StoreOutcome::condition_failed);
}

TEST_P(Conformance, TouchChangesTheDeadlineAndNothingElse) {
  EXPECT_FALSE(cache_.touch(0, "k", Expiry::at(at(10)), at(0)));
  put(cache_, "k", "v");
  EXPECT_TRUE(cache_.touch(0, "k", Expiry::at(at(10)), at(0)));
  EXPECT_EQ(look(cache_, "k")->deadline, at(10));
  EXPECT_EQ(look(cache_, "k")->value, "v");
  EXPECT_TRUE(cache_.touch(0, "k", Expiry::at(at(20)), at(9)));
  EXPECT_EQ(value_of(cache_, "k", at(19)), "v");
  EXPECT_TRUE(cache_.touch(0, "k", Expiry::none(), at(19)));
  EXPECT_EQ(value_of(cache_, "k", at(1'000'000'000)), "v");
  EXPECT_TRUE(cache_.touch(0, "k", Expiry::at(at(19)), at(19)));
  EXPECT_FALSE(has(cache_, "k", at(0)));
}

// ---- update

TEST_P(Conformance, UpdateReadsAndWritesAsOneStep) {
  const auto append = [&](Bytes tail) {
    return cache_.update(0, "k", at(0), [&, text = std::string()](const ItemView* current) mutable {
      text = current == nullptr ? "" : std::string(current->value);
      text += tail;
      return Change::store(text, Expiry::keep());
    });
  };
  EXPECT_EQ(append("a"), StoreOutcome::stored);
  EXPECT_EQ(append("bc"), StoreOutcome::stored);
  EXPECT_EQ(value_of(cache_, "k"), "abc");
  cache_.touch(0, "k", Expiry::at(at(10)), at(0));
  append("d");
  EXPECT_EQ(look(cache_, "k")->deadline, at(10));
  EXPECT_EQ(look(cache_, "k")->value, "abcd");
}

TEST_P(Conformance, UpdateMayKeepOrRemove) {
  EXPECT_EQ(cache_.update(0, "k", at(0), [](const ItemView*) { return Change::keep(); }),
            StoreOutcome::stored);
  EXPECT_EQ(cache_.update(0, "k", at(0), [](const ItemView*) { return Change::remove(); }),
            StoreOutcome::stored);
  EXPECT_EQ(cache_.stats().items, 0U);
  put(cache_, "k", "v");
  const CompareToken token = look(cache_, "k")->token;
  EXPECT_EQ(cache_.update(0, "k", at(0), [](const ItemView*) { return Change::keep(); }),
            StoreOutcome::stored);
  EXPECT_EQ(look(cache_, "k")->token, token);
  EXPECT_EQ(cache_.update(0, "k", at(0), [](const ItemView*) { return Change::remove(); }),
            StoreOutcome::stored);
  EXPECT_FALSE(has(cache_, "k"));
}

// ---- Figures

TEST_P(Conformance, CountsHitsMissesAndSets) {
  put(cache_, "k", "v");
  static_cast<void>(value_of(cache_, "k"));
  static_cast<void>(value_of(cache_, "absent"));
  static_cast<void>(has(cache_, "k"));
  static_cast<void>(has(cache_, "absent"));
  cache_.update(0, "k", at(0), [](const ItemView*) { return Change::store("w", Expiry::none()); });
  cache_.update(0, "absent", at(0), [](const ItemView*) { return Change::keep(); });
  cache_.touch(0, "k", Expiry::none(), at(0));
  const CacheStats stats = cache_.stats();
  EXPECT_EQ(stats.hits, 1U);
  EXPECT_EQ(stats.misses, 1U);
  EXPECT_EQ(stats.sets, 2U);
  EXPECT_EQ(stats.items, 1U);
  EXPECT_EQ(stats.evictions, 0U);
  EXPECT_EQ(stats.memory_limit, 64 * mib);
}

TEST_P(Conformance, EmptiedItIsAsSmallAsAtFirst) {
  const auto used = [&] { return static_cast<double>(cache_.stats().memory_used); };
  const double empty_size = used();
  // The smallest block that malloc has at hand may be 16 bytes larger than the smallest that would do.
  const double malloc_slack = 32 * static_cast<double>(GetParam().shard_count);
  const auto fill = [&] {
    for (int i = 0; i < 20'000; ++i) {
      const auto database = static_cast<Database>(i % 3);
      cache_.set(database, std::to_string(i), "value", Expiry::at(at(5000 + i)), Condition::always(), at(0));
    }
  };
  fill();
  for (int i = 0; i < 20'000; ++i) {
    cache_.remove(static_cast<Database>(i % 3), std::to_string(i), Condition::always(), at(0));
  }
  EXPECT_NEAR(used(), empty_size, malloc_slack);
  fill();
  cache_.clear_all();
  EXPECT_NEAR(used(), empty_size, malloc_slack);
  fill();
  for (Database database = 0; database < 3; ++database) cache_.clear(database);
  EXPECT_NEAR(used(), empty_size, malloc_slack);
  fill();
  cache_.sweep(at(30'000), 1'000'000);
  EXPECT_NEAR(used(), empty_size, malloc_slack);
}

}  // namespace
}  // namespace larder::cache
