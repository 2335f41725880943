// The log and the index are one thing: what a map holds is found, byte for byte, and the sums are those of a
// walk. Method: random appends, rewrites in place, moves, deadlines, drops and clears beside a std::map, with
// records of all kinds; walk() compares every sum after each hundred steps and asserts the rest itself.
#include "cache/segment/items.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>

#include "cache/segment/items_fixture.h"

namespace larder::cache::segment {
namespace {

using namespace segment::test;  // NOLINT(google-build-using-namespace): the words of these tests

class ItemsTest : public ItemsFixture {
 protected:
  bool rewrite(Bytes key, Bytes value, TimePoint deadline = no_deadline) {
    const auto found = find(key);
    const RecordShape shape{.key_size = key.size(), .value_size = value.size(), .deadline = deadline};
    return items_.rewrite(*found, shape, key_of(key), value);
  }
  [[nodiscard]] CompareToken token_of(Bytes key) const {
    const auto found = find(key);
    return items_.token_of(found->stored.location, found->hash, found->stored.record.database);
  }
};

TEST_F(ItemsTest, FindsWhatWasAppendedAndNothingElse) {
  append("a", "1");
  append("b", "2", at(5));
  append("a", "of database 3", no_deadline, QueueId::small, 0, 3);
  EXPECT_EQ(value_of("a"), "1");
  EXPECT_EQ(value_of("b"), "2");
  EXPECT_EQ(value_of("a", 3), "of database 3");
  EXPECT_EQ(value_of("b", 3), "(absent)");
  EXPECT_EQ(find("b")->stored.record.deadline, at(5));
  EXPECT_EQ(items_.count(0), 2U);
  EXPECT_EQ(items_.count(3), 1U);
  EXPECT_EQ(items_.deadline_count(), 1U);
  check_books();
}

TEST_F(ItemsTest, RewritesInPlaceWhatFitsIncludingTheGapThatALongerValueLeft) {
  append("k", std::string(100, 'a'));
  append("next", "n");
  const Location location = find("k")->stored.location;
  for (const std::size_t size : {100U, 99U, 100U, 97U, 100U, 96U, 50U, 100U, 0U, 93U, 100U}) {
    ASSERT_TRUE(rewrite("k", std::string(size, 'b'))) << size;
    ASSERT_EQ(value_of("k"), std::string(size, 'b'));
    ASSERT_EQ(find("k")->stored.location, location);
    ASSERT_EQ(items_.dead_size(), 100 - size);
    ASSERT_NO_FATAL_FAILURE(check_books());
  }
  EXPECT_FALSE(rewrite("k", std::string(101, 'c')));
  EXPECT_FALSE(rewrite("k", std::string(100, 'c'), at(9)));  // six bytes more
  EXPECT_TRUE(rewrite("k", std::string(94, 'c'), at(9)));
  EXPECT_EQ(find("k")->stored.record.deadline, at(9));
  EXPECT_EQ(value_of("next"), "n");
  check_books();
}

TEST_F(ItemsTest, ATokenIsNewAfterEveryRewriteAndMove) {
  append("k", "value");
  append("other", "value");
  std::set<CompareToken> tokens = {token_of("k")};
  for (int i = 0; i < 2000; ++i) {
    if (i % 3 == 0) {
      if (!items_.has_room(QueueId::main, 100)) {
        ASSERT_TRUE(items_.open_segment(QueueId::main, true));
      }
      items_.move(*find("k"), QueueId::main, 0, 0, no_deadline);
    } else {
      ASSERT_TRUE(rewrite("k", "value"));
    }
    ASSERT_TRUE(tokens.insert(token_of("k")).second) << i;
  }
}

TEST_F(ItemsTest, MovingKeepsEverythingButThePlace) {
  append("k", "value", at(7), QueueId::small, 2);
  ASSERT_TRUE(items_.open_segment(QueueId::main, true));
  items_.move(*find("k"), QueueId::main, 1, 3, at(8));
  const auto found = find("k");
  EXPECT_EQ(found->stored.value(), "value");
  EXPECT_EQ(found->stored.record.deadline, at(8));
  EXPECT_EQ(use_count_of(found->place.load()), 1U);
  EXPECT_EQ(history_of(found->place.load()), 3U);
  EXPECT_EQ(queue_of("k"), QueueId::main);
  EXPECT_EQ(items_.queue(QueueId::small).segment_count, 0U);  // nothing was left in it
  check_books();
}

TEST_F(ItemsTest, ASegmentGoesBackWithItsLastLiveRecord) {
  const std::size_t used = pool_.used();
  for (int i = 0; i < 200; ++i) append(std::to_string(i), std::string(100, 'v'));
  const std::size_t segment_count = items_.segment_count();
  EXPECT_GE(segment_count, 5U);
  for (int i = 0; i < 200; i += 2) drop(std::to_string(i));
  EXPECT_EQ(items_.segment_count(), segment_count);
  for (int i = 1; i < 200; i += 2) drop(std::to_string(i));
  EXPECT_EQ(items_.segment_count(), 0U);
  EXPECT_EQ(pool_.used(), used);
  check_books();
}

TEST_F(ItemsTest, ALargeValueLivesAndLeavesWithItsStub) {
  const std::string value(100 * kib, 'v');
  const std::size_t used = pool_.used();
  ASSERT_TRUE(append_large("large", value));
  EXPECT_EQ(value_of("large"), value);
  EXPECT_EQ(large_values_.count(), 1U);
  check_books();
  ASSERT_TRUE(items_.open_segment(QueueId::small, true));
  items_.move(*find("large"), QueueId::small, 0, 0, at(50));
  EXPECT_EQ(value_of("large"), value);
  EXPECT_EQ(find("large")->stored.record.deadline, at(50));
  EXPECT_EQ(large_values_.count(), 1U);
  check_books();
  EXPECT_FALSE(rewrite("large", "small"));
  drop("large");
  EXPECT_EQ(large_values_.count(), 0U);
  EXPECT_EQ(pool_.used(), used);
}

TEST_F(ItemsTest, ADeadlineChangesInPlaceOnlyWhereThereIsAFieldForIt) {
  append("without", "v");
  append("with", "v", at(5));
  EXPECT_TRUE(items_.set_deadline(*find("without"), no_deadline));
  EXPECT_FALSE(items_.set_deadline(*find("without"), at(6)));
  EXPECT_FALSE(items_.set_deadline(*find("with"), TimePoint(Duration(-1))));
  for (const TimePoint deadline : {at(6), no_deadline, at(7)}) {
    EXPECT_TRUE(items_.set_deadline(*find("with"), deadline));
    EXPECT_EQ(find("with")->stored.record.deadline, deadline);
    EXPECT_EQ(items_.deadline_count(), deadline == no_deadline ? 0U : 1U);
    check_books();
  }
  EXPECT_EQ(value_of("with"), "v");
}

TEST_F(ItemsTest, ClearTakesOneDatabaseAndLeavesTheOthers) {
  for (int i = 0; i < 1000; ++i) {
    append(std::to_string(i), "value", no_deadline, i % 2 == 0 ? QueueId::small : QueueId::main, 0,
           static_cast<Database>(i % 3));
  }
  append_large("large", std::string(20'000, 'v'));
  items_.clear(0);
  EXPECT_EQ(items_.count(0), 0U);
  EXPECT_EQ(large_values_.count(), 0U);
  EXPECT_EQ(items_.count(), 666U);
  EXPECT_EQ(value_of("1", 1), "value");
  check_books();
  items_.clear(1);
  items_.clear(2);
  EXPECT_EQ(items_.count(), 0U);
  EXPECT_EQ(items_.segment_count(), 0U);
  check_books();
}

TEST_F(ItemsTest, ASegmentBesideAnotherKeepsItsPlaceInTheQueue) {
  for (int i = 0; i < 100; ++i) append(std::to_string(100 + i), std::string(200, 'v'));
  const std::vector<std::string> before = keys_in(QueueId::main);
  const SegmentId oldest = items_.queue(QueueId::main).oldest;
  const SegmentId target = items_.open_beside(oldest);
  ASSERT_NE(target, 0U);
  std::uint32_t offset = 0;
  while (items_.queue(QueueId::main).oldest == oldest) {
    const auto stored = items_.record_at(oldest, offset);
    ASSERT_TRUE(stored.has_value());
    offset += static_cast<std::uint32_t>(stored->record.size);
    items_.move_into(*items_.find_record(*stored), target);
  }
  EXPECT_EQ(items_.queue(QueueId::main).oldest, target);
  EXPECT_EQ(keys_in(QueueId::main), before);
  check_books();
}

// ---- Everything at once

class RandomItems : public ItemsFixture {
 protected:
  using Name = std::pair<Database, std::string>;
  struct Known {
    std::string value;
    TimePoint deadline = no_deadline;
  };

  int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }
  Name name() { return {static_cast<Database>(below(4) == 0 ? below(16) : 0), key()}; }
  std::string key() {
    const int number = below(500);
    return std::string(number % 50 == 0 ? 300U : 3U, 'k') + std::to_string(number);
  }
  std::string value() {
    return std::string(static_cast<std::size_t>(below(900) >> below(8)), static_cast<char>(below(256)));
  }
  TimePoint deadline() {
    switch (below(6)) {
      case 0:
        return at(below(1000));
      case 1:
        return below(2) == 0 ? no_deadline - Duration(1) : TimePoint(Duration(std::int64_t{1} << 50));
      default:
        return no_deadline;
    }
  }

  void remove(const Name& name) {
    const auto found = find(name.second, name.first);
    ASSERT_EQ(found.has_value(), known_.erase(name) == 1);
    if (found) items_.drop(*found);
  }

  void store(const Name& name, const Known& wanted, bool is_large) {
    const auto found = find(name.second, name.first);
    const RecordShape shape{.key_size = name.second.size(),
                            .value_size = wanted.value.size(),
                            .deadline = wanted.deadline,
                            .database = name.first};
    if (found && !is_large && items_.rewrite(*found, shape, key_of(name.second, name.first), wanted.value)) {
      known_[name] = wanted;
      return;
    }
    remove(name);
    const bool stored = is_large ? name.first == 0 && append_large(name.second, wanted.value)
                                 : append(name.second, wanted.value, wanted.deadline,
                                          static_cast<QueueId>(below(2)), 0, name.first);
    if (stored) known_[name] = is_large ? Known{.value = wanted.value} : wanted;
  }

  void move(const Name& name) {
    const auto found = find(name.second, name.first);
    if (!found) return;
    const auto queue = static_cast<QueueId>(below(2));
    if (!items_.has_room(queue, found->stored.record.size + head_size_max) &&
        !items_.open_segment(queue, true)) {
      return;
    }
    Known& known = known_.at(name);
    known.deadline = deadline();
    items_.move(*found, queue, 0, 0, known.deadline);
  }

  void check() const {
    ASSERT_NO_FATAL_FAILURE(check_books());
    ASSERT_EQ(items_.count(), known_.size());
    for (const auto& [name, known] : known_) {
      const auto found = find(name.second, name.first);
      ASSERT_TRUE(found.has_value());
      ASSERT_EQ(found->stored.value(), known.value);
      ASSERT_EQ(found->stored.record.deadline, known.deadline);
    }
  }

  std::mt19937_64 random_{11};
  std::map<Name, Known> known_;
};

TEST_F(RandomItems, AreWhatAMapHolds) {
  constexpr int step_count = LARDER_TEST_SANITIZED ? 20'000 : 60'000;
  for (int i = 0; i < step_count; ++i) {
    const Name one = name();
    const int roll = below(1000);
    if (roll < 500) {
      store(one, {.value = value(), .deadline = deadline()}, below(20) == 0);
    } else if (roll < 750) {
      move(one);
    } else if (roll < 900) {
      if (const auto found = find(one.second, one.first)) {
        const TimePoint wanted = deadline();
        if (items_.set_deadline(*found, wanted)) known_.at(one).deadline = wanted;
      }
    } else if (roll < 998) {
      remove(one);
    } else if (roll < 999) {
      const auto database = static_cast<Database>(below(3));
      items_.clear(database);
      std::erase_if(known_, [&](const auto& entry) { return entry.first.first == database; });
    } else if (below(4) == 0) {
      items_.clear();
      known_.clear();
    }
    items_.tend_index();
    if (i % 100 == 0) {
      ASSERT_NO_FATAL_FAILURE(check()) << "step " << i;
    }
  }
  items_.clear();
  known_.clear();
  check();
  EXPECT_EQ(items_.segment_count(), 0U);
  EXPECT_EQ(large_values_.count(), 0U);
}

}  // namespace
}  // namespace larder::cache::segment
