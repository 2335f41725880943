// server/workers.h: N threads, each with one event loop and one set of counters.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "insight/counters.h"
#include "transport/buffer_budget.h"
#include "transport/event_loop.h"
#include "transport/loop_choice.h"

namespace larder::server {

/// The workers. Loops and counters are there before start(), so that listeners and sessions can be tied to
/// them.
///
/// Ownership  owns loops, counters and threads
/// Threads    made, started and joined by one thread; shut_down() from any
/// Errors     make(): overloaded (no descriptor left); what a loop reports comes out of join()
/// Invariant  counters()[i] is written only on the thread of loops()[i]
class Workers final {
 public:
  /// `buffer_size_max`: bytes that the buffers of all connections may take together. `cores` has the core
  /// that each worker is bound to, or is empty: then the kernel moves them as it likes.
  [[nodiscard]] static Result<std::unique_ptr<Workers>> make(std::size_t count,
                                                             const transport::LoopChoice& loop_choice,
                                                             const transport::ConnectionLimits& limits,
                                                             std::size_t buffer_size_max, const Clock& clock,
                                                             std::vector<int> cores = {});
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  /// Shuts down without grace if nobody has, and joins.
  ~Workers();

  [[nodiscard]] std::span<const std::unique_ptr<transport::EventLoop>> loops() const { return loops_; }
  [[nodiscard]] std::span<insight::Counters> counters() { return counters_; }

  /// Starts the threads, each on its core. `on_finished` is called once, on the thread of the worker that
  /// ends last. If one fails, the others are shut down without grace.
  void start(std::function<void()> on_finished);

  void shut_down(Duration grace);

  /// Waits until all have ended. Errors: of the first that failed.
  [[nodiscard]] Result<void> join();

 private:
  class Observer;

  Workers(std::size_t count, std::size_t buffer_size_max, std::vector<int> cores);
  void run(std::size_t index);
  void fail(Error error);
  void join_threads();

  const std::vector<int> cores_;
  transport::BufferBudget buffer_budget_;
  std::vector<insight::Counters> counters_;
  std::vector<std::unique_ptr<Observer>> observers_;
  std::vector<std::unique_ptr<transport::EventLoop>> loops_;
  std::vector<std::thread> threads_;
  std::function<void()> on_finished_;
  std::atomic<std::size_t> running_count_{0};
  std::mutex failure_mutex_;
  Result<void> outcome_;  // guarded by failure_mutex_ until the threads are joined
};

}  // namespace larder::server
