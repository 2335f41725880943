// slowest_set: the slowest single store while a cache is written far beyond its limit.
//
// An average hides what one caller waits when a table grows or a run of items has to leave. Every set() is
// timed by itself. On a shared machine the slowest call is often not the cache's doing, so three things are
// measured beside it:
//
//   - the same loop with nothing in it, on the same core, in turns with the stores and for as long: its
//   slowest turns are the machine's own pauses;
//   - for every call over 100 microseconds, whether the thread was off its core meanwhile: involuntary
//   context switches, and wall time that was not the thread's processor time (which leaves out time stolen by
//   a hypervisor where the kernel is told of it). They are read every 64 calls and after each slow one, so
//   that what happened elsewhere is hardly ever blamed on a slow call.
//
//   - the whole run is repeated with the same keys and the same secret, so that the cache does the same work
//   at the same call each time: a call that is slow in each round is slow by what it does, and a pause of the
//   machine falls somewhere else the next time.
//
// A page that the kernel has to clear first, on the other hand, is the cache's own work.
#include <algorithm>
#include <bit>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <sys/resource.h>
#include <utility>
#include <vector>

#include "arguments.h"
#include "harness.h"
#include "keys.h"

namespace larder::bench {
namespace {

constexpr std::int64_t us = 1000;
constexpr std::int64_t ms = 1000 * us;

// A call that took longer is looked at.
constexpr std::int64_t slow_ns = 100 * us;
constexpr std::size_t slowest_shown = 10;
constexpr std::size_t longest_on_core_shown = 5;

// Stores and idle turns take turns in this many slices.
constexpr std::uint64_t slice_count = 20;

struct Options {
  std::uint64_t items = 20'000'000;
  std::uint64_t memory = std::uint64_t{2} << 30;
  std::uint64_t value_size = 100;
  std::uint64_t shards = 0;
  std::uint64_t rounds = 3;
};

// Counts of durations, each within 2 % of its bucket's bound; the maximum is exact.
class Histogram final {
 public:
  void add(std::int64_t duration_ns) {
    const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(duration_ns, 0));
    ++counts_[bucket_of(value)];
    ++count_;
    max_ = std::max(max_, value);
  }

  [[nodiscard]] std::uint64_t max() const { return max_; }
  [[nodiscard]] std::uint64_t count() const { return count_; }

  // What this share of the calls did not pass.
  [[nodiscard]] std::uint64_t quantile(double share) const {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      seen += counts_[bucket];
      if (seen > wanted) return std::min(upper_bound_of(bucket), max_);
    }
    return max_;
  }

  [[nodiscard]] std::uint64_t count_from(std::int64_t duration_ns) const {
    std::uint64_t count = 0;
    for (std::size_t bucket = bucket_of(static_cast<std::uint64_t>(duration_ns)); bucket < counts_.size();
         ++bucket) {
      count += counts_[bucket];
    }
    return count;
  }

 private:
  static constexpr unsigned step_bits = 6;  // steps to each power of two
  static constexpr std::uint64_t steps = std::uint64_t{1} << step_bits;

  static std::size_t bucket_of(std::uint64_t value) {
    if (value < steps) return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - step_bits - 1;
    return (shift << step_bits) + (value >> shift);
  }

  static std::uint64_t upper_bound_of(std::size_t bucket) {
    if (bucket < 2 * steps) return bucket;
    const std::size_t shift = (bucket >> step_bits) - 1;
    return (((bucket & (steps - 1)) + steps + 1) << shift) - 1;
  }

  std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>((64 - step_bits + 1) << step_bits);
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

// What the thread has used of the machine so far.
struct Usage {
  std::int64_t wall_ns = 0;
  std::int64_t processor_ns = 0;
  std::int64_t switches = 0;  // involuntary
  std::int64_t page_faults = 0;

  static Usage now() {
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    return {.wall_ns = clock_ns(),
            .processor_ns = bench::processor_ns(),
            .switches = usage.ru_nivcsw,
            .page_faults = usage.ru_minflt + usage.ru_majflt};
  }
};

struct SlowCall {
  std::uint64_t index = 0;
  std::int64_t took_ns = 0;
  std::int64_t off_core_ns = 0;
  std::int64_t switches = 0;
  std::int64_t page_faults = 0;
  std::uint64_t evictions = 0;  // since the run began

  [[nodiscard]] std::int64_t on_core_ns() const { return took_ns - off_core_ns; }

