#include "tools/replay/simulation.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <optional>
#include <span>
#include <system_error>
#include <thread>
#include <utility>

namespace larder::tools {
namespace {

using cache::policy::Policy;
using cache::policy::Request;

// Requests between two looks at the clock.
constexpr std::size_t chunk_count = 1U << 16;

std::vector<Request> requests_of(const Trace& trace) {
  std::vector<Request> requests;
  requests.reserve(trace.request_count());
  for (std::size_t i = 0; i < trace.request_count(); ++i) {
    requests.push_back({.id = trace.ids[i], .size = trace.has_sizes() ? trace.sizes[i] : 1});
  }
  return requests;
}

// All runs of one plan, and the threads' common ground.
class Simulation final {
 public:
  Simulation(const Trace& trace, const SimulationPlan& plan, const PolicyMaker& make)
      : requests_(requests_of(trace)),
        plan_(plan),
        make_(make),
        misses_(plan.policies.size(), std::vector<std::uint64_t>(plan.capacities.size())) {}

  // A thread's whole life. An exception (memory, most likely) is kept for whoever waits for the threads.
  void work(FunctionRef<void(std::uint64_t)> progress) noexcept {
    try {
      const std::size_t run_count = plan_.policies.size() * plan_.capacities.size();
      for (std::size_t run; !is_stopped_ && (run = next_run_++) < run_count;) {
        const Result<void> done =
            run_one(run / plan_.capacities.size(), run % plan_.capacities.size(), progress);
        if (!done) stop(done.error(), nullptr);
      }
    } catch (...) {
      stop(std::nullopt, std::current_exception());
    }
  }

  Result<std::vector<std::vector<std::uint64_t>>> result() {
    if (exception_ != nullptr) std::rethrow_exception(exception_);
    if (error_) return std::unexpected(*error_);
    return std::move(misses_);
  }

 private:
  Result<void> run_one(std::size_t policy_index, std::size_t capacity_index,
                       FunctionRef<void(std::uint64_t)> progress) {
    const Result<std::unique_ptr<Policy>> policy = make_(
        plan_.policies[policy_index], {.capacity = plan_.capacities[capacity_index], .future = requests_});
    if (!policy) return std::unexpected(policy.error());
    std::uint64_t miss_count = 0;
    for (std::span<const Request> left = requests_; !left.empty() && !is_stopped_;) {
      const auto chunk = left.first(std::min(chunk_count, left.size()));
      for (const Request& request : chunk) {
        if (!(*policy)->request(request)) ++miss_count;
      }
      left = left.subspan(chunk.size());
      progress(done_count_ += chunk.size());
    }
    misses_[policy_index][capacity_index] = miss_count;
    return {};
  }

  void stop(std::optional<Error> error, std::exception_ptr exception) {
    const std::lock_guard lock(mutex_);
    if (is_stopped_.exchange(true)) return;
    error_ = std::move(error);
    exception_ = std::move(exception);
  }

  const std::vector<Request> requests_;
  const SimulationPlan& plan_;
  const PolicyMaker& make_;
  std::vector<std::vector<std::uint64_t>> misses_;  // each element is written by one thread
  std::atomic<std::size_t> next_run_{0};
  std::atomic<std::uint64_t> done_count_{0};
  std::atomic<bool> is_stopped_{false};
  std::mutex mutex_;
  std::optional<Error> error_;
  std::exception_ptr exception_;
};

// False: the machine has no more threads for us. Those that there are will take longer.
bool start_thread(std::vector<std::thread>& threads, const std::function<void()>& work) {
  try {
    threads.emplace_back(work);
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

}  // namespace

Result<std::vector<std::vector<std::uint64_t>>> simulate(const Trace& trace, const SimulationPlan& plan,
                                                         const PolicyMaker& make,
                                                         FunctionRef<void(std::uint64_t)> progress) {
  Simulation simulation(trace, plan, make);
  std::vector<std::thread> threads;
  threads.reserve(plan.thread_count);
  const auto work = [&] { simulation.work(progress); };
  while (threads.size() + 1 < plan.thread_count && start_thread(threads, work)) {
  }
  simulation.work(progress);
  for (std::thread& thread : threads) thread.join();
  return simulation.result();
}

}  // namespace larder::tools
