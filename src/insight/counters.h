// insight/counters.h: what the server has seen, counted without anybody waiting for anybody.
//
// Each worker owns one Counters and is its only writer; whoever shows figures reads all of them and adds up.
// A counter is written with a relaxed load and a relaxed store: with one writer nothing is lost, and no
// instruction locks a bus.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

namespace larder::insight {

/// One number with one writer and any number of readers.
class Counter final {
 public:
  void add(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void subtract(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// The counters of one worker, on cache lines of their own.
struct alignas(128) Counters {
  Counter connections;                      // open now
  Counter connection_buffer_size;           // bytes of their buffers now
  Counter connections_accepted;             // ever
  Counter connections_refused;              // turned away: connections-max, or no descriptor left
  Counter connections_refused_per_address;  // of these, for one address had its share
  Counter commands;                         // requests of any protocol that got an answer
  Counter protocol_errors;                  // requests that broke their grammar or a bound of it
  Counter http_on_wrong_port;               // connections to line or RESP whose first line looked like HTTP
  Counter origins_refused;                  // requests of a web page from elsewhere
  Counter logins_refused;                   // wrong names or passwords
  Counter logins_overdue;                   // connections closed past login-timeout
  Counter requests_delayed_per_address;     // that waited for requests-per-address
  Counter requests_delayed_per_user;        // or for requests-per-user
  Counter slow_readers_closed;              // closed past output-size-max
  Counter idle_closed;                      // closed by an idle timeout
  Counter over_budget_closed;               // closed for the room that their buffers took
  Counter tls_handshakes;                   // done
  Counter tls_resumed;                      // of these, short ones by a ticket
  Counter tls_failures;  // connections that ended for want of a handshake, or for what was no TLS
  Counter bytes_received;
  Counter bytes_sent;
  Counter reads;              // from connections, that brought anything
  Counter writes;             // to connections, that took anything
  Counter sweep_duration_us;  // looking for expired items
  Counter sweeps_cut_short;   // portions of that which left some for another
};

/// The sums over all workers at about one moment.
struct CounterTotals {
  std::uint64_t connections = 0;
  std::uint64_t connection_buffer_size = 0;
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_refused = 0;
  std::uint64_t connections_refused_per_address = 0;
  std::uint64_t commands = 0;
  std::uint64_t protocol_errors = 0;
  std::uint64_t http_on_wrong_port = 0;
  std::uint64_t origins_refused = 0;
  std::uint64_t logins_refused = 0;
  std::uint64_t logins_overdue = 0;
  std::uint64_t requests_delayed_per_address = 0;
  std::uint64_t requests_delayed_per_user = 0;
  std::uint64_t slow_readers_closed = 0;
  std::uint64_t idle_closed = 0;
  std::uint64_t over_budget_closed = 0;
  std::uint64_t tls_handshakes = 0;
  std::uint64_t tls_resumed = 0;
  std::uint64_t tls_failures = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t reads = 0;
  std::uint64_t writes = 0;
  std::uint64_t sweep_duration_us = 0;
  std::uint64_t sweeps_cut_short = 0;
};

[[nodiscard]] CounterTotals add_up(std::span<const Counters> workers);

}  // namespace larder::insight
