// The index holds what a std::multimap holds, at every size. Method: random inserts and removals beside the
// map, through growth, shrinking and an index that cannot grow; every slot is found by its hash, and a walk
// over all ranges meets each slot exactly once and in the order of hashes. Chunks come with garbage in them,
// as those of the pool do. Then hashes that collide: a lookup compares a bounded number of them.
#include "cache/segment/index.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <random>
#include <set>
#include <unordered_map>
#include <vector>

#include "cache/test_support.h"

namespace larder::cache::segment {
namespace {

class ChunkSource final : public IndexMemory {
 public:
  ChunkSource(std::size_t chunk_size, std::size_t chunk_count_max)
      : chunk_size_(chunk_size), chunk_count_max_(chunk_count_max) {}
  ~ChunkSource() override { EXPECT_EQ(taken_.size(), 0U); }
  ChunkSource(const ChunkSource&) = delete;
  ChunkSource& operator=(const ChunkSource&) = delete;

  [[nodiscard]] std::size_t chunk_size() const override { return chunk_size_; }
  [[nodiscard]] std::size_t chunk_count_max() const override { return 1 << 14; }
  [[nodiscard]] std::byte* take() override {
    if (taken_.size() == chunk_count_max_) return nullptr;
    std::byte* chunk = nullptr;
    if (free_.empty()) {
      all_.push_back(std::make_unique<Chunk[]>(chunk_size_ / sizeof(Chunk)));
      chunk = reinterpret_cast<std::byte*>(all_.back().get());
    } else {
      chunk = free_.back();
      free_.pop_back();
    }
    std::memset(chunk, 0xA5, chunk_size_);
    EXPECT_TRUE(taken_.insert(chunk).second);
    return chunk;
  }
  void give_back(std::byte* chunk) override {
    EXPECT_EQ(taken_.erase(chunk), 1U);
    free_.push_back(chunk);
  }
  [[nodiscard]] std::size_t taken_count() const { return taken_.size(); }

 private:
  struct alignas(64) Chunk {
    std::byte bytes[64];
  };
  std::size_t chunk_size_;
  std::size_t chunk_count_max_;
  std::vector<std::unique_ptr<Chunk[]>> all_;
  std::vector<std::byte*> free_;
  std::set<std::byte*> taken_;
};

// The index beside the map. A location is a number of its own for each slot that was ever put in.
class Pair final {
 public:
  Pair(ChunkSource& memory, unsigned first_level) : index_(memory, first_level) {}

  void insert(std::uint64_t hash, unsigned use_count = 0) {
    const Location location = ++last_location_;
    while (const auto victim = index_.insert(hash, make_slot(0, location, use_count, 1))) {
      ++victim_count_;
      remove(location_of(*victim));
    }
    hashes_[location] = hash;
    locations_.emplace(hash, location);
    ranks_[location] = all_.size();
    all_.push_back(location);
  }

  void remove(Location location) {
    const std::uint64_t hash = hashes_.at(location);
    const auto place = find(hash, location);
    ASSERT_TRUE(place.has_value());
    index_.remove(hash, *place);
    forget(location);
  }

  void remove_any(std::uint64_t random) { remove(all_[random % all_.size()]); }

  bool grow() {
    return index_.grow([this](Slot slot) { lose(slot); });
  }
  bool shrink() {
    return index_.shrink([this](Slot slot) { lose(slot); });
  }
  void reset() {
    index_.reset();
    hashes_.clear();
    locations_.clear();
    ranks_.clear();
    all_.clear();
  }