  // A tenth of the call spent elsewhere is more than the two clocks differ by.
  [[nodiscard]] bool is_interrupted() const { return switches > 0 || off_core_ns > took_ns / 10; }
};

class Run final {
 public:
  Run(const Options& options, const std::string& backend)
      : options_(options),
        cache_(make_cache(backend, options.memory, options.shards)),
        value_(value_of_size(options.value_size)) {}

  void run() {
    const std::uint64_t slice = std::max<std::uint64_t>(options_.items / slice_count / block_size, 1);
    last_ = Usage::now();
    while (calls_.count() < options_.items) {
      const std::int64_t started = clock_ns();
      for (std::uint64_t block = 0; block < slice && calls_.count() < options_.items; ++block) store_block();
      const std::int64_t took = clock_ns() - started;
      storing_ns_ += took;
      idle_for(took);
      last_ = Usage::now();
    }
    if (cache_->stats().refused > 0) fail("a value was refused");
  }

  [[nodiscard]] const std::vector<SlowCall>& slow_calls() const { return slow_calls_; }

  void print(const std::string& backend) {
    const cache::CacheStats stats = cache_->stats();
    std::printf("%s: %zu items written in %.1f s, %zu evicted, %zu held\n", backend.c_str(),
                static_cast<std::size_t>(calls_.count()), static_cast<double>(storing_ns_) / 1e9,
                static_cast<std::size_t>(stats.evictions), static_cast<std::size_t>(stats.items));
    std::printf("  %-22s %9s %9s %9s %9s   %10s %8s %7s %7s %7s\n", "microseconds", "p50", "p99", "p99.9",
                "p99.99", "max", ">=10 us", ">=100", ">=1 ms", ">=10 ms");
    print_histogram("set", calls_);
    print_histogram("nothing, as long", idle_);
    std::printf("  slowest set: not interrupted %.1f us, the time on the core alone %.1f us  (under 1000)\n",
                static_cast<double>(undisturbed_max_ns_) / 1e3, static_cast<double>(on_core_max_ns_) / 1e3);
    print_slowest();
    std::printf("\n");
  }

 private:
  void store_block() {
    block_.refill([this] { return next_id_++; });
    for (const Bytes key : block_.keys()) {
      const std::int64_t started = clock_ns();
      cache_->set(0, key, value_, cache::Expiry::none(), cache::Condition::always(), now);
      const std::int64_t took = clock_ns() - started;
      calls_.add(took);
      if (took < slow_ns) {
        undisturbed_max_ns_ = std::max(undisturbed_max_ns_, took);
        on_core_max_ns_ = std::max(on_core_max_ns_, took);
      } else {
        look_at(took);
      }
    }
    last_ = Usage::now();
  }

  void look_at(std::int64_t took) {
    const Usage usage = Usage::now();
    const std::int64_t off_core = (usage.wall_ns - last_.wall_ns) - (usage.processor_ns - last_.processor_ns);
    const SlowCall call{.index = calls_.count() - 1,
                        .took_ns = took,
                        .off_core_ns = std::max<std::int64_t>(off_core, 0),
                        .switches = usage.switches - last_.switches,
                        .page_faults = usage.page_faults - last_.page_faults,
                        .evictions = cache_->stats().evictions};
    if (!call.is_interrupted()) undisturbed_max_ns_ = std::max(undisturbed_max_ns_, took);
    on_core_max_ns_ = std::max(on_core_max_ns_, call.on_core_ns());
    slow_calls_.push_back(call);
    last_ = Usage::now();
  }

  // The same loop without a cache. From one look at the clock to the next, so that no pause falls between.
  void idle_for(std::int64_t duration_ns) {
    const std::int64_t end = clock_ns() + duration_ns;
    for (std::int64_t started = clock_ns(); started < end;) {
      block_.refill([this] { return next_id_; });
      for (std::size_t i = 0; i < block_size; ++i) {
        const std::int64_t ended = clock_ns();
        idle_.add(ended - started);
        started = ended;
      }
    }
  }

  static void print_histogram(const char* name, const Histogram& histogram) {
    const auto at = [&](double share) { return static_cast<double>(histogram.quantile(share)) / 1e3; };
    std::printf("  %-22s %9.2f %9.2f %9.2f %9.2f   %10.1f %8zu %7zu %7zu %7zu\n", name, at(.5), at(.99),
                at(.999), at(.9999), static_cast<double>(histogram.max()) / 1e3,
                static_cast<std::size_t>(histogram.count_from(10 * us)),
                static_cast<std::size_t>(histogram.count_from(100 * us)),
                static_cast<std::size_t>(histogram.count_from(1 * ms)),
                static_cast<std::size_t>(histogram.count_from(10 * ms)));
  }

