// The sum of everything never passes the limit, whoever asks. Method: random reservations, segments and large
// values, by one thread beside exact books and by several at once; the log's resident pages are counted.
#include "cache/segment/pool.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <gtest/gtest.h>
#include <random>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "cache/segment/large_values.h"
#include "cache/segment/region.h"
#include "cache/test_support.h"

namespace larder::cache::segment {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the words of these tests

// Takes and gives back at random, within its own books.
class Customer final {
 public:
  Customer(Pool& pool, LargeValues& large_values, std::uint64_t seed)
      : pool_(pool), large_values_(large_values), random_(seed) {}
  ~Customer() {
    while (!segments_.empty()) give_segment_back();
    while (!extents_.empty()) give_large_value_back();
    pool_.release(reserved_size_);
  }
  Customer(const Customer&) = delete;
  Customer& operator=(const Customer&) = delete;

  void act() {
    switch (random_() % 8) {
      case 0:
      case 1:
      case 2:
        take_segment();
        break;
      case 3:
        give_segment_back();
        break;
      case 4:
        take_large_value();
        break;
      case 5:
        give_large_value_back();
        break;
      case 6:
        if (const std::size_t size = random_() % 5000; pool_.reserve(size)) reserved_size_ += size;
        break;
      default:
        const std::size_t size = reserved_size_ == 0 ? 0 : random_() % reserved_size_;
        pool_.release(size);
        reserved_size_ -= size;
    }
  }

  [[nodiscard]] std::size_t used() const {
    std::size_t size = reserved_size_ + segments_.size() * pool_.segment_cost();
    for (const auto& [extent, extent_size] : extents_) size += LargeValues::footprint(extent_size);
    return size;
  }
  [[nodiscard]] int mistake_count() const { return mistake_count_; }

 private:
  // Every segment is filled with its number, so that two that hold the same would see it.
  void take_segment() {
    const SegmentId id = pool_.take_segment(random_() % 2 == 0);
    if (id == 0) return;
    std::byte* const bytes = pool_.bytes_at(pool_.start_of(id));
    for (std::size_t offset = 0; offset < pool_.shape().segment_size; offset += 64) {
      bytes[offset] = static_cast<std::byte>(random_() % 256);
    }
    segments_.push_back(id);
    bytes[0] = mark_of(id);
  }
  void give_segment_back() {
    if (segments_.empty()) return;
    std::swap(segments_[random_() % segments_.size()], segments_.back());
    const SegmentId id = segments_.back();
    if (pool_.bytes_at(pool_.start_of(id))[0] != mark_of(id)) ++mistake_count_;
    segments_.pop_back();
    pool_.give_back(id);
  }
  void take_large_value() {
    const std::size_t size = 1 + random_() % 50'000;
    std::byte* const extent = large_values_.take(size, 0);
    if (extent == nullptr) return;
    extent[0] = extent[size - 1] = std::byte{0x5A};
    extents_.emplace_back(extent, size);
  }
  void give_large_value_back() {
    if (extents_.empty()) return;
    const auto [extent, size] = extents_.back();
    if (extent[0] != std::byte{0x5A}) ++mistake_count_;
    extents_.pop_back();
    large_values_.give_back(extent);
  }
  [[nodiscard]] std::byte mark_of(SegmentId id) const {
    return static_cast<std::byte>(reinterpret_cast<std::uintptr_t>(this) / 64 + id);
  }

  Pool& pool_;
  LargeValues& large_values_;
  std::mt19937_64 random_;
  std::vector<SegmentId> segments_;
  std::vector<std::pair<std::byte*, std::size_t>> extents_;
  std::size_t reserved_size_ = 0;
  int mistake_count_ = 0;
};

TEST(Pool, UsedIsWhatWasTakenAndNeverMoreThanTheLimit) {
  const std::size_t limit = mib;
  Pool pool(PoolShape::of(limit, 1), 1000);
  LargeValues large_values(pool, limit);
  EXPECT_EQ(pool.used(), 1000U);
  EXPECT_EQ(pool.fixed_size(), 1000U);
  {
    Customer customer(pool, large_values, 1);
    for (int i = 0; i < 50'000; ++i) {
      customer.act();
      ASSERT_EQ(pool.used(), 1000 + customer.used());
      ASSERT_LE(pool.used() + pool.parked_size(), limit);
      if (i % 500 == 0) {
        ASSERT_LE(pool.resident_log_size(), limit);
      }
    }
    EXPECT_EQ(customer.mistake_count(), 0);
  }
  EXPECT_EQ(pool.used(), 1000U);
  EXPECT_EQ(large_values.count(), 0U);
}

TEST(Pool, SeveralThreadsTogetherStayWithinTheLimit) {
  const std::size_t limit = 2 * mib;
  Pool pool(PoolShape::of(limit, 4), 0);
  LargeValues large_values(pool, limit);
  constexpr int step_count = LARDER_TEST_SANITIZED ? 10'000 : 50'000;
  std::atomic<int> mistake_count{0};
  std::atomic<bool> done{false};
  std::thread watcher([&] {
    while (!done) {
      if (pool.used() > limit) ++mistake_count;
    }
  });
  std::vector<std::thread> threads;
  threads.reserve(3);
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    threads.emplace_back([&, seed] {
      Customer customer(pool, large_values, seed);
      for (int i = 0; i < step_count; ++i) customer.act();
      mistake_count += customer.mistake_count();
    });
  }
  for (std::thread& thread : threads) thread.join();
  done = true;
  watcher.join();
  EXPECT_EQ(mistake_count, 0);
  EXPECT_EQ(pool.used(), 0U);
  EXPECT_LE(pool.parked_size(), limit);
  EXPECT_LE(pool.resident_log_size(), limit);
}