  void check() const {
    ASSERT_EQ(index_.size(), hashes_.size());
    for (const auto& [location, hash] : hashes_) {
      const auto place = find(hash, location);
      ASSERT_TRUE(place.has_value()) << "hash " << hash;
      ASSERT_EQ(history_of(place->load()), 1U);
    }
    std::size_t met_count = 0;
    std::set<Location> met;
    std::uint64_t first = 0;
    for (;;) {
      const std::uint64_t last = index_.range_end(first);
      ASSERT_GE(last, first);
      index_.each_in_range(first, [&](Slot slot) {
        ++met_count;
        met.insert(location_of(slot));
        const std::uint64_t hash = hashes_.at(location_of(slot));
        EXPECT_GE(hash, first);
        EXPECT_LE(hash, last);
      });
      if (last == ~std::uint64_t{0}) break;
      ASSERT_EQ(index_.range_end(last), last);
      first = last + 1;
    }
    ASSERT_EQ(met_count, hashes_.size());
    ASSERT_EQ(met.size(), hashes_.size());
  }

  [[nodiscard]] std::optional<Index::Place> find(std::uint64_t hash, Location location) const {
    return index_.find(hash, [&](Location candidate) { return candidate == location; });
  }
  [[nodiscard]] std::size_t compared_count(std::uint64_t hash) const {
    std::size_t count = 0;
    static_cast<void>(index_.find(hash, [&](Location /*candidate*/) {
      ++count;
      return false;
    }));
    return count;
  }
  [[nodiscard]] bool has(std::uint64_t hash) const { return locations_.contains(hash); }
  [[nodiscard]] std::size_t count_of(std::uint64_t hash) const { return locations_.count(hash); }
  [[nodiscard]] Location last_location() const { return last_location_; }
  [[nodiscard]] std::size_t size() const { return hashes_.size(); }
  [[nodiscard]] std::size_t victim_count() const { return victim_count_; }
  [[nodiscard]] std::size_t lost_count() const { return lost_count_; }
  [[nodiscard]] const Index& index() const { return index_; }

 private:
  void lose(Slot slot) {
    ++lost_count_;
    forget(location_of(slot));
  }
  void forget(Location location) {
    const auto [begin, end] = locations_.equal_range(hashes_.at(location));
    locations_.erase(std::find_if(begin, end, [&](const auto& entry) { return entry.second == location; }));
    hashes_.erase(location);
    const std::size_t rank = ranks_.at(location);
    ranks_.at(all_.back()) = rank;
    all_[rank] = all_.back();
    all_.pop_back();
    ranks_.erase(location);
  }

  Index index_;
  std::multimap<std::uint64_t, Location> locations_;
  std::unordered_map<Location, std::uint64_t> hashes_;
  std::vector<Location> all_;  // to pick one at random
  std::unordered_map<Location, std::size_t> ranks_;
  Location last_location_ = 0;
  std::size_t victim_count_ = 0;
  std::size_t lost_count_ = 0;
};

struct Layout {
  unsigned first_level;
  unsigned shard_bit_count;  // so many of the lowest bits are 0 in every hash
  std::size_t chunk_size;
};

class IndexTest : public testing::TestWithParam<Layout> {
 protected:
  std::uint64_t hash() { return random_() << GetParam().shard_bit_count; }

