// session/session.h: one connection without a socket.
//
//   bytes in -> protocol decoder -> calls on the cache -> protocol encoder -> bytes out
//
// A session owns the state of one dialect on one connection (its decoder, its database, its version of the
// protocol). It does no I/O, reads no clock and knows no thread: bytes, `now` and the cache are handed in, so
// that a test drives it byte by byte.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/output.h"
#include "base/progress.h"
#include "base/random.h"
#include "cache/backend.h"
#include "insight/counters.h"
#include "session/command_stats.h"
#include "session/foresight.h"
#include "session/service.h"

namespace larder::session {

/// The bounds a peer meets. Sizes are bytes.
struct Limits {
  std::size_t key_size_max = std::size_t{16} << 10;
  std::size_t value_size_max = std::size_t{128} << 20;
  std::size_t line_size_max = std::size_t{1} << 20;
  // Past this a reply is not finished and its connection ends; the transport's own limit should be the same.
  std::size_t output_size_max = std::size_t{256} << 20;
};

/// Values of this size and more are sent from where they lie, if the cache lends them. Below, a copy costs
/// less than counting loans.
inline constexpr std::size_t lent_size_min = std::size_t{32} << 10;

/// What the server says of itself in INFO and /v1/stats. Filled once at start.
struct ServerFacts {
  std::string version;            // Larder's own, "0.1.0"
  std::string build_id;           // hexadecimal digits; empty: not known
  std::string backend;            // "segment"
  std::string policy;             // by what it evicts: "s3fifo"
  std::string event_loop;         // "epoll"
  std::string event_loop_reason;  // why this one
  std::string sandbox = "off";    // which parts are in force: "landlock 2, seccomp"
  std::size_t worker_count = 1;
  std::size_t shard_count = 1;
  std::uint16_t resp_port = 0;        // of the first RESP listener with a port, 0 without one
  std::string resp_hosts;             // of all of these, as they were asked for, divided by spaces
  std::string resp_path;              // of the first RESP listener at a Unix socket; empty: there is none
  unsigned unix_mode = 0;             // of its file, if there is one
  int backlog = 0;                    // connections that may wait to be accepted
  std::chrono::seconds keepalive{0};  // of silence, after which the kernel asks whether the peer is there
  bool allows_anonymous = false;      // --allow-anonymous
  bool needs_password = false;        // others can reach it, and without one it would serve them all
  std::string config_path;            // of the file that it was started with; empty: none
  std::string directory;              // in which it works
  std::string log_level = "info";
  TimePoint started_at{};
  std::size_t connection_count_max = 0;
  std::uint64_t buffer_size_max = 0;       // of all connections together
  std::uint64_t memory_used_at_start = 0;  // by a cache without items
  std::uint64_t machine_memory_size = 0;   // 0: not known
  std::string system = "Linux";            // "Linux 6.1.0 x86_64"
  int process_id = 0;
  std::string run_id = std::string(40, '0');  // 40 hexadecimal digits, another at each start
};

/// All that the sessions of one worker share. Outlives them.
struct Environment {
  cache::Cache& cache;
  insight::Counters& counters;                      // of the worker that the session belongs to
  std::span<const insight::Counters> all_counters;  // of every worker, for the stats
  CommandStats& command_stats;                      // of the worker, like the counters
  std::span<const CommandStats> all_command_stats;
  const Limits& limits;
  const ServerFacts& facts;
  const std::vector<std::string>& allowed_origins;  // --allow-origin
  Service& service;
  SplitMix64& random;    // of the worker, like the counters
  Foresight& foresight;  // of the worker
};

/// One dialect on one connection.
///
/// Ownership  `input` and `output` are the transport's; nothing of them is kept past the call
/// Threads    belongs to its connection's worker
/// Errors     none: what a peer does wrong is answered in `output`, and Wait::close ends the connection
class Session {
 public:
  virtual ~Session() = default;

  /// Called once before anything else, where the connection can be reached by others.
  virtual void attach(std::shared_ptr<Remote> /*remote*/) {}  // NOLINT(performance-unnecessary-value-param)

  /// In its place, for a session inside another one: it may have itself woken, and nobody else reaches it.
  virtual void embed(std::shared_ptr<Remote> /*remote*/) {}  // NOLINT(performance-unnecessary-value-param)

  /// These bytes will come with the next advance(), and others are told the same before that: a chance to
  /// have memory fetched that it will read. Changes nothing that could be seen.
  virtual void announced(Bytes /*input*/) {}

  /// `input` starts where the last call stopped consuming: the same bytes again, with more behind them. Takes
  /// as many whole requests as there are, until `output` is full, and appends one reply for each in order.
  virtual Progress advance(Bytes input, TimePoint now, Output& output) = 0;

  /// After Wait::close: whether it ends because of what the peer did, and not because the peer asked for it.
  [[nodiscard]] virtual bool failed() const { return false; }

  /// The connection closes although the peer did not ask for it: it was silent for too long, or the server
  /// stops. For dialects that say goodbye; nothing is called after this.
  virtual void closing(Output& /*output*/) {}

  /// Whether its peer has yet to log in before he is served.
  [[nodiscard]] virtual bool is_stranger() const { return false; }

  /// Memory, in bytes, of what it keeps of a request that is not whole yet.
  [[nodiscard]] virtual std::size_t held_size() const { return 0; }

  /// How long the peer may stay silent. 0: as long as the server's idle-timeout says.
  [[nodiscard]] virtual Duration idle_timeout() const { return Duration{0}; }
};

}  // namespace larder::session
