// tools/bench/bench_options.h: what larder-bench can be told, and what that means.
#pragma once

#include <cstdint>
#include <limits>

#include "base/clock.h"
#include "base/endpoint.h"
#include "base/result.h"
#include "client/login.h"
#include "client/tls_context.h"
#include "program/option_table.h"
#include "program/options.h"
#include "tools/bench/workload.h"

namespace larder::tools {

struct BenchOptions {
  Endpoint server;
  client::Login login;                // RESP only
  client::TlsOptions tls;             // of a server with TLS
  std::vector<std::string> warnings;  // to be said
  Workload workload;
  std::size_t connection_count = 50;
  std::size_t thread_count = 1;
  std::size_t pipeline = 1;
  std::uint64_t rate = 0;  // requests a second, of all threads; 0: closed loop
  std::uint64_t request_count_max = std::numeric_limits<std::uint64_t>::max();  // 0: fill only
  Duration duration{};  // 0: until the requests are used up
  Duration warm_up{};
  Duration timeout{};
  bool is_filled_first = false;
  bool is_json = false;

  /// Requests that a connection may have pending, the filling included.
  [[nodiscard]] std::size_t pending_count_max() const;
};

/// Requests that each connection has pending at least while the server is filled.
inline constexpr std::size_t filling_pipeline_min = 16;

[[nodiscard]] const program::OptionTable& bench_option_table();

/// Reads the values and holds them against each other. Errors: malformed, starting with the option.
[[nodiscard]] Result<BenchOptions> bench_options(const program::OptionValues& values);

}  // namespace larder::tools
