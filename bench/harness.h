// bench/harness.h: what the programs in this folder do alike: make and fill a cache, pin a thread, sum up
// rounds.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cache/backend.h"

namespace larder::bench {

/// The time that every call is told; nothing here expires.
inline constexpr TimePoint now{Duration(1'700'000'000'000)};

/// The clock that calls are timed by, in nanoseconds.
[[nodiscard]] inline std::int64_t clock_ns() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

/// The processor time of the calling thread, in nanoseconds: stands still while others have its core. A
/// system call: for long stretches, not for single calls.
[[nodiscard]] std::int64_t processor_ns();

/// A cache as larder-server makes it for two workers. `shard_count` 0: as many as the server chooses. If it
/// cannot be made the program says why and ends.
[[nodiscard]] std::unique_ptr<cache::Cache> make_cache(std::string_view backend, std::size_t memory_size_max,
                                                       std::size_t shard_count = 0);

/// A limit under which any back end holds `item_count` items of this size and evicts none.
[[nodiscard]] std::size_t ample_memory_size(std::size_t item_count, std::size_t value_size);

/// Bytes of that size, at most ValueSink::size_max.
[[nodiscard]] std::string value_of_size(std::size_t size);

/// Stores a value under each id from 0 to `item_count` - 1. If the cache then holds fewer the program says so
/// and ends: a benchmark of hits must not measure misses.
void fill(cache::Cache& cache, std::size_t item_count, std::size_t value_size);

/// Resident memory of this process in bytes, and how much of it stands in huge pages.
[[nodiscard]] std::size_t resident_size();
[[nodiscard]] std::size_t huge_page_size();

/// The cores that this process may use.
[[nodiscard]] std::vector<int> usable_cores();

/// Keeps the calling thread on one of them.
void pin_to_core(int core);

/// One figure over several rounds.
class Series final {
 public:
  void add(double value) { values_.push_back(value); }
  [[nodiscard]] double median() const;
  [[nodiscard]] double lowest() const;
  [[nodiscard]] double highest() const;

 private:
  std::vector<double> values_;
};

/// A line of a table: the name, the median, the lowest and the highest.
void print_row(std::string_view name, const Series& series);
void print_row_head(std::string_view name, std::string_view unit);

/// Says what is wrong and ends the program with status 1.
[[noreturn]] void fail(const std::string& message);

}  // namespace larder::bench
