// What every policy promises (policy.h). Method: each is run over seeded random traces, of one size and of
// many, at capacities from 1 upwards, and held to account after every request: a hit is what contains() said,
// what was missed is resident afterwards unless it is larger than the capacity, the capacity is never
// exceeded. Every few requests the books are compared with a walk. Then policies with planted mistakes must
// be caught: that tests the test.
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "cache/policy/policy.h"
#include "cache/policy/test_support.h"
#include "cache/policy/test_traces.h"

namespace larder::cache::policy {
namespace {

using Complaint = std::optional<std::string>;
using Trace = std::vector<Request>;

constexpr unsigned seed_count = 4;
constexpr std::size_t request_count = 4000;

// Phases of uneven popularity, loops and scans, as real traces have them. With `size_max` 1 all sizes are 1;
// else an id's size is anything from 0 to that.
Trace random_trace(unsigned seed, std::uint64_t size_max) {
  std::mt19937_64 random(seed);
  const auto below = [&](std::uint64_t bound) { return random() % bound; };
  std::unordered_map<std::uint64_t, std::uint64_t> sizes;
  Trace trace;
  std::uint64_t fresh = 1'000'000;
  while (trace.size() < request_count) {
    const std::uint64_t kind = below(3);
    const std::uint64_t loop_length = 1 + below(300);
    const std::uint64_t length = 50 + below(500);
    for (std::uint64_t index = 0; index < length; ++index) {
      const std::uint64_t popular = below(1 + below(1 + below(1000)));
      const std::uint64_t id = kind == 0 ? popular : kind == 1 ? index % loop_length : fresh++;
      const std::uint64_t size = size_max == 1 ? 1 : below(size_max + 1);
      trace.push_back({.id = id, .size = sizes.try_emplace(id, size).first->second});
    }
  }
  return trace;
}

// The books against a walk.
Complaint audit(const Policy& policy, const std::unordered_map<std::uint64_t, std::uint64_t>& asked_for) {
  std::uint64_t size = 0;
  std::unordered_set<std::uint64_t> ids;
  Complaint complaint;
  policy.walk([&](const Request& entry) {
    size += entry.size;
    const auto found = asked_for.find(entry.id);
    if (!ids.insert(entry.id).second) complaint = "one object is shown twice";
    if (!policy.contains(entry.id)) complaint = "what is shown is not contained";
    if (found == asked_for.end()) {
      complaint = "what is shown was never asked for";
    } else if (found->second != entry.size) {
      complaint = "an object has changed its size";
    }
  });
  if (size != policy.resident_size()) complaint = "resident_size() is not what a walk finds";
  if (ids.size() != policy.resident_count()) complaint = "resident_count() is not what a walk finds";
  for (const auto& [id, unused] : asked_for) {
    if (policy.contains(id) != ids.contains(id)) complaint = "what is contained is not shown";
  }
  return complaint;
}

// The first broken promise; nullopt if there is none.
Complaint hold_to_account(Policy& policy, std::uint64_t capacity, const Trace& trace) {
  std::unordered_map<std::uint64_t, std::uint64_t> asked_for;
  std::size_t index = 0;
  for (const Request& request : trace) {
    const bool expected = policy.contains(request.id);
    const std::size_t count_before = policy.resident_count();
    const std::uint64_t size_before = policy.resident_size();
    if (policy.request(request) != expected) return "a hit is not what contains() said";
    if (expected && !asked_for.contains(request.id)) return "a hit on what was never asked for";
    asked_for.emplace(request.id, request.size);
    const bool fits = request.size <= capacity;
    if (policy.contains(request.id) != fits)
      return fits ? "not resident after a request" : "too large, but admitted";
    if (!fits && (policy.resident_count() != count_before || policy.resident_size() != size_before)) {
      return "an object that is too large changed what is resident";
    }
    if (policy.resident_size() > capacity) return "the capacity was exceeded";
    if (++index % 97 != 0) continue;
    if (Complaint complaint = audit(policy, asked_for)) return complaint;
  }
  return audit(policy, asked_for);
}

class EveryPolicy : public testing::TestWithParam<std::string_view> {};

TEST_P(EveryPolicy, KeepsItsPromisesWithOneSize) {
  for (unsigned seed = 1; seed <= seed_count; ++seed) {
    const Trace trace = random_trace(seed, 1);
    for (const std::uint64_t capacity : {1U, 2U, 3U, 7U, 50U, 333U, 100'000U}) {
      const auto policy = test::make(GetParam(), capacity, trace);
      EXPECT_EQ(hold_to_account(*policy, capacity, trace), Complaint())
          << "seed " << seed << ", " << capacity;
    }
  }
}

TEST_P(EveryPolicy, KeepsItsPromisesWithManySizes) {
  for (unsigned seed = 1; seed <= seed_count; ++seed) {
    const Trace trace = random_trace(seed, 500);
    for (const std::uint64_t capacity : {1U, 100U, 499U, 500U, 5'000U, 50'000U, 10'000'000U}) {
      const auto policy = test::make(GetParam(), capacity, trace);
      EXPECT_EQ(hold_to_account(*policy, capacity, trace), Complaint())
          << "seed " << seed << ", " << capacity;
    }
  }
}

TEST_P(EveryPolicy, MissesEachObjectOnceIfAllFit) {
  const Trace trace = random_trace(1, 500);
  std::unordered_map<std::uint64_t, std::uint64_t> sizes;
  std::uint64_t total = 0;
  for (const Request& request : trace) {
    if (sizes.emplace(request.id, request.size).second) total += request.size;
  }
  const auto policy = test::make(GetParam(), total, trace);
  EXPECT_EQ(test::count_misses(*policy, trace), sizes.size());
  EXPECT_EQ(policy->resident_size(), total);
  EXPECT_EQ(policy->resident_count(), sizes.size());
}

TEST_P(EveryPolicy, DecidesAlikeWhenItIsAskedAlike) {
  const Trace trace = random_trace(1, 500);
  const auto first = test::make(GetParam(), 5'000, trace);
  const auto second = test::make(GetParam(), 5'000, trace);
  for (const Request& request : trace) ASSERT_EQ(first->request(request), second->request(request));
}

TEST_P(EveryPolicy, KeepsTheSizeThatAnObjectWasAdmittedWith) {
  const Trace trace{
      {.id = 1, .size = 10}, {.id = 1, .size = 99}, {.id = 2, .size = 90}, {.id = 1, .size = 5}};
  const auto policy = test::make(GetParam(), 100, trace);
  EXPECT_EQ(test::count_misses(*policy, trace), 2U);
  EXPECT_EQ(policy->resident_size(), 100U);
}

TEST_P(EveryPolicy, MissesNoLessThanBeladyOnRandomTraces) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    const Trace trace = random_trace(seed, 1);
    for (const std::uint64_t capacity : {1U, 2U, 3U, 10U, 50U, 333U}) {
      const auto policy = test::make(GetParam(), capacity, trace);
      const auto belady = test::make("belady", capacity, trace);
      EXPECT_GE(test::count_misses(*policy, trace), test::count_misses(*belady, trace))
          << "seed " << seed << ", " << capacity;
    }
  }
}

TEST_P(EveryPolicy, MissesNoLessThanBeladyOnRealTraces) {
  for (const std::string_view name : test::trace_names) {
    const Trace trace = test::read_trace(name).value();
    const std::uint64_t capacity = test::capacity_for(trace, 0.1);
    const auto policy = test::make(GetParam(), capacity, trace);
    const auto belady = test::make("belady", capacity, trace);
    EXPECT_GE(test::count_misses(*policy, trace), test::count_misses(*belady, trace)) << name;
  }
}

std::string test_name(const testing::TestParamInfo<std::string_view>& tested) {
  std::string name(tested.param);
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, EveryPolicy, testing::ValuesIn(policy_names().begin(), policy_names().end()),
                         test_name);

// ---- Planted mistakes. Each is one that a policy could make; every one must be caught.

class Wrong : public Policy {
 public:
  explicit Wrong(std::uint64_t capacity) : policy_(test::make("lru", capacity, {})) {}
  bool request(const Request& request) override { return policy_->request(request); }
  [[nodiscard]] bool contains(std::uint64_t id) const override { return policy_->contains(id); }
  [[nodiscard]] std::uint64_t resident_size() const override { return policy_->resident_size(); }
  [[nodiscard]] std::size_t resident_count() const override { return policy_->resident_count(); }
  void walk(Visitor show) const override { policy_->walk(show); }

 protected:
  std::unique_ptr<Policy> policy_;
};

class TakesALittleMoreThanItsCapacity : public Wrong {
 public:
  explicit TakesALittleMoreThanItsCapacity(std::uint64_t capacity) : Wrong(capacity + 1) {}
};

class AdmitsNothingLarge : public Wrong {
 public:
  using Wrong::Wrong;
  bool request(const Request& request) override { return request.size < 90 && Wrong::request(request); }
};

class CountsAMissAsAHit : public Wrong {
 public:
  using Wrong::Wrong;
  bool request(const Request& request) override { return Wrong::request(request) || request.id % 64 == 63; }
};

class MiscountsObjects : public Wrong {
 public:
  using Wrong::Wrong;
  [[nodiscard]] std::size_t resident_count() const override {
    return Wrong::resident_count() + (Wrong::resident_count() == 7 ? 1 : 0);
  }
};

class MiscountsSizes : public Wrong {
 public:
  using Wrong::Wrong;
  [[nodiscard]] std::uint64_t resident_size() const override { return Wrong::resident_size() / 2 * 2; }
};

class WalksPastAnObject : public Wrong {
 public:
  using Wrong::Wrong;
  void walk(Visitor show) const override {
    bool is_first = true;
    Wrong::walk([&](const Request& entry) {
      if (!is_first) show(entry);
      is_first = false;
    });
  }
};

class TakesGhostsForResidents : public Wrong {
 public:
  using Wrong::Wrong;
  bool request(const Request& request) override {
    last_ = request.id;
    return Wrong::request(request);
  }
  [[nodiscard]] bool contains(std::uint64_t id) const override {
    return id + 1 == last_ || Wrong::contains(id);
  }

 private:
  std::uint64_t last_ = 0;
};

template <class W>
Complaint verdict(std::uint64_t size_max) {
  W policy(100);
  return hold_to_account(policy, 100, random_trace(1, size_max));
}

TEST(PolicyConformance, CatchesPlantedMistakes) {
  EXPECT_EQ(verdict<Wrong>(1), Complaint());
  EXPECT_EQ(verdict<Wrong>(120), Complaint());
  EXPECT_NE(verdict<TakesALittleMoreThanItsCapacity>(1), Complaint());
  EXPECT_NE(verdict<AdmitsNothingLarge>(100), Complaint());
  EXPECT_NE(verdict<CountsAMissAsAHit>(1), Complaint());
  EXPECT_NE(verdict<MiscountsObjects>(30), Complaint());
  EXPECT_NE(verdict<MiscountsSizes>(30), Complaint());
  EXPECT_NE(verdict<WalksPastAnObject>(1), Complaint());
  EXPECT_NE(verdict<TakesGhostsForResidents>(1), Complaint());
}

}  // namespace
}  // namespace larder::cache::policy
