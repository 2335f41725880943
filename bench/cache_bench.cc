// cache_bench: what one call on a cache costs, for every back end.
//
//   hit              get() of a key that is there, the value copied out
//   miss             get() of a key that is not
//   hit_many         get_many() of 16 keys that are there; the figure is for one key
//   overwrite        set() of a key that is there, its value's size kept
//   overwrite_resized  the same, but the new value has 20 to 180 bytes, drawn anew each time
//   set_evicting     set() of a new key into a full cache, so that each one drives out another
//   loop             no cache: what drawing the keys and copying a value takes of each figure above
//
// Items have 20-byte keys and 100-byte values. A thousand of them fit into a core's own caches, a hundred
// thousand of them strain what the cores share, and ten million lie far beyond it. A cache of ten million is
// built once and serves all benchmarks on it that come one after the other; the next one is built after it is
// gone, so that two never share the memory.
#include <algorithm>
#include <array>
#include <benchmark/benchmark.h>
#include <cstdio>
#include <memory>
#include <string>

#include "cache/factory.h"
#include "harness.h"
#include "keys.h"

namespace larder::bench {
namespace {

using benchmark::State;

constexpr std::size_t value_size = 100;
constexpr std::size_t batch_size = 16;
constexpr std::size_t resized_value_size_min = 20;
constexpr std::size_t resized_value_size_max = 180;

// Ids from here on are stored by nobody.
constexpr std::uint64_t absent_id_min = std::uint64_t{1} << 40;

enum class Fullness : std::uint8_t {
  roomy,  // holds the items and has room left
  full,   // about as many, at its limit: a new one drives out another
};

// The cache that was asked for last.
class CurrentCache final {
 public:
  cache::Cache& of(std::string_view backend, std::size_t item_count, Fullness fullness) {
    if (cache_ != nullptr && backend == backend_ && item_count == item_count_ && fullness == fullness_) {
      return *cache_;
    }
    cache_.reset();
    backend_ = backend;
    item_count_ = item_count;
    fullness_ = fullness;
    next_id_ = 0;
    if (fullness == Fullness::roomy) {
      cache_ = make_cache(backend, ample_memory_size(item_count, value_size));
      fill(*cache_, item_count, value_size);
    } else {
      cache_ = make_cache(backend, std::max(full_memory_size_min, item_count * full_item_size));
      fill_until_evicting();
    }
    return *cache_;
  }

  // An id that was never stored in this cache.
  std::uint64_t next_id() { return next_id_++; }

 private:
  // What items take at the least, so that a full cache of any back end is far beyond the processor's caches
  // where a roomy one is. The smallest is one that a log of segments can work in.
  static constexpr std::size_t full_item_size = key_size + value_size + 40;
  static constexpr std::size_t full_memory_size_min = std::size_t{1} << 20;

  // Until a quarter of what it holds has been replaced: by then every shard is full.
  void fill_until_evicting() {
    const std::string value = value_of_size(value_size);
    KeyBlock block;
    for (;;) {
      for (std::size_t i = 0; i < 1000; ++i) {
        block.refill([&] { return next_id(); });
        for (const Bytes key : block.keys()) {
          cache_->set(0, key, value, cache::Expiry::none(), cache::Condition::always(), now);
        }
      }
      const cache::CacheStats stats = cache_->stats();
      if (stats.refused > 0) fail(backend_ + ": a value of 100 bytes was refused");
      if (stats.evictions > stats.items / 4) return;
    }
  }

