// cache/segment/queue_policy.h: which item leaves, as a handful of parameters.
//
//   new items --> [ small queue ] --hits--> [ main queue ] --> gone
//                       |                       ^   |
//                       v                       |   +-- used since: again to the end, count lowered
//                  gone, a mark in the ghost ---+
//                                   (came back soon)
//
// Both queues are logs, so a policy cannot move an item when it is used; it can only decide what happens when
// the item comes to a queue's head. What can be decided there is this struct, and a policy is a set of values
// for it: S3-FIFO with both queues, CLOCK and FIFO with the main queue alone. A policy that tries other
// values while it runs needs to know nothing else.
//
// Sources: S3-FIFO: Yang et al., SOSP 2023. CLOCK: Corbato, "A paging experiment with the Multics system",
// 1968.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "cache/segment/slot.h"

namespace larder::cache::segment {

enum class QueueId : std::uint8_t { small, main };
inline constexpr std::size_t queue_count = 2;

/// What becomes of an item at the small queue's head that has exactly one hit fewer than it needs to move on.
enum class TieAction : std::uint8_t {
  leave,
  stay,  // once more through the small queue, the first time
};

/// Where an item goes whose key is in the ghost.
enum class GhostAction : std::uint8_t { to_main, to_small };

struct QueuePolicy {
  std::string_view name;
  unsigned small_percent = 0;    // the small queue's share of the live bytes; 0: everything enters main
  unsigned hits_to_move_on = 2;  // from the small queue's head to main
  TieAction tie = TieAction::leave;
  GhostAction ghost_hit = GhostAction::to_main;
  unsigned use_count_max = use_count_max_of_slots;  // hits beyond are not counted; 0: none are

  static constexpr unsigned use_count_max_of_slots = segment::use_count_max;
};

/// Who wants room, and with that how far the policy goes.
enum class Need : std::uint8_t {
  soon,         // nobody yet: what is still being written to is left alone
  now,          // a caller waits for it
  at_any_cost,  // and has waited for long: what is live leaves, however often it was used
};

/// What to do with the item at a queue's head.
struct Verdict {
  enum class Action : std::uint8_t { leave, move } action = Action::leave;
  bool leaves_mark = false;       // with leave: in the ghost
  QueueId queue = QueueId::main;  // with move: to its end, with these
  unsigned use_count = 0;
  unsigned history = 0;
};

[[nodiscard]] constexpr Verdict judge(const QueuePolicy& policy, QueueId queue, unsigned use_count,
                                      unsigned history) {
  using enum Verdict::Action;
  if (queue == QueueId::main) {
    if (use_count == 0) return {.action = leave, .leaves_mark = false, .queue = queue};
    return {.action = move, .queue = QueueId::main, .use_count = use_count - 1, .history = history};
  }
  if (use_count >= policy.hits_to_move_on) {
    return {.action = move, .queue = QueueId::main, .use_count = 0, .history = 0};
  }
  const bool is_tie = use_count + 1 == policy.hits_to_move_on && use_count > 0;
  if (is_tie && policy.tie == TieAction::stay && history == 0) {
    return {.action = move, .queue = QueueId::small, .use_count = 0, .history = 1};
  }
  return {.action = leave, .leaves_mark = true, .queue = queue};
}

/// Where a new item goes. `was_in_ghost` is asked only if it matters.
template <class WasInGhost>
[[nodiscard]] QueueId entrance(const QueuePolicy& policy, WasInGhost was_in_ghost) {
  if (policy.small_percent == 0) return QueueId::main;
  return policy.ghost_hit == GhostAction::to_main && was_in_ghost() ? QueueId::main : QueueId::small;
}

/// Whose head is next, by the live bytes in each: main's when it has more than its share.
[[nodiscard]] constexpr QueueId next_to_evict(const QueuePolicy& policy, std::uint64_t small_size,
                                              std::uint64_t main_size) {
  const std::uint64_t main_percent = 100 - policy.small_percent;
  return main_size * 100 > main_percent * (small_size + main_size) ? QueueId::main : QueueId::small;
}

inline constexpr std::array queue_policies{
    QueuePolicy{.name = "s3fifo", .small_percent = 10},
    QueuePolicy{.name = "fifo", .use_count_max = 0},
    QueuePolicy{.name = "clock", .use_count_max = 1},
};

[[nodiscard]] constexpr const QueuePolicy* find_queue_policy(std::string_view name) {
  for (const QueuePolicy& policy : queue_policies) {
    if (policy.name == name) return &policy;
  }
  return nullptr;
}

}  // namespace larder::cache::segment
