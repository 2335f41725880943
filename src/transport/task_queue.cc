#include "transport/task_queue.h"

#include <cstdint>
#include <unistd.h>
#include <utility>

namespace larder::transport {

void TaskQueue::post(Task task) {
  const std::lock_guard lock(mutex_);
  // A dropped task dies with the parameter, after the lock is gone: it may own anything.
  if (closed_) return;
  tasks_.push_back(std::move(task));
  if (tasks_.size() > 1) return;  // the loop has been told already
  const std::uint64_t one = 1;
  // Cannot fail short of 2^64 writes, and the edge would stand even then.
  static_cast<void>(!::write(event_.get(), &one, sizeof one));
}

void TaskQueue::take(std::vector<Task>& tasks) {
  const std::lock_guard lock(mutex_);
  tasks.swap(tasks_);
}

bool TaskQueue::close_if_empty() {
  const std::lock_guard lock(mutex_);
  closed_ = tasks_.empty();
  return closed_;
}

void TaskQueue::close() {
  std::vector<Task> dropped;
  const std::lock_guard lock(mutex_);
  closed_ = true;
  dropped.swap(tasks_);
}

}  // namespace larder::transport