  std::unique_ptr<cache::Cache> cache_;
  std::string backend_;
  std::size_t item_count_ = 0;
  Fullness fullness_ = Fullness::roomy;
  std::uint64_t next_id_ = 0;
};

CurrentCache current;

void report(State& state, std::uint64_t done, std::uint64_t wanted, const char* what) {
  state.SetItemsProcessed(state.iterations());
  if (done != wanted) state.SkipWithError(what);
}

void loop(State& state, std::size_t item_count) {
  Draws draws(1);
  KeyBlock block;
  ValueSink sink;
  const std::string value = value_of_size(value_size);
  while (state.KeepRunningBatch(block_size)) {
    block.refill([&] { return draws.below(item_count); });
    for (const Bytes key : block.keys()) {
      benchmark::DoNotOptimize(key.data());
      benchmark::ClobberMemory();
      sink.take(value);
    }
  }
  report(state, 0, 0, "");
}

void hit(State& state, std::string_view backend, std::size_t item_count) {
  cache::Cache& cache = current.of(backend, item_count, Fullness::roomy);
  Draws draws(2);
  KeyBlock block;
  ValueSink sink;
  std::uint64_t hits = 0;
  while (state.KeepRunningBatch(block_size)) {
    block.refill([&] { return draws.below(item_count); });
    for (const Bytes key : block.keys()) {
      hits += cache.get(0, key, now, [&](const cache::ItemView& item) { sink.take(item.value); }) ? 1U : 0U;
    }
  }
  report(state, hits, static_cast<std::uint64_t>(state.iterations()), "a key that was stored is missing");
}

void miss(State& state, std::string_view backend, std::size_t item_count) {
  cache::Cache& cache = current.of(backend, item_count, Fullness::roomy);
  Draws draws(3);
  KeyBlock block;
  std::uint64_t hits = 0;
  while (state.KeepRunningBatch(block_size)) {
    block.refill([&] { return absent_id_min + draws.below(item_count); });
    for (const Bytes key : block.keys()) {
      hits += cache.get(0, key, now, [](const cache::ItemView&) {}) ? 1U : 0U;
    }
  }
  report(state, hits, 0, "a key that was never stored is there");
}

void hit_many(State& state, std::string_view backend, std::size_t item_count) {
  cache::Cache& cache = current.of(backend, item_count, Fullness::roomy);
  Draws draws(4);
  KeyBlock block;
  ValueSink sink;
  std::uint64_t hits = 0;
  while (state.KeepRunningBatch(block_size)) {
    block.refill([&] { return draws.below(item_count); });
    for (std::size_t first = 0; first < block_size; first += batch_size) {
      cache.get_many(0, block.keys().subspan(first, batch_size), now,
                     [&](std::size_t /*index*/, const cache::ItemView* item) {
                       if (item == nullptr) return;
                       ++hits;
                       sink.take(item->value);
                     });
    }
  }
  report(state, hits, static_cast<std::uint64_t>(state.iterations()), "a key that was stored is missing");
}

// Stores each key of the blocks that `next_id` fills, with as many bytes as `next_size` says.
template <class NextId, class NextSize>
void set(State& state, cache::Cache& cache, NextId next_id, NextSize next_size) {
  const std::string value = value_of_size(resized_value_size_max);
  KeyBlock block;
  std::uint64_t stored = 0;
  while (state.KeepRunningBatch(block_size)) {
    block.refill(next_id);
    for (const Bytes key : block.keys()) {
      const cache::StoreOutcome outcome = cache.set(0, key, Bytes(value).substr(0, next_size()),
                                                    cache::Expiry::none(), cache::Condition::always(), now);
      stored += outcome == cache::StoreOutcome::stored ? 1U : 0U;
    }
  }
  report(state, stored, static_cast<std::uint64_t>(state.iterations()), "a value was refused");
}

void overwrite(State& state, std::string_view backend, std::size_t item_count) {
  cache::Cache& cache = current.of(backend, item_count, Fullness::roomy);
  Draws draws(5);
  set(state, cache, [&] { return draws.below(item_count); }, [] { return value_size; });
}

void overwrite_resized(State& state, std::string_view backend, std::size_t item_count) {
  cache::Cache& cache = current.of(backend, item_count, Fullness::roomy);
  Draws draws(6);
  Draws sizes(7);
  set(
      state, cache, [&] { return draws.below(item_count); },
      [&] {
        return resized_value_size_min + sizes.below(resized_value_size_max - resized_value_size_min + 1);
      });
}

void set_evicting(State& state, std::string_view backend, std::size_t item_count) {
  cache::Cache& cache = current.of(backend, item_count, Fullness::full);
  const std::uint64_t evictions_before = cache.stats().evictions;
  set(state, cache, [] { return current.next_id(); }, [] { return value_size; });
  const cache::CacheStats stats = cache.stats();
  state.counters["held"] = static_cast<double>(stats.items);
  state.counters["evicted"] = benchmark::Counter(static_cast<double>(stats.evictions - evictions_before),
                                                 benchmark::Counter::kAvgIterations);
}

struct Benchmark {
  const char* name;
  void (*run)(State&, std::string_view backend, std::size_t item_count);
};

// In this order on each cache: what resizes values comes last, so that the others find the items as they were
// stored, and what needs another cache comes after that.
constexpr std::array benchmarks{
    Benchmark{.name = "hit", .run = hit},
    Benchmark{.name = "miss", .run = miss},
    Benchmark{.name = "hit_many", .run = hit_many},
    Benchmark{.name = "overwrite", .run = overwrite},
    Benchmark{.name = "overwrite_resized", .run = overwrite_resized},
    Benchmark{.name = "set_evicting", .run = set_evicting},
};
constexpr std::array<std::size_t, 3> item_counts{1'000, 100'000, 10'000'000};

void register_benchmarks() {
  for (const std::size_t item_count : item_counts) {
    const std::string size = "/items:" + std::to_string(item_count);
    benchmark::RegisterBenchmark(("loop/none" + size).c_str(),
                                 [item_count](State& state) { loop(state, item_count); });
    for (const std::string_view backend : cache::backend_names()) {
      for (const Benchmark& one : benchmarks) {
        benchmark::RegisterBenchmark(
            (std::string(one.name) + "/" + std::string(backend) + size).c_str(),
            [one, backend, item_count](State& state) { one.run(state, backend, item_count); });
      }
    }
  }
}

void print_help() {
  std::printf(
      "What one call on a cache costs. Benchmarks are named CALL/BACKEND/items:COUNT, and there is\n"
      "CALL = hit, miss, hit_many, overwrite, overwrite_resized, set_evicting, and loop/none, the loop\n"
      "without a cache. Ten million items take up to 4 GiB.\n"
      "\n"
      "Usage: cache_bench [OPTIONS]\n"
      "  --benchmark_list_tests\n"
      "  --benchmark_filter=REGEX            for one: '^hit/.*:100000$'\n"
      "  --benchmark_min_time=SECONDS        for each benchmark\n"
      "  --benchmark_repetitions=N\n"
      "  --benchmark_report_aggregates_only\n"
      "  --benchmark_format=console|json|csv\n"
      "  --benchmark_out=FILE\n");
}

}  // namespace

int run(int argc, char** argv) {
  benchmark::Initialize(&argc, argv, print_help);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  register_benchmarks();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace larder::bench

int main(int argc, char** argv) { return larder::bench::run(argc, argv); }
