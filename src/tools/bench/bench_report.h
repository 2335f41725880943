// tools/bench/bench_report.h: the figures of a run, for people and for programs.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "tools/bench/bench_options.h"
#include "tools/bench/tally.h"

namespace larder::tools {

struct BenchFigures {
  Tally tally;                                // of all threads, the warm-up left out
  std::chrono::nanoseconds elapsed{};         // from the first request that counts to the last reply
  std::chrono::nanoseconds processor_time{};  // of larder-bench's own threads meanwhile
  std::uint64_t overdue_count = 0;            // of an open loop: due and never sent
  std::uint64_t filled_count = 0;             // keys that were stored before
  std::chrono::nanoseconds fill_elapsed{};
  bool is_interrupted = false;

  /// Requests that were answered with what they asked for.
  [[nodiscard]] double success_rate() const;  // a second

  /// Which share of their time the `thread_count` threads were busy, from 0 to 1.
  [[nodiscard]] double busy_share(std::size_t thread_count) const;
};

/// Lines of names and values, and a table of latencies in microseconds. Every line ended.
[[nodiscard]] std::string bench_table(const BenchOptions& options, const BenchFigures& figures);

/// One JSON object on one line: what was asked for, and what came of it.
[[nodiscard]] std::string bench_json(const BenchOptions& options, const BenchFigures& figures);

}  // namespace larder::tools
