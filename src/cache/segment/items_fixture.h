// cache/segment/items_fixture.h: what the tests of everything around Items share: a pool, one shard's items
// on it, and short words for what they do to them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/hash.h"
#include "cache/segment/extents.h"
#include "cache/segment/ghost.h"
#include "cache/segment/items.h"
#include "cache/segment/pool.h"
#include "cache/segment/queue_policy.h"
#include "cache/test_support.h"

namespace larder::cache::segment::test {

using namespace larder::cache::test;  // NOLINT(google-build-using-namespace): the words of these tests

/// Segments of 4 KiB, whatever the size.
[[nodiscard]] inline PoolShape small_segments(std::size_t memory_size_max) {
  PoolShape shape = PoolShape::of(memory_size_max, 1);
  shape.segment_size = 4 * kib;
  shape.segment_count = memory_size_max / shape.segment_size - 1;
  shape.index_chunk_count_max = shape.segment_count;
  return shape;
}

/// One shard's items on a pool of their own.
class ItemsFixture : public testing::Test {
 protected:
  explicit ItemsFixture(const PoolShape& shape = small_segments(mib)) : pool_(shape, 0) {}

  [[nodiscard]] ItemKey key_of(Bytes bytes, Database database = 0) const {
    return {.bytes = bytes, .hash = hasher_(bytes), .database = database};
  }
  [[nodiscard]] std::optional<Found> find(Bytes key, Database database = 0) const {
    return items_.find(key_of(key, database));
  }

  /// A new item at the end of a queue, if the pool has room.
  bool append(Bytes key, Bytes value, TimePoint deadline = no_deadline, QueueId queue = QueueId::main,
              unsigned use_count = 0, Database database = 0) {
    const RecordShape shape{
        .key_size = key.size(), .value_size = value.size(), .deadline = deadline, .database = database};
    if (!items_.has_room(queue, shape.size()) && !items_.open_segment(queue, false)) return false;
    items_.append(queue, shape, key_of(key, database), value, Large(), use_count, 0);
    items_.tend_index();
    return true;
  }

  bool append_large(Bytes key, Bytes value) {
    const RecordShape shape{.key_size = key.size(), .value_size = value.size(), .is_large = true};
    std::byte* const extent = large_values_.take(value.size(), key.size());
    if (extent == nullptr) return false;
    std::copy_n(reinterpret_cast<const std::byte*>(value.data()), value.size(), extent);
    std::copy_n(reinterpret_cast<const std::byte*>(key.data()), key.size(), extent + value.size());
    if (!items_.has_room(QueueId::main, shape.size()) && !items_.open_segment(QueueId::main, false)) {
      large_values_.give_back(extent);
      return false;
    }
    items_.append(QueueId::main, shape, key_of(key), value,
                  {.hash = hasher_(key),
                   .address = reinterpret_cast<std::uintptr_t>(extent),
                   .key_size = key.size(),
                   .value_size = value.size()},
                  0, 0);
    items_.tend_index();
    return true;
  }

  void drop(Bytes key, Database database = 0) {
    const auto found = find(key, database);
    ASSERT_TRUE(found.has_value());
    items_.drop(*found);
    items_.tend_index();
  }

  [[nodiscard]] std::string value_of(Bytes key, Database database = 0) const {
    const auto found = find(key, database);
    return found ? std::string(found->stored.value()) : "(absent)";
  }
  void set_uses(Bytes key, unsigned use_count) const {
    const auto found = find(key);
    ASSERT_TRUE(found.has_value());
    found->place.store(with_use_count(found->place.load(), use_count));
  }
  [[nodiscard]] QueueId queue_of(Bytes key) const { return items_.queue_of(find(key)->stored.location); }
  [[nodiscard]] SegmentId segment_of(Bytes key) const { return pool_.segment_of(find(key)->stored.location); }

  /// Live keys of a queue from its oldest record to its newest.
  [[nodiscard]] std::vector<std::string> keys_in(QueueId queue) const {
    std::vector<std::string> keys;
    for (SegmentId id = items_.queue(queue).oldest; id != 0; id = items_.info(id).newer) {
      std::uint32_t offset = 0;
      while (const auto stored = items_.record_at(id, offset)) {
        offset += static_cast<std::uint32_t>(stored->record.size);
        if (stored->record.is_item && items_.find_record(*stored)) keys.emplace_back(stored->key());
      }
    }
    return keys;
  }

  void check_books() const {
    const Books books{.item_count = items_.count(),
                      .memory_used = items_.memory_used(),
                      .deadline_count = items_.deadline_count()};
    ASSERT_EQ(books, items_.walk());
    ASSERT_EQ(pool_.used(), items_.memory_used());
  }

  [[nodiscard]] std::size_t log_size() const { return items_.segment_count() * pool_.shape().segment_size; }

  Hasher hasher_{hash_secret_from_seed(1)};
  Pool pool_;
  LargeValues large_values_{pool_, pool_.shape().memory_size_max};
  Items items_{pool_, large_values_, hasher_, 0};
};

/// Pages for a ghost, as many as a test says.
class GhostPagesInMemory final : public GhostMemory {
 public:
  explicit GhostPagesInMemory(std::size_t size_max) : region_(size_max), size_left_(size_max) {}
  [[nodiscard]] std::byte* data() const override { return region_.data(); }
  [[nodiscard]] std::size_t size_max() const override { return region_.size(); }
  [[nodiscard]] bool reserve(std::size_t size) override {
    if (size > size_left_) return false;
    size_left_ -= size;
    return true;
  }
  void give_back(std::size_t size) override {
    region_.forget(0, size);
    size_left_ += size;
  }
  [[nodiscard]] std::size_t size_left() const { return size_left_; }
  void set_size_left(std::size_t size) { size_left_ = size; }

 private:
  Region region_;
  std::size_t size_left_;
};

}  // namespace larder::cache::segment::test
