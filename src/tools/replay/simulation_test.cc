// Every policy meets every size with all requests, whatever the number of threads. Method: policies of the
// test's own whose misses are known beforehand, and makers that fail.
#include "tools/replay/simulation.h"

#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <new>
#include <set>

namespace larder::tools {
namespace {

using cache::policy::Policy;
using cache::policy::PolicyOptions;
using cache::policy::Request;
using testing::ElementsAre;

// Keeps what comes first, for ever, until the sizes add up to the capacity.
class FirstComers final : public Policy {
 public:
  explicit FirstComers(std::uint64_t capacity) : capacity_(capacity) {}

  bool request(const Request& request) override {
    if (ids_.contains(request.id)) return true;
    if (size_ + request.size <= capacity_) {
      size_ += request.size;
      ids_.insert(request.id);
    }
    return false;
  }
  [[nodiscard]] bool contains(std::uint64_t id) const override { return ids_.contains(id); }
  [[nodiscard]] std::uint64_t resident_size() const override { return size_; }
  [[nodiscard]] std::size_t resident_count() const override { return ids_.size(); }
  void walk(Visitor show) const override {
    for (const std::uint64_t id : ids_) show({.id = id, .size = 1});
  }

 private:
  std::uint64_t capacity_;
  std::uint64_t size_ = 0;
  std::set<std::uint64_t> ids_;
};

Result<std::unique_ptr<Policy>> make(std::string_view name, const PolicyOptions& options) {
  if (name == "none") return failure(ErrorKind::unsupported, "no such policy");
  if (name == "greedy") throw std::bad_alloc();
  return std::make_unique<FirstComers>(name == "half" ? options.capacity / 2 : options.capacity);
}

constexpr auto ignore = [](std::uint64_t) {};

TEST(Simulation, CountsTheMissesOfEveryPolicyAtEverySize) {
  const Trace trace{.ids = {1, 2, 3, 4, 1, 2, 3, 4}, .sizes = {}};
  for (const std::size_t thread_count : {1U, 2U, 9U}) {
    const auto misses = simulate(
        trace, {.policies = {"whole", "half"}, .capacities = {2, 4, 6}, .thread_count = thread_count}, make,
        ignore);
    ASSERT_TRUE(misses) << misses.error().message;
    EXPECT_THAT(*misses, ElementsAre(ElementsAre(6, 4, 4), ElementsAre(7, 6, 5)));
  }
}

TEST(Simulation, HandsOnSizes) {
  const Trace trace{.ids = {1, 2, 3, 1, 2, 3}, .sizes = {10, 1, 1, 10, 1, 1}};
  const auto misses = simulate(trace, {.policies = {"whole"}, .capacities = {12, 11, 10}}, make, ignore);
  ASSERT_TRUE(misses) << misses.error().message;
  EXPECT_THAT(*misses, ElementsAre(ElementsAre(3, 4, 5)));
}

TEST(Simulation, ShowsAPolicyTheWholeFuture) {
  const Trace trace{.ids = {7, 8, 7}, .sizes = {}};
  std::vector<std::uint64_t> future;
  const auto look = [&](std::string_view, const PolicyOptions& options) {
    for (const Request& request : options.future) future.push_back(request.id * 10 + request.size);
    return make("whole", options);
  };
  ASSERT_TRUE(simulate(trace, {.policies = {"whole"}, .capacities = {1}}, look, ignore));
  EXPECT_THAT(future, ElementsAre(71, 81, 71));
}

TEST(Simulation, TellsHowManyRequestsAllRunsAreThrough) {
  Trace trace;
  trace.ids.assign(100'000, 1);
  std::atomic<std::uint64_t> last{0};
  const auto misses = simulate(trace, {.policies = {"a", "b"}, .capacities = {1, 2}, .thread_count = 2}, make,
                               [&](std::uint64_t done) {
                                 std::uint64_t seen = last;
                                 while (seen < done && !last.compare_exchange_weak(seen, done)) {
                                 }
                               });
  ASSERT_TRUE(misses);
  EXPECT_EQ(last, 400'000U);
}

TEST(Simulation, EndsWithTheErrorOfAMaker) {
  const Trace trace{.ids = {1, 2}, .sizes = {}};
  const SimulationPlan plan{.policies = {"whole", "none"}, .capacities = {1, 2, 3}, .thread_count = 2};
  const auto misses = simulate(trace, plan, make, ignore);
  ASSERT_FALSE(misses);
  EXPECT_EQ(misses.error().message, "no such policy");
  const SimulationPlan greedy{.policies = {"greedy"}, .capacities = {1}, .thread_count = 2};
  EXPECT_THROW(EXPECT_TRUE(simulate(trace, greedy, make, ignore)), std::bad_alloc);
}

}  // namespace
}  // namespace larder::tools
