// Large values: what is borrowed stays as it was, and what was sent ahead is stored without being copied. A
// back end that cannot lend or take drafts says so, and then all of this is true of copies. Method: steps at
// one value, beside a reader that holds on to it.
#include <cstddef>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cache/backend.h"
#include "cache/conformance.h"
#include "cache/test_support.h"

namespace larder::cache {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the words of these tests

// What a reader that copies only what it cannot borrow gets hold of.
struct Held {
  Loan loan;
  std::string copy;
  [[nodiscard]] Bytes bytes() const { return loan ? loan.bytes() : Bytes(copy); }
};
Held hold(Cache& cache, Bytes key) {
  Held held;
  cache.get(0, key, at(0), [&](const ItemView& item) {
    held.loan = item.lend();
    if (!held.loan) held.copy = item.value;
  });
  return held;
}

class ConformanceLarge : public Conformance {
 protected:
  [[nodiscard]] bool lends() const { return GetParam().backend == "segment"; }

  // Null, or all of `value` in a draft.
  std::unique_ptr<Draft> send_ahead(Bytes value) {
    std::unique_ptr<Draft> draft = cache_.draft(value.size(), 100);
    for (std::size_t offset = 0; draft != nullptr && offset < value.size(); offset += 100'000) {
      EXPECT_TRUE(draft->append(value.substr(offset, 100'000), at(0)));
    }
    return draft;
  }

  std::string old_ = std::string(3 * mib, 'o');
  std::string new_ = std::string(3 * mib, 'n');
};

// Those of which all this is true of more than copies.
class LendingBackends : public ConformanceLarge {};
std::vector<Setup> lending_setups() {
  std::vector<Setup> all = setups();
  std::erase_if(all, [](const Setup& setup) { return setup.backend != "segment"; });
  return all;
}

TEST_P(ConformanceLarge, WhatIsBorrowedOutlivesItsItemHoweverItLeaves) {
  const std::vector<std::pair<const char*, std::function<void()>>> ways = {
      {"overwritten", [&] { put(cache_, "k", new_); }},
      {"overwritten by a short one", [&] { put(cache_, "k", "short"); }},
      {"removed", [&] { cache_.remove(0, "k", Condition::always(), at(0)); }},
      {"expired", [&] { cache_.touch(0, "k", Expiry::at(at(0)), at(0)); }},
      {"cleared", [&] { cache_.clear(0); }},
      {"all cleared", [&] { cache_.clear_all(); }},
      {"evicted", [&] {
         for (int i = 0; i < 100; ++i) put(cache_, "other" + std::to_string(i), new_);
       }}};
  for (const auto& [name, leaves] : ways) {
    SCOPED_TRACE(name);
    ASSERT_EQ(put(cache_, "k", old_), StoreOutcome::stored);
    const Held held = hold(cache_, "k");
    EXPECT_EQ(static_cast<bool>(held.loan), lends());
    leaves();
    EXPECT_NE(value_of(cache_, "k"), old_);
    EXPECT_TRUE(held.bytes() == old_);
    EXPECT_EQ(held.loan.is_orphan(), lends());
    while (cache_.sweep(at(0), 1000)) {
    }
    EXPECT_TRUE(held.bytes() == old_) << "after everything was tidied up";
  }
}

TEST_P(LendingBackends, WhatIsBorrowedCountsUntilItIsGivenBack) {
  ASSERT_EQ(put(cache_, "k", old_), StoreOutcome::stored);
  Held held = hold(cache_, "k");
  cache_.clear_all();
  EXPECT_GE(cache_.stats().memory_used, old_.size());
  held = {};
  while (cache_.sweep(at(0), 1000)) {
  }
  EXPECT_LT(cache_.stats().memory_used, mib);
}

TEST_P(LendingBackends, WhatIsBorrowedKeepsALoweredLimitUpUntilItIsGivenBack) {
  const std::string large(20 * mib, 'l');
  ASSERT_EQ(put(cache_, "k", large), StoreOutcome::stored);
  Held held = hold(cache_, "k");
  ASSERT_TRUE(held.loan);
  ASSERT_TRUE(cache_.set_memory_limit(16 * mib));
  const auto sweep = [&] {
    for (int i = 0; i < 10'000 && cache_.sweep(at(0), 64); ++i) {
    }
    return cache_.stats().memory_limit_in_force;
  };
  EXPECT_GE(sweep(), large.size());
  EXPECT_LE(cache_.stats().memory_used, cache_.stats().memory_limit_in_force);
  EXPECT_FALSE(has(cache_, "k")) << "evicted";
  EXPECT_TRUE(held.bytes() == large);
  held = {};
  EXPECT_EQ(sweep(), 16 * mib);
  EXPECT_LE(cache_.stats().memory_used, 16 * mib);
  ASSERT_EQ(put(cache_, "k", Bytes(large).substr(0, 10 * mib)), StoreOutcome::stored);
  EXPECT_FALSE(hold(cache_, "k").loan) << "half of the lower limit may be lent";
}

TEST_P(ConformanceLarge, ADraftIsStoredWhereItIs) {
  const std::unique_ptr<Draft> draft = send_ahead(new_);
  ASSERT_EQ(draft != nullptr, lends());
  if (draft == nullptr) return;
  ASSERT_EQ(draft->bytes(), new_);
  EXPECT_EQ(put(cache_, "k", draft->bytes()), StoreOutcome::stored);
  const Held held = hold(cache_, "k");
  EXPECT_EQ(held.bytes().data(), draft->bytes().data());
  EXPECT_TRUE(held.bytes() == new_);
}

TEST_P(LendingBackends, ADraftIsStoredByEveryKindOfStoreUnderOneKeyOnly) {
  std::unique_ptr<Draft> draft = send_ahead(new_);
  EXPECT_EQ(cache_.set(0, "k", draft->bytes(), Expiry::none(), Condition::present(), at(0)),
            StoreOutcome::condition_failed);
  EXPECT_EQ(cache_.update(0, "k", at(0),
                          [&](const ItemView*) { return Change::store(draft->bytes(), Expiry::none()); }),
            StoreOutcome::stored);
  EXPECT_EQ(put(cache_, "l", draft->bytes()), StoreOutcome::stored) << "copied";
  draft.reset();
  EXPECT_EQ(value_of(cache_, "k"), new_);
  EXPECT_EQ(value_of(cache_, "l"), new_);
  draft = send_ahead(old_);
  const Bytes keys[] = {"k"};
  cache_.with_keys(keys, [&](Keyspace& locked) {
    EXPECT_EQ(locked.set(0, "k", draft->bytes(), Expiry::none(), Condition::always(), at(0)),
              StoreOutcome::stored);
  });
  draft.reset();
  EXPECT_EQ(value_of(cache_, "k"), old_);
}

TEST_P(LendingBackends, WhatIsBorrowedAndHasNoKeyIsStoredWhereItIs) {
  ASSERT_EQ(put(cache_, "k", old_), StoreOutcome::stored);
  const Held held = hold(cache_, "k");
  EXPECT_EQ(put(cache_, "copy", held.bytes()), StoreOutcome::stored);
  EXPECT_NE(hold(cache_, "copy").bytes().data(), held.bytes().data()) << "it has a key";
  cache_.remove(0, "k", Condition::always(), at(0));
  EXPECT_EQ(put(cache_, "l", held.bytes()), StoreOutcome::stored);
  EXPECT_EQ(hold(cache_, "l").bytes().data(), held.bytes().data());
  EXPECT_TRUE(value_of(cache_, "l") == old_);
}

TEST_P(LendingBackends, ADraftThatIsNotStoredLeavesNothing) {
  const std::size_t before = cache_.stats().memory_used;
  std::unique_ptr<Draft> draft = cache_.draft(new_.size(), 100);
  ASSERT_TRUE(draft->append(Bytes(new_).substr(0, mib), at(0)));
  EXPECT_GE(cache_.stats().memory_used, before + mib);
  draft.reset();
  while (cache_.sweep(at(0), 1000)) {
  }
  EXPECT_EQ(cache_.stats().memory_used, before);
}

TEST_P(LendingBackends, ADraftMakesItsRoomAsItGrows) {
  for (int i = 0; i < 100'000; ++i) put(cache_, "key" + std::to_string(i), std::string(1000, 'x'));
  const std::uint64_t evictions = cache_.stats().evictions;
  const std::string large(20 * mib, 'l');
  const std::unique_ptr<Draft> draft = cache_.draft(large.size(), 100);
  ASSERT_NE(draft, nullptr);
  EXPECT_EQ(cache_.stats().evictions, evictions) << "announced only";
  for (std::size_t offset = 0; offset < large.size(); offset += mib) {
    ASSERT_TRUE(draft->append(Bytes(large).substr(offset, mib), at(0)));
    ASSERT_LE(cache_.stats().memory_used, 64 * mib);
  }
  EXPECT_GT(cache_.stats().evictions, evictions + 10'000);
  EXPECT_EQ(put(cache_, "k", draft->bytes()), StoreOutcome::stored);
  EXPECT_TRUE(value_of(cache_, "k") == large);
}

TEST_P(ConformanceLarge, SmallValuesHaveNoDraft) {
  EXPECT_EQ(cache_.draft(100, 100), nullptr);
  EXPECT_EQ(cache_.draft(std::size_t{1} << 40, 100), nullptr) << "nor those that never fit";
}

INSTANTIATE_TEST_SUITE_P(Backends, ConformanceLarge, testing::ValuesIn(setups()), setup_name);
INSTANTIATE_TEST_SUITE_P(Backends, LendingBackends, testing::ValuesIn(lending_setups()), setup_name);

}  // namespace
}  // namespace larder::cache
