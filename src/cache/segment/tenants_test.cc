// Room is made in the shard whose next segment is the oldest, and nobody waits for a lock. Method: tenants
// that only count, their locks held by other threads or by bodies; then a real cache, whose every shard is
// locked by one body that needs room.
#include "cache/segment/tenants.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <gtest/gtest.h>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cache/backend.h"
#include "cache/test_support.h"

namespace larder::cache::segment {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the words of these tests

// A shard with a number of segments, each of ten records, handed out at stamps that rise.
class Counted final : public Tenant {
 public:
  Counted(std::uint64_t first_stamp, std::size_t segment_count)
      : stamp_(first_stamp), segments_left_(segment_count) {
    guarded_by(own_mutex_);
    publish(segment_count == 0 ? nothing : stamp_);
  }

  Progress give_way(std::size_t record_count_max, TimePoint /*now*/, Need /*need*/) override {
    if (segments_left_ == 0) return {};
    ++call_count;
    const std::size_t count = std::min(record_count_max, records_left_);
    records_left_ -= count;
    if (records_left_ > 0) return {.record_count = count, .has_freed_segment = false};
    records_left_ = 10;
    --segments_left_;
    stamp_ += 100;
    publish(segments_left_ == 0 ? nothing : stamp_);
    return {.record_count = count, .has_freed_segment = true};
  }

  std::mutex& lock() { return own_mutex_; }
  [[nodiscard]] std::size_t segments_left() const { return segments_left_; }
  std::size_t call_count = 0;

 private:
  std::mutex own_mutex_;
  std::uint64_t stamp_;
  std::size_t segments_left_;
  std::size_t records_left_ = 10;
};

// Holds a tenant's lock in another thread.
class Busy final {
 public:
  explicit Busy(Counted& tenant) {
    std::atomic<bool> is_held{false};
    thread_ = std::thread([&] {
      const std::lock_guard lock(tenant.lock());
      is_held = true;
      is_held.notify_one();
      done_.wait(false);
    });
    is_held.wait(false);
  }
  ~Busy() {
    done_ = true;
    done_.notify_one();
    thread_.join();
  }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  std::atomic<bool> done_{false};
  std::thread thread_;
};

class TenantsTest : public testing::Test {
 protected:
  TenantsTest() {
    for (Counted* tenant : {&asker_, &old_, &young_}) tenants_.join(*tenant);
  }
  Counted asker_{200, 3};
  Counted old_{100, 3};  // 100, 200, 300
  Counted young_{250, 3};
  Tenants tenants_;
};

TEST_F(TenantsTest, TheOldestSegmentGoesFirstAndIsEmptiedBeforeTheNextIsChosen) {
  for (int i = 0; i < 4; ++i) ASSERT_GT(tenants_.make_way(asker_, 3, at(0)).record_count, 0U);
  EXPECT_EQ(old_.segments_left(), 2U);
  EXPECT_EQ(old_.call_count, 4U);
  EXPECT_EQ(asker_.call_count + young_.call_count, 0U);
}

TEST_F(TenantsTest, ABusyShardIsPassedBy) {
  {
    const Busy busy(old_);
    ASSERT_GT(tenants_.make_way(asker_, 10, at(0)).record_count, 0U);
    EXPECT_EQ(old_.call_count, 0U);
    EXPECT_EQ(asker_.call_count, 1U);
    tenants_.help(asker_, 10, at(0));  // it is that one's turn, and help insists on nothing
    EXPECT_EQ(old_.call_count + young_.call_count, 0U);
  }
  ASSERT_GT(tenants_.make_way(asker_, 10, at(0)).record_count, 0U);
  EXPECT_EQ(old_.call_count, 1U);
}

TEST_F(TenantsTest, AnAskerWithNothingFindsAnybodyWhoIsNotBusy) {
  Counted empty(0, 0);
  tenants_.join(empty);
  const Busy busy(old_);
  const Busy other(asker_);
  ASSERT_GT(tenants_.make_way(empty, 10, at(0)).record_count, 0U);
  EXPECT_EQ(young_.call_count, 1U);
}

TEST_F(TenantsTest, WhenNothingIsLeftOrAllAreBusyTheAnswerIsNo) {
  int step_count = 0;
  while (tenants_.make_way(asker_, 10, at(0)).record_count > 0) ASSERT_LE(++step_count, 9);
  EXPECT_EQ(step_count, 9);
  EXPECT_EQ(asker_.segments_left() + old_.segments_left() + young_.segments_left(), 0U);

  Tenants others;
  Counted empty(0, 0);
  Counted full(1, 1);
  others.join(empty);
  others.join(full);
  {
    const Busy busy(full);
    EXPECT_EQ(others.make_way(empty, 10, at(0)).record_count, 0U);
  }
  EXPECT_GT(others.make_way(empty, 10, at(0)).record_count, 0U);
}

TEST_F(TenantsTest, WhatABodyHoldsIsOpenToItsOwnThreadAlone) {
  const std::lock_guard lock(old_.lock());
  old_.set_holder(true);
  EXPECT_TRUE(old_.is_held_by_this_thread());
  ASSERT_GT(tenants_.make_way(asker_, 10, at(0)).record_count, 0U);
  EXPECT_EQ(old_.call_count, 1U);
  std::thread([&] {
    EXPECT_FALSE(old_.is_held_by_this_thread());
    EXPECT_GT(tenants_.make_way(young_, 10, at(0)).record_count, 0U);
  }).join();
  EXPECT_EQ(old_.call_count, 1U);
  old_.set_holder(false);
}

TEST(TenantsOfACache, ABodyThatHoldsAllShardsCanStillMakeRoom) {
  constexpr std::size_t shard_count = 8;
  const auto cache = make("segment", options(shard_count * 64 * kib, 0, shard_count));
  std::vector<std::string> names;
  names.reserve(500);
  for (int i = 0; i < 500; ++i) names.push_back("body" + std::to_string(i));
  std::vector<Bytes> keys(names.begin(), names.end());  // in all shards, surely
  for (int i = 0; i < 20'000; ++i) put(*cache, std::to_string(i), std::string(100, 'v'));
  const std::string large(shard_count * 64 * kib / 2, 'x');
  cache->with_keys(keys, [&](KeyedCalls& locked) {
    for (const Bytes key : keys) {
      ASSERT_EQ(put(locked, key, std::string(2000, 'b')), StoreOutcome::stored);
    }
    ASSERT_EQ(put(locked, keys[0], large), StoreOutcome::stored);
    ASSERT_EQ(value_of(locked, keys[0]), large);
  });
  EXPECT_EQ(value_of(*cache, keys[0]), large);
  EXPECT_LE(cache->stats().memory_used, shard_count * 64 * kib);
}

}  // namespace
}  // namespace larder::cache::segment
