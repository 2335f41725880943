// server/server_options.h: larder-server's options, as a table and as what the rest of the server reads.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/endpoint.h"
#include "base/result.h"
#include "program/option_table.h"
#include "program/options.h"
#include "program/tls_options.h"
#include "session/session.h"

namespace larder::server {

// Redis' own bound of a value; a reply is made in memory, so that "any size" would mean any memory.
inline constexpr std::uint64_t value_size_limit = std::uint64_t{512} << 20;

/// Every value is set, checked by itself and against the others. Sizes are bytes.
struct ServerOptions {
  std::vector<Endpoint> listen;  // in the order given; at least one
  std::size_t memory_size_max = 0;
  std::size_t item_count_max = 0;  // 0: only memory bounds the count
  std::string backend;
  std::string policy;
  std::size_t shard_count = 1;
  std::size_t worker_count = 1;
  std::vector<int> pinned_cores;  // of each worker in turn; empty: the kernel moves them as it likes
  std::string event_loop;
  std::size_t connection_count_max = 0;
  // What the limit of open files allows, where that has lowered connection_count_max.
  std::size_t connection_count_fitting = std::numeric_limits<std::size_t>::max();
  std::size_t address_connection_count_max = 0;  // of one address; 0: no bound
  session::Limits limits;
  std::size_t output_size_max = 0;
  std::size_t buffer_size_max = 0;    // of all connections together
  int backlog = 0;                    // connections that may wait to be accepted
  std::chrono::seconds keepalive{0};  // of silence, after which a TCP peer is asked; 0: never
  unsigned unix_mode = 0;             // of the files of Unix sockets
  Duration idle_timeout{0};           // 0: never
  Duration shutdown_timeout{0};
  bool allow_anonymous = false;
  std::string password;         // empty: nobody is asked for one
  std::string users_path;       // empty: there are none
  Duration login_delay_max{0};  // 0: nobody is held back
  Duration login_timeout{0};    // 0: strangers may stay for ever
  session::RequestRates::Bounds request_bounds;
  std::int64_t slow_log_threshold_us = 0;  // negative: nothing is noted
  std::size_t slow_log_size_max = 0;       // commands
  std::string log_level = "info";
  std::vector<std::string> allowed_origins;
  program::TlsPaths tls;
  std::string config_path;            // of the file that some of it stood in; empty: there is none
  program::OptionValues given;        // what all of this was made from
  std::vector<std::string> warnings;  // sentences for the log: allowed, but perhaps not meant

  /// Who has none that a CA of ours has signed does not get in there.
  [[nodiscard]] bool asks_for_certificate(const Endpoint& endpoint) const {
    return endpoint.tls && !tls.client_ca.empty();
  }
};

[[nodiscard]] const program::OptionTable& server_option_table();

/// Fills in the defaults that depend on other options or on the machine, and checks what depends on more
/// than one option. Looks up the names of hosts to listen on, and so may block. Errors: malformed, a sentence
/// that starts with where the value stands.
[[nodiscard]] Result<ServerOptions> make_server_options(const program::OptionValues& values);

/// Whether a server could start with these limits of memory, sizes, connections and shards. Errors:
/// malformed, a sentence that starts with where the value stands.
[[nodiscard]] Result<void> check_limits(const program::OptionValues& values);

}  // namespace larder::server
