// A large value stays as it is while anybody needs it, and what it costs is in the budget until the kernel
// has it back. Method: each path of its life step by step beside a budget that counts, then all of them at
// random from several threads, each value filled with a pattern of its own.
#include "cache/segment/large_values.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cache/test_support.h"

namespace larder::cache::segment {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the words of these tests

class CountingBudget final : public ByteBudget {
 public:
  explicit CountingBudget(std::size_t size_max) : size_max_(size_max) {}
  bool reserve(std::size_t size) override {
    std::size_t used = used_.load();
    while (size <= size_max_ - used) {
      if (used_.compare_exchange_weak(used, used + size)) return true;
    }
    return false;
  }
  void release(std::size_t size) override { used_ -= size; }
  [[nodiscard]] std::size_t used() const { return used_; }

 private:
  std::size_t size_max_;
  std::atomic<std::size_t> used_{0};
};

Bytes bytes_at(const std::byte* place, std::size_t size) {
  return {reinterpret_cast<const char*>(place), size};
}

void write(std::byte* place, Bytes bytes) { std::ranges::copy(bytes, reinterpret_cast<char*>(place)); }

class LargeValuesTest : public testing::Test {
 protected:
  static constexpr std::size_t limit = 64 * mib;

  std::byte* store(Bytes value, Bytes key) {
    std::byte* const place = values_.take(value.size(), key.size());
    write(place, value);
    write(place + value.size(), key);
    return place;
  }
  // A draft with all of its bytes.
  std::byte* draft(Bytes value, std::size_t key_size_max) {
    std::byte* const place = values_.begin_draft(value.size(), key_size_max);
    EXPECT_TRUE(values_.grow_draft(place, value.size()));
    write(place, value);
    return place;
  }
  void reclaim_all() {
    while (values_.reclaim()) {
    }
  }

  CountingBudget budget_{limit};
  LargeValues values_{budget_, limit};
  std::string value_ = std::string(3 * mib, 'v');
};

TEST_F(LargeValuesTest, AStoredValueIsCountedUntilTheKernelHasItBack) {
  std::byte* const place = store(value_, "key");
  EXPECT_EQ(budget_.used(), LargeValues::footprint(value_.size() + 3));
  EXPECT_EQ(values_.ownerless_size(), 0U);
  values_.give_back(place);
  EXPECT_EQ(values_.dying_size(), budget_.used());
  EXPECT_EQ(values_.ownerless_size(), budget_.used());
  std::size_t used = budget_.used();
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(values_.reclaim());
    ASSERT_LE(used - budget_.used(), mib) << "a little at a time";
    ASSERT_LT(budget_.used(), used);
    used = budget_.used();
  }
  EXPECT_FALSE(values_.reclaim());
  EXPECT_EQ(budget_.used(), 0U);
  EXPECT_EQ(values_.ownerless_size(), 0U);
  EXPECT_EQ(values_.count(), 0U);
}

TEST_F(LargeValuesTest, ALittleOneGoesAtOnce) {
  std::byte* const place = store("value", "key");
  values_.give_back(place);
  EXPECT_EQ(budget_.used(), 0U);
  EXPECT_EQ(values_.count(), 0U);
}

TEST_F(LargeValuesTest, ABorrowedValueOutlivesItsItem) {
  std::byte* const place = store(value_, "key");
  Loan first = values_.lend(bytes_at(place, value_.size()));
  Loan second = values_.lend(bytes_at(place, value_.size()));
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(first.is_orphan());
  values_.give_back(place);
  EXPECT_TRUE(first.is_orphan());
  reclaim_all();
  EXPECT_EQ(first.bytes(), value_);
  EXPECT_EQ(values_.ownerless_size(), budget_.used());
  first = {};
  reclaim_all();
  EXPECT_EQ(second.bytes(), value_);
  second = {};
  reclaim_all();
  EXPECT_EQ(budget_.used(), 0U);
  EXPECT_EQ(values_.lent_size(), 0U);
}

TEST_F(LargeValuesTest, LoansEndWhereTheyWouldKeepTooMuchMemory) {
  std::vector<std::byte*> places;
  std::vector<Loan> loans;
  while (true) {
    std::byte* const place = store(value_, "key");
    places.push_back(place);
    Loan loan = values_.lend(bytes_at(place, value_.size()));
    if (!loan) break;
    loans.push_back(std::move(loan));
    ASSERT_LE(values_.lent_size(), limit / 2);
  }
  EXPECT_EQ(loans.size(), limit / 2 / LargeValues::footprint(value_.size() + 3));
  EXPECT_TRUE(values_.lend(loans.front().bytes())) << "it is lent already and costs no more";
  loans.pop_back();
  EXPECT_TRUE(values_.lend(bytes_at(places.back(), value_.size())));
  loans.clear();
  for (std::byte* const place : places) values_.give_back(place);
}