  void print_slowest() {
    std::ranges::sort(slow_calls_, std::greater<>(), &SlowCall::took_ns);
    print_first("slowest", slowest_shown);
    std::ranges::sort(slow_calls_, std::greater<>(), &SlowCall::on_core_ns);
    print_first("longest on the core", longest_on_core_shown);
  }

  void print_first(const char* title, std::size_t count) const {
    if (slow_calls_.empty()) return;
    std::printf("  %-22s %10s %10s %9s %7s   %s\n", title, "us", "off core", "switches", "faults",
                "where in the run, and how many had been evicted");
    for (std::size_t i = 0; i < std::min(slow_calls_.size(), count); ++i) {
      const SlowCall& call = slow_calls_[i];
      std::printf("  %22s %10.1f %10.1f %9zd %7zd   call %zu, %.1f %%, %zu\n",
                  call.is_interrupted() ? "interrupted" : "", static_cast<double>(call.took_ns) / 1e3,
                  static_cast<double>(call.off_core_ns) / 1e3, static_cast<std::ptrdiff_t>(call.switches),
                  static_cast<std::ptrdiff_t>(call.page_faults), static_cast<std::size_t>(call.index),
                  100 * static_cast<double>(call.index) / static_cast<double>(options_.items),
                  static_cast<std::size_t>(call.evictions));
    }
  }

  const Options& options_;
  std::unique_ptr<cache::Cache> cache_;
  std::string value_;
  KeyBlock block_;
  std::uint64_t next_id_ = 0;
  Histogram calls_;
  Histogram idle_;
  std::int64_t storing_ns_ = 0;
  std::int64_t undisturbed_max_ns_ = 0;
  std::int64_t on_core_max_ns_ = 0;
  std::vector<SlowCall> slow_calls_;
  Usage last_;
};

// The calls that were slow in every round, and the least that each took.
class InEveryRound final {
 public:
  void add(const std::vector<SlowCall>& slow_calls) {
    std::map<std::uint64_t, std::int64_t> in_both;
    for (const SlowCall& call : slow_calls) {
      const auto known = least_ns_.find(call.index);
      if (round_count_ == 0) {
        in_both[call.index] = call.took_ns;
      } else if (known != least_ns_.end()) {
        in_both[call.index] = std::min(known->second, call.took_ns);
      }
    }
    least_ns_ = std::move(in_both);
    ++round_count_;
  }

  void print(const std::string& backend) const {
    if (round_count_ < 2) return;
    std::printf("%s: slow in each of the %d rounds ", backend.c_str(), round_count_);
    if (least_ns_.empty()) {
      std::printf("was no call: none took more than 100 us every time  (under 1000)\n\n");
      return;
    }
    const auto slowest =
        std::ranges::max_element(least_ns_, {}, [](const auto& entry) { return entry.second; });
    std::printf("were %zu calls, the slowest call %zu with %.1f us or more  (under 1000)\n\n",
                least_ns_.size(), static_cast<std::size_t>(slowest->first),
                static_cast<double>(slowest->second) / 1e3);
  }

 private:
  std::map<std::uint64_t, std::int64_t> least_ns_;  // by the call's index
  int round_count_ = 0;
};

int run(int argc, char** argv) {
  Options options;
  Arguments arguments("The slowest single store while many items are written into a cache, evicting.");
  arguments.add("items", options.items, "Items to write, with 20-byte keys");
  arguments.add("memory", options.memory, "The cache's limit");
  arguments.add("value-size", options.value_size, "Bytes of a value, up to 1024");
  arguments.add("shards", options.shards, "0: as many as larder-server chooses for two workers");
  arguments.add("rounds", options.rounds, "How often each run is repeated");
  arguments.parse(argc, argv);
  if (options.value_size > ValueSink::size_max) fail("--value-size: up to 1024");
  pin_to_core(usable_cores().back());
  for (const std::string& backend : arguments.backends()) {
    InEveryRound repeated;
    for (std::uint64_t round = 0; round < options.rounds; ++round) {
      Run one(options, backend);
      one.run();
      one.print(backend);
      repeated.add(one.slow_calls());
    }
    repeated.print(backend);
  }
  return 0;
}

}  // namespace
}  // namespace larder::bench

int main(int argc, char** argv) { return larder::bench::run(argc, argv); }
