// What happens to an item at a queue's head, case by case, as the papers have it.
#include "cache/segment/queue_policy.h"

#include <gtest/gtest.h>

namespace larder::cache::segment {
namespace {

using enum Verdict::Action;

const QueuePolicy& named(std::string_view name) { return *find_queue_policy(name); }

TEST(QueuePolicy, IsFoundByItsName) {
  for (const QueuePolicy& policy : queue_policies) EXPECT_EQ(find_queue_policy(policy.name), &policy);
  EXPECT_EQ(find_queue_policy("lru"), nullptr);
  EXPECT_EQ(find_queue_policy(""), nullptr);
}

TEST(QueuePolicy, S3FifoMovesOnWhatWasUsedTwiceAndRemembersWhatLeaves) {
  const QueuePolicy& policy = named("s3fifo");
  for (const unsigned use_count : {0U, 1U}) {
    const Verdict verdict = judge(policy, QueueId::small, use_count, 0);
    EXPECT_EQ(verdict.action, leave);
    EXPECT_TRUE(verdict.leaves_mark);
  }
  for (const unsigned use_count : {2U, 3U}) {
    const Verdict verdict = judge(policy, QueueId::small, use_count, 0);
    EXPECT_EQ(verdict.action, move);
    EXPECT_EQ(verdict.queue, QueueId::main);
    EXPECT_EQ(verdict.use_count, 0U);
  }
}

TEST(QueuePolicy, TheMainQueueIsAClock) {
  const QueuePolicy& policy = named("s3fifo");
  const Verdict unused = judge(policy, QueueId::main, 0, 0);
  EXPECT_EQ(unused.action, leave);
  EXPECT_FALSE(unused.leaves_mark);
  for (unsigned use_count = 1; use_count <= use_count_max; ++use_count) {
    const Verdict verdict = judge(policy, QueueId::main, use_count, 2);
    EXPECT_EQ(verdict.action, move);
    EXPECT_EQ(verdict.queue, QueueId::main);
    EXPECT_EQ(verdict.use_count, use_count - 1);
    EXPECT_EQ(verdict.history, 2U);
  }
}

TEST(QueuePolicy, ATieMayStayOnce) {
  QueuePolicy policy = named("s3fifo");
  policy.tie = TieAction::stay;
  const Verdict first = judge(policy, QueueId::small, 1, 0);
  EXPECT_EQ(first.action, move);
  EXPECT_EQ(first.queue, QueueId::small);
  EXPECT_EQ(first.use_count, 0U);
  EXPECT_EQ(first.history, 1U);
  EXPECT_EQ(judge(policy, QueueId::small, 1, first.history).action, leave);
  EXPECT_EQ(judge(policy, QueueId::small, 0, 0).action, leave);
  EXPECT_EQ(judge(policy, QueueId::small, 2, 1).queue, QueueId::main);
}

TEST(QueuePolicy, TheGhostIsAskedOnlyWhereItMatters) {
  const auto never = [] {
    ADD_FAILURE() << "asked";
    return true;
  };
  EXPECT_EQ(entrance(named("fifo"), never), QueueId::main);
  EXPECT_EQ(entrance(named("clock"), never), QueueId::main);
  EXPECT_EQ(entrance(named("s3fifo"), [] { return true; }), QueueId::main);
  EXPECT_EQ(entrance(named("s3fifo"), [] { return false; }), QueueId::small);
  QueuePolicy policy = named("s3fifo");
  policy.ghost_hit = GhostAction::to_small;
  EXPECT_EQ(entrance(policy, never), QueueId::small);
}

TEST(QueuePolicy, TheQueueThatHasMoreThanItsShareIsNext) {
  const QueuePolicy& policy = named("s3fifo");
  EXPECT_EQ(next_to_evict(policy, 100, 900), QueueId::small);
  EXPECT_EQ(next_to_evict(policy, 99, 901), QueueId::main);
  EXPECT_EQ(next_to_evict(policy, 500, 500), QueueId::small);
  EXPECT_EQ(next_to_evict(policy, 0, 1), QueueId::main);
  const std::uint64_t tib = std::uint64_t{1} << 40;
  EXPECT_EQ(next_to_evict(policy, tib, 100 * tib), QueueId::main);
}

}  // namespace
}  // namespace larder::cache::segment