TEST_F(LargeValuesTest, ADraftCostsWhatHasComeOfIt) {
  std::byte* const place = values_.begin_draft(32 * mib, 100);
  ASSERT_NE(place, nullptr);
  EXPECT_LT(budget_.used(), 16 * kib);
  ASSERT_TRUE(values_.grow_draft(place, mib));
  EXPECT_GE(budget_.used(), mib);
  EXPECT_LT(budget_.used(), mib + 16 * kib);
  EXPECT_EQ(values_.ownerless_size(), budget_.used());
  EXPECT_EQ(values_.adopt(bytes_at(place, mib), 3), nullptr) << "it is not whole";
  values_.end_draft(place);
  reclaim_all();
  EXPECT_EQ(budget_.used(), 0U);
}

TEST_F(LargeValuesTest, AnAdoptedDraftStaysWhereItIsAndCostsWhatAnyValueDoes) {
  std::byte* const place = draft(value_, 16 * kib);
  ASSERT_EQ(values_.adopt(bytes_at(place, value_.size()), 3), place);
  write(place + value_.size(), "key");
  EXPECT_EQ(budget_.used(), LargeValues::footprint(value_.size() + 3));
  EXPECT_EQ(values_.ownerless_size(), 0U);
  EXPECT_EQ(values_.adopt(bytes_at(place, value_.size()), 3), nullptr) << "twice";
  values_.end_draft(place);
  EXPECT_EQ(bytes_at(place, value_.size() + 3), value_ + "key");
  values_.give_back(place);
  reclaim_all();
  EXPECT_EQ(budget_.used(), 0U);
}

