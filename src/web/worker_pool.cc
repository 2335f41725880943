#include "web/worker_pool.h"

#include <system_error>
#include <utility>

#include "base/assert.h"

namespace larder::web {

WorkerPool::WorkerPool(const WorkerPoolOptions& options) : options_(options) {
  LARDER_ASSERT(options_.clock != nullptr);
  threads_.reserve(options_.thread_count);
  try {
    for (std::size_t index = 0; index < options_.thread_count; ++index)
      threads_.emplace_back([this] { work(); });
  } catch (const std::system_error& error) {
    end();  // those that were started use this object
    throw std::system_error(error.code(), "cannot start the threads that call the cache");
  } catch (...) {
    end();
    throw;
  }
}

WorkerPool::~WorkerPool() { end(); }

void WorkerPool::stop() {
  {
    const std::lock_guard guard(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
}

void WorkerPool::end() {
  stop();
  for (std::thread& thread : threads_) thread.join();
}

bool WorkerPool::submit(std::size_t size, Task task) {
  {
    const std::lock_guard guard(mutex_);
    if (stopping_ || queue_.size() >= options_.queue_count_max) return false;
    if (!queue_.empty() && queue_size_ + size > options_.queue_size_max) return false;
    queue_.push_back({.size = size, .submitted_at = options_.clock->now().steady, .task = std::move(task)});
    queue_size_ += size;
  }
  changed_.notify_one();
  return true;
}

void WorkerPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    Entry entry = std::move(queue_.front());
    queue_.pop_front();
    queue_size_ -= entry.size;
    lock.unlock();
    entry.task(options_.clock->now().steady - entry.submitted_at);
    entry.task = nullptr;  // what it holds goes before the lock is taken
    lock.lock();
  }
}

}  // namespace larder::web
