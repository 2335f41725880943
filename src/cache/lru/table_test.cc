// Lookups and ranges are right before, during and after a resize. Method: nodes with chosen hashes; after
// each single step every node is found, and a walk by ranges meets every node once, in ascending buckets.
#include "cache/lru/table.h"

#include <cstdint>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "base/hash.h"
#include "cache/lru/node.h"

namespace larder::cache {
namespace {

class TableTest : public testing::TestWithParam<unsigned> {
 protected:
  ~TableTest() override {
    for (Node* node : nodes_) Node::destroy(budget_, *node);
  }

  // Keys whose first bits are those of one shard.
  void add(int count) {
    for (int i = 0; i < count; ++i) {
      const std::string key = std::to_string(added_count_++);
      const std::uint64_t hash = hasher_(key) >> GetParam();
      Node* const node =
          Node::make(budget_, {.bytes = key, .hash = hash, .database = 0}, "v", no_deadline, 1);
      table_.insert(*node);
      nodes_.push_back(node);
    }
  }

  void remove(int count) {
    for (int i = 0; i < count; ++i) {
      table_.remove(*nodes_.back());
      Node::destroy(budget_, *nodes_.back());
      nodes_.pop_back();
    }
  }

  void expect_all_found() const {
    for (const Node* node : nodes_) {
      ASSERT_EQ(table_.find({.bytes = node->key(), .hash = node->hash(), .database = 0}), node);
      ASSERT_EQ(table_.find({.bytes = node->key(), .hash = node->hash(), .database = 1}), nullptr);
    }
    const std::uint64_t last_hash = ~std::uint64_t{0} >> GetParam();
    std::size_t met_count = 0;
    std::uint64_t hash = 0;
    for (;;) {
      const Table::Range range = table_.range_at(hash);
      ASSERT_LE(range.last_hash, last_hash);
      for (const Node* node = range.first; node != nullptr; node = node->chain_next) {
        ASSERT_GE(node->hash(), hash);
        ASSERT_LE(node->hash(), range.last_hash);
        ++met_count;
      }
      if (range.last_hash == last_hash) break;
      hash = range.last_hash + 1;
    }
    ASSERT_EQ(met_count, nodes_.size());
  }

  Hasher hasher_{hash_secret_from_seed(7)};
  MemoryBudget budget_{std::size_t{1} << 30, 0};
  Table table_{budget_, GetParam()};
  std::vector<Node*> nodes_;
  int added_count_ = 0;
};

INSTANTIATE_TEST_SUITE_P(ShardBits, TableTest, testing::Values(0U, 1U, 12U));

TEST_P(TableTest, FindsEveryNodeAtEachStepOfGrowing) {
  expect_all_found();
  add(16);
  EXPECT_FALSE(table_.is_resize_due());
  add(50);
  ASSERT_TRUE(table_.is_resize_due());
  ASSERT_TRUE(table_.is_growth_overdue());
  table_.start_resize();
  int step_count = 0;
  while (table_.is_resizing()) {
    table_.step();
    add(1);  // lands left and right of the front
    expect_all_found();
    ++step_count;
  }
  EXPECT_EQ(step_count, 4);  // 16 units, 4 a step
  EXPECT_EQ(table_.bucket_count(), 32U);
}

TEST_P(TableTest, FindsEveryNodeAtEachStepOfShrinking) {
  add(1000);
  while (table_.is_resize_due()) {
    table_.start_resize();
    while (table_.is_resizing()) table_.step();
  }
  EXPECT_EQ(table_.bucket_count(), 1024U);
  const std::size_t large_size = table_.memory_used();
  remove(900);
  ASSERT_TRUE(table_.is_resize_due());
  EXPECT_FALSE(table_.is_growth_overdue());
  table_.start_resize();
  while (table_.is_resizing()) {
    table_.step();
    if (nodes_.size() > 50) remove(1);
    expect_all_found();
  }
  EXPECT_EQ(table_.bucket_count(), 512U);
  EXPECT_LT(table_.memory_used(), large_size);
}

TEST_P(TableTest, ResetGivesTheArraysBack) {
  const std::size_t smallest_size = table_.memory_used();
  add(100);
  table_.start_resize();
  table_.step();
  ASSERT_TRUE(table_.is_resizing());
  remove(100);
  table_.reset();
  EXPECT_EQ(table_.memory_used(), smallest_size);
  EXPECT_EQ(budget_.used(), smallest_size);
  add(10);
  expect_all_found();
}

}  // namespace
}  // namespace larder::cache
