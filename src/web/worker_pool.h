// web/worker_pool.h: a fixed number of threads for calls that block, behind a queue that is bounded.
//
//   loop --submit()--> [ queue: count and bytes bounded ] --> threads --> task(waited)
//
// When the cache hangs, every call takes its whole time limit, and whatever is queued behind would take a
// multiple of it. So a task is told how long it waited, and may do something quicker than what it was made
// for.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"

namespace larder::web {

struct WorkerPoolOptions {
  std::size_t thread_count = 8;
  std::size_t queue_count_max = 256;                   // tasks that wait; beyond: refused
  std::size_t queue_size_max = std::size_t{64} << 20;  // bytes that they hold, as their makers say
  const Clock* clock = nullptr;                        // outlives the pool
};

/// Threads that run tasks in the order in which they were submitted.
///
/// Units      sizes are bytes
/// Threads    submit() from any; tasks run on the pool's
/// Errors     submit() answers false when the queue is full. A task must not throw. The constructor throws
///            std::system_error, whose text says what was tried, when there are no threads to be had
/// Invariant  the queue is within both bounds; one task fits into an empty queue whatever its size
class WorkerPool final {
 public:
  using Task = std::move_only_function<void(Duration waited)>;

  explicit WorkerPool(const WorkerPoolOptions& options);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Waits for the tasks that run; those that still wait are destroyed without being run.
  ~WorkerPool();

  /// No task is begun after this, and none is taken any more. Any thread.
  void stop();

  /// False, and `task` is destroyed: there is no room for it now.
  [[nodiscard]] bool submit(std::size_t size, Task task);

 private:
  struct Entry {
    std::size_t size = 0;
    SteadyTime submitted_at;
    Task task;
  };

  void work();
  void end();

  const WorkerPoolOptions options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Entry> queue_;
  std::size_t queue_size_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace larder::web