TEST_F(LargeValuesTest, AnOrphanIsAdoptedByWhoHasBorrowedIt) {
  std::byte* const place = store(value_, "key");
  Loan loan = values_.lend(bytes_at(place, value_.size()));
  EXPECT_EQ(values_.adopt(loan.bytes(), 3), nullptr) << "it has a key";
  values_.give_back(place);
  const Bytes front = loan.bytes().substr(0, 100);
  EXPECT_EQ(values_.adopt(front, 3), nullptr) << "others may have borrowed the rest";
  const std::size_t room = 4 * mib - 64 - value_.size();
  EXPECT_EQ(values_.adopt(loan.bytes(), room + 1), nullptr) << "beyond its slot";
  const std::string key(100'000, 'k');
  ASSERT_EQ(values_.adopt(loan.bytes(), key.size()), place);
  write(place + value_.size(), key);
  EXPECT_FALSE(loan.is_orphan());
  EXPECT_EQ(budget_.used(), LargeValues::footprint(value_.size() + key.size()));
  EXPECT_EQ(values_.ownerless_size(), 0U);
  EXPECT_EQ(values_.lent_size(), budget_.used());
  values_.give_back(place);
  ASSERT_EQ(values_.adopt(loan.bytes(), 3), place);
  EXPECT_EQ(budget_.used(), LargeValues::footprint(value_.size() + 3));
  EXPECT_EQ(loan.bytes(), value_);
  loan = {};
  EXPECT_EQ(values_.lent_size(), 0U);
  values_.give_back(place);
  reclaim_all();
  EXPECT_EQ(budget_.used(), 0U);
}

TEST_F(LargeValuesTest, AnOrphanStaysOneWithoutMemoryForItsKey) {
  std::byte* const place = store(value_, "key");
  Loan loan = values_.lend(bytes_at(place, value_.size()));
  values_.give_back(place);
  const std::size_t rest = limit - budget_.used();
  ASSERT_TRUE(budget_.reserve(rest));
  EXPECT_EQ(values_.adopt(loan.bytes(), 100'000), nullptr);
  EXPECT_TRUE(loan.is_orphan());
  budget_.release(rest);
  loan = {};
  reclaim_all();
  EXPECT_EQ(budget_.used(), 0U);
}

TEST_F(LargeValuesTest, AWriterMayLookAtWhatWasStoredAndIsGoneAlready) {
  std::byte* const place = draft(value_, 3);
  ASSERT_NE(values_.adopt(bytes_at(place, value_.size()), 3), nullptr);
  values_.give_back(place);
  reclaim_all();
  EXPECT_EQ(bytes_at(place, value_.size()), value_);
  values_.end_draft(place);
  reclaim_all();
  EXPECT_EQ(budget_.used(), 0U);
}

TEST_F(LargeValuesTest, OnlyAWholeDraftIsAdopted) {
  EXPECT_EQ(values_.adopt(value_, 3), nullptr) << "memory of somebody else";
  std::byte* const stored = store(value_, "key");
  EXPECT_EQ(values_.adopt(bytes_at(stored, value_.size()), 3), nullptr);
  std::byte* const place = draft(value_, 3);
  EXPECT_EQ(values_.adopt(bytes_at(place, value_.size() - 1), 3), nullptr);
  EXPECT_EQ(values_.adopt(bytes_at(place + 1, value_.size()), 3), nullptr);
  EXPECT_EQ(values_.adopt(bytes_at(place, value_.size()), 4), nullptr) << "no room for such a key";
  values_.end_draft(place);
  values_.give_back(stored);
}

TEST_F(LargeValuesTest, DraftsMayHoldHalfOfTheMemory) {
  std::byte* const first = values_.begin_draft(limit / 2, 3);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(values_.begin_draft(1, 3), nullptr);
  values_.end_draft(first);
  std::byte* const second = values_.begin_draft(1, 3);
  EXPECT_NE(second, nullptr);
  values_.end_draft(second);
  EXPECT_EQ(budget_.used(), 0U);
}

TEST_F(LargeValuesTest, WhereTheBudgetIsUsedUpTheAnswerIsNo) {
  ASSERT_TRUE(budget_.reserve(limit - 32 * kib));
  EXPECT_EQ(values_.take(mib, 0), nullptr);
  std::byte* const place = values_.begin_draft(mib, 3);
  ASSERT_NE(place, nullptr);
  EXPECT_FALSE(values_.grow_draft(place, mib));
  EXPECT_TRUE(values_.grow_draft(place, 10 * kib));
  values_.end_draft(place);
  EXPECT_EQ(values_.begin_draft(mib, 64 * kib), nullptr);
  EXPECT_EQ(budget_.used(), limit - 32 * kib);
  budget_.release(limit - 32 * kib);
}

TEST(LargeValuesStress, NobodySeesAByteChangeWhoeverTakesAndGivesBack) {
  constexpr std::size_t limit = 64 * mib;
  constexpr int step_count = LARDER_TEST_SANITIZED ? 500 : 3000;
  CountingBudget budget(limit);
  LargeValues values(budget, limit);
  std::atomic<int> mistake_count{0};
  const auto work = [&](std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<std::pair<std::byte*, std::size_t>> stored;
    std::vector<std::pair<Loan, char>> loans;
    for (int i = 0; i < step_count; ++i) {
      const std::size_t size = 10'000 + random() % (2 * mib) / (1 + random() % 16);
      const char mark = static_cast<char>(random());
      switch (random() % 5) {
        case 0:
          if (std::byte* const place = values.take(size, 0)) {
            write(place, std::string(size, mark));
            stored.emplace_back(place, size);
          }
          break;
        case 1:
          if (std::byte* const place = values.begin_draft(size, 0)) {
            const bool is_whole = values.grow_draft(place, size);
            if (is_whole) write(place, std::string(size, mark));
            if (is_whole && random() % 2 == 0) {
              mistake_count += values.adopt(bytes_at(place, size), 0) == place ? 0 : 1;
              stored.emplace_back(place, size);
            }
            values.end_draft(place);
          }
          break;
        case 2:
          if (!stored.empty()) {
            std::swap(stored[random() % stored.size()], stored.back());
            const auto [place, stored_size] = stored.back();
            Loan loan = values.lend(bytes_at(place, stored_size));
            if (loan) loans.emplace_back(std::move(loan), static_cast<char>(*place));
          }
          break;
        case 3:
          if (!stored.empty()) {
            values.give_back(stored.back().first);
            stored.pop_back();
          }
          break;
        default:
          if (!loans.empty()) {
            const auto& [loan, expected] = loans.back();
            mistake_count +=
                std::ranges::all_of(loan.bytes(), [&](char byte) { return byte == expected; }) ? 0 : 1;
            loans.pop_back();
          }
          values.reclaim();
      }
    }
    for (const auto& [place, size] : stored) values.give_back(place);
  };
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) threads.emplace_back(work, seed);
  }
  while (values.reclaim()) {
  }
  EXPECT_EQ(mistake_count, 0);
  EXPECT_EQ(budget.used(), 0U);
  EXPECT_EQ(values.ownerless_size(), 0U);
  EXPECT_EQ(values.lent_size(), 0U);
  EXPECT_EQ(values.count(), 0U);
}

}  // namespace
}  // namespace larder::cache::segment