TEST(Pool, NoSegmentIsHandedOutTwiceAndNumberZeroNever) {
  Pool pool(PoolShape::of(mib, 1), 0);
  std::set<SegmentId> taken;
  while (const SegmentId id = pool.take_segment(true)) ASSERT_TRUE(taken.insert(id).second);
  EXPECT_FALSE(taken.contains(0));
  EXPECT_GT(taken.size() * pool.segment_cost(), mib * 95 / 100);
  EXPECT_FALSE(pool.reserve(2 * pool.segment_cost()));
}

TEST(Pool, TheLastSegmentIsForThoseWhoMoveItems) {
  Pool pool(PoolShape::of(mib, 1), 0);
  while (pool.take_segment(false) != 0) {
  }
  EXPECT_EQ(pool.take_segment(false), 0U);
  EXPECT_NE(pool.take_segment(true), 0U);
  EXPECT_TRUE(pool.is_short(0));
  EXPECT_FALSE(pool.is_short(mib / 2)) << "much will be released soon";
}

TEST(Pool, ParkedSegmentsMakeRoomForWhateverNeedsIt) {
  const std::size_t limit = mib;
  Pool pool(PoolShape::of(limit, 1), 0);
  LargeValues large_values(pool, limit);
  std::vector<SegmentId> ids;
  while (const SegmentId id = pool.take_segment(true)) {
    ids.push_back(id);
    for (std::size_t offset = 0; offset < pool.shape().segment_size; offset += page_size) {
      pool.bytes_at(pool.start_of(id))[offset] = std::byte{1};
    }
  }
  for (const SegmentId id : ids) pool.give_back(id);
  EXPECT_EQ(pool.used(), 0U);
  EXPECT_EQ(pool.parked_size(), ids.size() * pool.segment_cost());
  EXPECT_GT(pool.resident_log_size(), limit * 9 / 10);
  std::byte* const extent = large_values.take(limit * 3 / 4, 0);
  ASSERT_NE(extent, nullptr);
  EXPECT_LE(pool.used() + pool.parked_size(), limit);
  EXPECT_LE(pool.resident_log_size(), limit / 4);
  large_values.give_back(extent);
}

TEST(Pool, APositionNeverComesTwice) {
  Pool pool(PoolShape::of(64 * kib, 1), 0);
  std::set<std::uint64_t> positions;
  for (int i = 0; i < 1000; ++i) {
    const SegmentId id = pool.take_segment(true);
    ASSERT_TRUE(positions.insert(pool.position_of(pool.start_of(id))).second);
    ASSERT_TRUE(positions.insert(pool.position_of(pool.start_of(id) + pool.shape().segment_size - 1)).second);
    pool.give_back(id);
  }
}

TEST(Pool, ALowerLimitTakesWhatIsFreeAndWaitsForTheRest) {
  Pool pool(PoolShape::of(4 * mib, 1, 16 * mib), 0);
  std::vector<SegmentId> taken;
  while (const SegmentId id = pool.take_segment(true)) taken.push_back(id);
  pool.set_target(mib);
  EXPECT_EQ(pool.target(), mib);
  EXPECT_TRUE(pool.is_short(0));
  EXPECT_FALSE(pool.lower_limit()) << "all of it is used";
  EXPECT_EQ(pool.take_segment(true), 0U);

  pool.give_back(taken.back());
  EXPECT_EQ(pool.take_segment(true), taken.back()) << "what the limit has not lost, another may take";
  const std::size_t spare_size = 3 * pool.shape().segment_size;
  while (pool.is_above_target()) {
    pool.give_back(taken.back());
    taken.pop_back();
    while (pool.lower_limit()) {
    }
    ASSERT_LE(pool.used() + pool.parked_size(), pool.limit()) << "other pages are gone";
    ASSERT_LE(pool.limit(), std::max(mib, pool.used() + spare_size));
  }
  EXPECT_GE(pool.used() + pool.segment_cost(), mib - pool.segment_cost()) << "and not much more than had to";
  EXPECT_EQ(pool.limit(), mib);
  EXPECT_FALSE(pool.is_above_target());
  EXPECT_FALSE(pool.lower_limit());
  for (const SegmentId id : taken) pool.give_back(id);
}

