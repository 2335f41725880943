#include "harness.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sched.h>
#include <unistd.h>

#include "cache/factory.h"
#include "keys.h"

namespace larder::bench {
namespace {

constexpr std::size_t worker_count = 2;

// Far more than any back end takes beyond key and value, and room for shards that fill unevenly.
constexpr std::size_t ample_overhead_size = 400;
constexpr std::size_t ample_base_size = std::size_t{16} << 20;

}  // namespace

std::int64_t processor_ns() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

std::unique_ptr<cache::Cache> make_cache(std::string_view backend, std::size_t memory_size_max,
                                         std::size_t shard_count) {
  auto made = cache::make_cache(
      backend, {.memory_size_max = memory_size_max,
                .item_count_max = 0,
                .shard_count = shard_count > 0 ? shard_count
                                               : cache::choose_shard_count(memory_size_max, 0, worker_count),
                .secret = hash_secret_from_seed(1)});
  if (!made.has_value()) fail(std::string(backend) + ": " + made.error().message);
  return std::move(*made);
}

std::size_t ample_memory_size(std::size_t item_count, std::size_t value_size) {
  return item_count * (key_size + value_size + ample_overhead_size) + ample_base_size;
}

std::string value_of_size(std::size_t size) {
  std::string value(std::min(size, ValueSink::size_max), 'v');
  std::fill_n(value.begin(), std::min<std::size_t>(value.size(), 8), '\0');
  return value;
}

void fill(cache::Cache& cache, std::size_t item_count, std::size_t value_size) {
  const std::string value = value_of_size(value_size);
  std::array<char, key_size> key{};
  for (std::size_t id = 0; id < item_count; ++id) {
    write_key(key.data(), id);
    cache.set(0, Bytes(key.data(), key.size()), value, cache::Expiry::none(), cache::Condition::always(),
              now);
  }
  const std::size_t held = cache.stats().items;
  if (held != item_count) {
    fail("of " + std::to_string(item_count) + " items only " + std::to_string(held) + " are held");
  }
}

std::size_t resident_size() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total_pages = 0;
  std::size_t resident_pages = 0;
  statm >> total_pages >> resident_pages;
  return resident_pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

std::size_t huge_page_size() {
  std::ifstream smaps("/proc/self/smaps_rollup");
  for (std::string word; smaps >> word;) {
    if (word != "AnonHugePages:") continue;
    std::size_t size_kib = 0;
    smaps >> size_kib;
    return size_kib << 10;
  }
  return 0;
}

std::vector<int> usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) fail("sched_getaffinity failed");
  std::vector<int> cores;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(static_cast<std::size_t>(core), &set)) cores.push_back(core);
  }
  return cores;
}

void pin_to_core(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(core), &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) fail("sched_setaffinity failed");
}

double Series::median() const {
  std::vector<double> sorted = values_;
  std::ranges::sort(sorted);
  const std::size_t half = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

double Series::lowest() const { return std::ranges::min(values_); }
double Series::highest() const { return std::ranges::max(values_); }

void print_row(std::string_view name, const Series& series) {
  std::printf("  %-44.*s %10.2f %10.2f %10.2f\n", static_cast<int>(name.size()), name.data(), series.median(),
              series.lowest(), series.highest());
}

void print_row_head(std::string_view name, std::string_view unit) {
  const std::string median = "median " + std::string(unit);
  std::printf("  %-44.*s %10s %10s %10s\n", static_cast<int>(name.size()), name.data(), median.c_str(),
              "lowest", "highest");
}

void fail(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(1);  // NOLINT(concurrency-mt-unsafe): the other threads only ever look up and store
}

}  // namespace larder::bench
