// transport/task_queue.h: the one door through which other threads reach a loop.
//
// A vector under a mutex, and an eventfd that the loop watches edge-triggered: each write to it is an edge,
// so its count is never read back, and only the first task after take() writes.
#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "transport/socket.h"

namespace larder::transport {

/// Tasks for one loop.
///
/// Ownership  shared by the loop and by every Waker, so that a Waker may outlive the loop
/// Threads    post() from any; the rest on the loop's
/// Errors     post() may throw std::bad_alloc; the task is then destroyed without being run
/// Invariant  tasks_ is empty once closed_
class TaskQueue final {
 public:
  using Task = std::move_only_function<void()>;

  /// `event` is an eventfd.
  explicit TaskQueue(Socket event) : event_(std::move(event)) {}

  /// Drops `task` if the queue is closed.
  void post(Task task);

  /// Fills `tasks`, which is empty, with what was posted so far, in order.
  void take(std::vector<Task>& tasks);

  /// Refuses tasks from now on, unless some are waiting. True: closed.
  bool close_if_empty();

  /// Refuses tasks from now on, and destroys those that wait.
  void close();

  [[nodiscard]] int descriptor() const { return event_.get(); }

 private:
  std::mutex mutex_;
  std::vector<Task> tasks_;
  bool closed_ = false;
  Socket event_;
};

}  // namespace larder::transport