TEST(Pool, AHigherLimitHoldsAtOnceAsFarAsThereAreAddresses) {
  Pool pool(PoolShape::of(mib, 1, 4 * mib), 0);
  const auto count_segments = [&] {
    std::size_t count = 0;
    while (pool.take_segment(true) != 0) ++count;
    return count;
  };
  const std::size_t first_count = count_segments();
  pool.set_target(4 * mib);
  EXPECT_EQ(pool.limit(), 4 * mib);
  EXPECT_FALSE(pool.is_short(0));
  EXPECT_GE(first_count + count_segments(), 4 * first_count);
  EXPECT_LE(pool.used(), 4 * mib);
}

TEST(Pool, ParkedPagesGoBackAMegabyteAtATime) {
  Pool pool(PoolShape::of(16 * mib, 1), 0);
  std::vector<SegmentId> taken;
  while (const SegmentId id = pool.take_segment(true)) {
    std::memset(pool.bytes_at(pool.start_of(id)), 1, pool.shape().segment_size);
    taken.push_back(id);
  }
  for (const SegmentId id : taken) pool.give_back(id);
  pool.set_target(2 * mib);
  int step_count = 0;
  for (std::size_t parked = pool.parked_size(); pool.lower_limit(); parked = pool.parked_size()) {
    ++step_count;
    ASSERT_LE(parked - pool.parked_size(), mib + pool.segment_cost());
  }
  EXPECT_GE(step_count, 14);
  EXPECT_EQ(pool.limit(), 2 * mib);
  EXPECT_LE(pool.parked_size(), 2 * mib);
  EXPECT_LE(pool.resident_log_size(), 2 * mib);
}

TEST(Pool, AnyLocationSaysHowFarItMayBeRead) {
  const Pool pool(PoolShape::of(mib, 1), 0);
  const std::size_t size = pool.shape().segment_size;
  EXPECT_EQ(pool.readable_size(pool.start_of(3)), size);
  EXPECT_EQ(pool.readable_size(pool.start_of(3) + 1), size - 1);
  EXPECT_EQ(pool.readable_size(pool.start_of(4) - 1), 1U);
  EXPECT_EQ(pool.readable_size(Location{mib}), 0U);
  EXPECT_EQ(pool.readable_size((Location{1} << location_bit_count) - 1), 0U);
}

TEST(Pool, EveryShapeKeepsItsPromises) {
  for (std::size_t shard_count = 1; shard_count <= 4096; shard_count *= 2) {
    for (const std::size_t share : {64 * kib, 100'000UL, mib, 16 * mib, std::size_t{1} << 36}) {
      const PoolShape shape = PoolShape::of(share * shard_count, shard_count);
      ASSERT_GE(shape.segment_size, 4 * kib);
      ASSERT_LE(shape.segment_size, mib);
      ASSERT_LE((shape.segment_count + 1) * shape.segment_size, std::size_t{1} << location_bit_count);
      ASSERT_GE(shape.segment_count, shard_count * 15);
      const std::size_t log_share = std::min(share, (std::size_t{1} << location_bit_count) / shard_count);
      ASSERT_GE(shape.index_chunk_count_max * shape.segment_size, log_share / 2);
      ASSERT_EQ(shape.ghost_area_size % page_size, 0U);
      const PoolShape higher = PoolShape::of(share * shard_count, shard_count, 4 * share * shard_count);
      ASSERT_EQ(higher.segment_size, shape.segment_size);
      ASSERT_LE((higher.segment_count + 1) * shape.segment_size, std::size_t{1} << location_bit_count);
      const std::size_t higher_share =
          std::min(4 * share, (std::size_t{1} << location_bit_count) / shard_count);
      ASSERT_GE(higher.index_chunk_count_max * shape.segment_size, higher_share / 2);
      if (shard_count > 4) {
        ASSERT_EQ(higher.index_chunk_count_max, shape.index_chunk_count_max);
      }
    }
  }
}

}  // namespace
}  // namespace larder::cache::segment
