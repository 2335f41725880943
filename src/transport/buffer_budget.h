// transport/buffer_budget.h: what the buffers of all connections may take together.
//
//   0 ------------------------------------- 3/4 -------------- size_max ------
//         free: everybody is served          |      scarce       |    spent
//                                            |  who holds much,  |  everybody waits,
//                                            |  or was answered  |  until there is room
//                                            |  with much, waits |
//
// Each loop counts what its own connections hold, without a lock, and tells the others when that has changed
// by a grain. So a loop knows the sum to within a grain for each of the others, and a busy loop of small
// requests, whose buffers come and go, tells nobody anything. docs/design/0013-buffer-budget.md has the
// reasons.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace larder::transport {

/// Units      bytes
/// Ownership  outlives the loops that share it
/// Threads    any; each share its loop's alone
class BufferBudget final {
 public:
  enum class Level : std::uint8_t { free, scarce, spent };

  /// Much: what a connection holds, or is answered with in one go, from here on.
  static constexpr std::size_t large_size_min = std::size_t{64} << 10;
  /// A connection may be closed for what it holds from here on.
  static constexpr std::size_t closed_size_min = std::size_t{4} << 10;
  [[nodiscard]] static bool may_be_closed_for(std::size_t size) { return size >= closed_size_min; }
  /// With as much for each connection, room is scarce only if some hold more than closed_size_min.
  static constexpr std::size_t size_each_min = 2 * closed_size_min;

  /// What is owed to a connection is counted at once from here on, and not when its turn ends.
  static constexpr std::size_t counted_size_min = std::size_t{4} << 10;

  BufferBudget(std::size_t size_max, std::size_t share_count);

  class Share;
  [[nodiscard]] Share& share(std::size_t index);
  [[nodiscard]] std::size_t size_max() const { return size_max_; }

 private:
  std::size_t size_max_;
  std::size_t grain_size_;
  std::vector<Share> shares_;
};

/// What one loop's connections hold of it.
///
/// Invariant  size_known_ is less than a grain away from size_
class alignas(128) BufferBudget::Share final {
 public:
  /// One connection's buffers are of another size than before.
  void resize(std::size_t size_before, std::size_t size) {
    size_ += size - size_before;
    if (may_be_closed_for(size_before)) closable_.remove(size_before);
    if (may_be_closed_for(size)) closable_.add(size);
    const std::size_t known = size_known_.load(std::memory_order_relaxed);
    if ((size_ > known ? size_ - known : known - size_) >= budget_->grain_size_) publish();
  }
  /// Somebody of this loop waits for room, or nobody does.
  void set_waiting(bool is_waiting) { is_waiting_.store(is_waiting, std::memory_order_relaxed); }

  /// As it was at the last look(), or when what this loop holds changed last.
  [[nodiscard]] Level level() const { return level_; }
  /// Looks at what the other loops hold.
  void look();
  /// Of any loop.
  [[nodiscard]] bool anybody_waits() const;
  /// What those who may be closed hold in the mean, over all loops: somebody holds as much, and closing who
  /// holds much less would make little room.
  [[nodiscard]] std::size_t closed_size_mean() const;

 private:
  friend class BufferBudget;
  /// Connections that may be closed, and what they hold together.
  struct Closable {
    std::size_t count = 0;
    std::size_t size = 0;
    void add(std::size_t one) { ++count, size += one; }
    void remove(std::size_t one) { --count, size -= one; }
  };
  void publish();

  const BufferBudget* budget_ = nullptr;
  std::size_t size_ = 0;
  Level level_ = Level::free;
  Closable closable_;
  alignas(64) std::atomic<std::size_t> size_known_{0};  // to the others
  std::atomic<std::size_t> closable_count_known_{0};
  std::atomic<std::size_t> closable_size_known_{0};
  std::atomic<bool> is_waiting_{false};
};

}  // namespace larder::transport