  std::mt19937_64 random_{7};
  ChunkSource memory_{GetParam().chunk_size, 1 << 14};
  Pair pair_{memory_, GetParam().first_level};
};

INSTANTIATE_TEST_SUITE_P(Layouts, IndexTest,
                         testing::Values(Layout{.first_level = 0, .shard_bit_count = 0, .chunk_size = 4096},
                                         Layout{.first_level = 0, .shard_bit_count = 12, .chunk_size = 64},
                                         Layout{.first_level = 3, .shard_bit_count = 4, .chunk_size = 65'536},
                                         Layout{.first_level = 6, .shard_bit_count = 1, .chunk_size = 4096}),
                         [](const auto& given) {
                           return "Level" + std::to_string(given.param.first_level) + "Bits" +
                                  std::to_string(given.param.shard_bit_count);
                         });

TEST_P(IndexTest, HoldsWhatAMultimapHoldsThroughGrowthAndShrinking) {
  const std::size_t first_line_count = pair_.index().line_count();
  constexpr std::size_t growth = LARDER_TEST_SANITIZED ? 3 : 9;
  const std::size_t count_max =
      first_line_count * slots_per_line * growth;  // past the third split of each group
  const std::size_t steps_per_check = count_max / (first_line_count > 1024 ? 4 : 60);
  std::size_t step = 0;
  const auto tend = [&] {
    if (pair_.index().is_growth_due()) {
      ASSERT_TRUE(pair_.grow());
    }
    if (pair_.index().is_shrink_due()) static_cast<void>(pair_.shrink());
    if (++step % steps_per_check == 0) {
      ASSERT_NO_FATAL_FAILURE(pair_.check());
    }
  };
  while (pair_.size() < count_max) {
    pair_.insert(hash());
    if (random_() % 4 == 0) pair_.remove_any(random_());
    ASSERT_NO_FATAL_FAILURE(tend());
  }
  EXPECT_GT(pair_.index().line_count(), growth * first_line_count);
  while (pair_.size() > 0) {
    pair_.remove_any(random_());
    if (random_() % 4 == 0) pair_.insert(hash());
    ASSERT_NO_FATAL_FAILURE(tend());
  }
  while (pair_.index().is_shrink_due() && pair_.shrink()) {
  }
  EXPECT_EQ(pair_.index().line_count(), first_line_count);
  EXPECT_EQ(pair_.victim_count(), 0U);
  EXPECT_EQ(pair_.lost_count(), 0U);
}

TEST_P(IndexTest, EveryStepOfGrowingAndShrinkingKeepsEverySlot) {
  const std::size_t first_line_count = pair_.index().line_count();
  // A check walks over everything: in the large layout after a few dozen steps, in the small ones after each.
  const std::size_t check_distance = first_line_count / (LARDER_TEST_SANITIZED ? 8 : 64) + 1;
  auto check = [&, step = std::size_t{0}]() mutable {
    if (++step % check_distance == 0) pair_.check();
  };
  for (std::size_t i = 0; i < first_line_count * 4; ++i) pair_.insert(hash());
  while (pair_.index().line_count() < first_line_count * 5) {
    ASSERT_TRUE(pair_.grow());
    ASSERT_NO_FATAL_FAILURE(check());
  }
  while (pair_.shrink()) ASSERT_NO_FATAL_FAILURE(check());
  pair_.check();
  EXPECT_EQ(pair_.index().line_count(), first_line_count);
  EXPECT_EQ(pair_.lost_count(), 0U);
}

TEST_P(IndexTest, ResetGivesEverythingBackButTheFirstChunks) {
  const std::size_t chunk_count = memory_.taken_count();
  for (std::size_t i = 0; i < 20'000; ++i) {
    pair_.insert(hash());
    while (pair_.index().is_growth_due()) ASSERT_TRUE(pair_.grow());
  }
  EXPECT_GE(memory_.taken_count(), chunk_count);
  pair_.reset();
  EXPECT_EQ(memory_.taken_count(), chunk_count);
  EXPECT_EQ(memory_.taken_count(), pair_.index().chunk_count());
  pair_.check();
  for (std::size_t i = 0; i < 100; ++i) pair_.insert(hash());
  pair_.check();
}

TEST_P(IndexTest, RemovalPullsBackWhatHadBeenPushedOn) {
  // Never grown: lines overflow into one another all over, up to the point where slots have to go.
  const std::size_t slot_count = pair_.index().line_count() * slots_per_line;
  for (const std::size_t percent : {60U, 90U, 97U, 100U}) {
    while (pair_.size() < slot_count * percent / 100 && pair_.victim_count() < slot_count)
      pair_.insert(hash());
    for (std::size_t i = 0; i < std::min<std::size_t>(slot_count, 4000); ++i) {
      pair_.remove_any(random_());
      pair_.insert(hash());
      if (i % 1024 == 0) {
        ASSERT_NO_FATAL_FAILURE(pair_.check());
      }
    }
    ASSERT_NO_FATAL_FAILURE(pair_.check());
  }
  while (pair_.size() > 0) {
    pair_.remove_any(random_());
    if (pair_.size() % 4096 == 0) {
      ASSERT_NO_FATAL_FAILURE(pair_.check());
    }
  }
}

TEST(Index, AnIndexThatCannotGrowGivesSlotsUpAndStaysRight) {
  ChunkSource memory(4096, 2);
  Pair pair(memory, 1);
  std::mt19937_64 random(3);
  for (int i = 0; i < 5000; ++i) {
    pair.insert(random());
    if (pair.index().is_growth_due()) static_cast<void>(pair.grow());
    if (i % 100 == 0) {
      ASSERT_NO_FATAL_FAILURE(pair.check());
    }
  }
  EXPECT_EQ(memory.taken_count(), 2U);
  EXPECT_GT(pair.victim_count() + pair.lost_count(), 0U);
  EXPECT_GT(pair.size(), std::size_t{2} * 4096 / sizeof(Slot) * 95 / 100);
}

TEST(Index, WithoutMemoryItCannotBeMadeAndKeepsNone) {
  ChunkSource memory(64, 31);
  EXPECT_THROW(Index(memory, 0), std::bad_alloc);
  EXPECT_EQ(memory.taken_count(), 0U);
}

TEST(Index, ALookupComparesAtMostEightOfAnyNumberOfEqualHashes) {
  ChunkSource memory(4096, 100);
  Pair pair(memory, 2);
  std::mt19937_64 random(5);
  std::vector<std::uint64_t> others;
  others.reserve(500);
  for (int i = 0; i < 500; ++i) others.push_back(random());
  for (const std::uint64_t hash : others) pair.insert(hash);
  const std::uint64_t flood = 0x123456789ABCDEF0;
  for (int i = 0; i < 10'000; ++i) {
    pair.insert(flood);
    if (i % 100 == 0) {
      ASSERT_LE(pair.compared_count(flood), Index::same_tag_count_max);
    }
  }
  EXPECT_EQ(pair.count_of(flood), Index::same_tag_count_max);
  EXPECT_TRUE(pair.find(flood, pair.last_location()).has_value());  // the newest is there
  for (const std::uint64_t hash : others) EXPECT_TRUE(pair.has(hash));
  pair.check();
}

TEST(Index, AFloodOfOneGroupLeavesTheOthersAlone) {
  ChunkSource memory(4096, 100);
  Pair pair(memory, 4);
  std::mt19937_64 random(5);
  std::vector<std::uint64_t> others;
  others.reserve(2000);
  for (int i = 0; i < 2000; ++i) others.push_back(random());
  for (const std::uint64_t hash : others) pair.insert(hash);
  // All to one line of the first of 16 groups, with tags that differ.
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    const std::uint64_t hash = i % 1024 << 40;
    pair.insert(hash);
    ASSERT_LE(pair.compared_count(hash), Index::same_tag_count_max);
  }
  pair.check();
  EXPECT_LE(pair.size(), 2000U + Index::probe_count_max * slots_per_line);
  for (const std::uint64_t hash : others) EXPECT_TRUE(pair.has(hash) || hash >> 60 == 0);
}

TEST(Index, TheSlotThatHasToGoIsOneWithTheFewestUses) {
  ChunkSource memory(4096, 100);
  Index index(memory, 0);
  const std::uint64_t hash = 0xABCDEF0000000000;
  for (Location location = 1; location <= Index::same_tag_count_max; ++location) {
    const unsigned use_count = location == 5 ? 1 : 3;
    ASSERT_FALSE(index.insert(hash, make_slot(0, location, use_count, 0)).has_value());
  }
  const auto victim = index.insert(hash, make_slot(0, 99, 0, 0));
  ASSERT_TRUE(victim.has_value());
  EXPECT_EQ(location_of(*victim), 5U);
  EXPECT_EQ(index.size(), Index::same_tag_count_max);
}

}  // namespace
}  // namespace larder::cache::segment
