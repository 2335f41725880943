// tools/bench/bench_report.h: the figures of a run, for people and for programs.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "tools/bench/bench_options.h"
#include "tools/bench/tally.h"

namespace larder::tools {

/// What TLS the connections have, and what it took to begin.
struct TlsFigures {
  std::string version;                        // "TLSv1.3"
  std::string cipher;                         // "TLS_AES_256_GCM_SHA384"
  std::uint64_t handshake_count = 0;          // one after the other, none of them resumed
  std::chrono::nanoseconds handshake_time{};  // of all of them, connecting included

  [[nodiscard]] double handshake_rate() const;  // a second
};

struct BenchFigures {
  Tally tally;                                // of all threads, the warm-up left out
  std::chrono::nanoseconds elapsed{};         // from the first request that counts to the last reply
  std::chrono::nanoseconds processor_time{};  // of larder-bench's own threads meanwhile
  std::uint64_t overdue_count = 0;            // of an open loop: due and never sent
  std::uint64_t filled_count = 0;             // keys that were stored before
  std::chrono::nanoseconds fill_elapsed{};
  bool is_interrupted = false;
  std::optional<TlsFigures> tls;

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
