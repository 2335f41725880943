#include "insight/counters.h"

namespace larder::insight {

CounterTotals add_up(std::span<const Counters> workers) {
  CounterTotals totals;
  for (const Counters& worker : workers) {
    totals.connections += worker.connections.value();
    totals.connection_buffer_size += worker.connection_buffer_size.value();
    totals.connections_accepted += worker.connections_accepted.value();
    totals.connections_refused += worker.connections_refused.value();
    totals.connections_refused_per_address += worker.connections_refused_per_address.value();
    totals.commands += worker.commands.value();
    totals.protocol_errors += worker.protocol_errors.value();
    totals.http_on_wrong_port += worker.http_on_wrong_port.value();
    totals.origins_refused += worker.origins_refused.value();
    totals.logins_refused += worker.logins_refused.value();
    totals.logins_overdue += worker.logins_overdue.value();
    totals.requests_delayed_per_address += worker.requests_delayed_per_address.value();
    totals.requests_delayed_per_user += worker.requests_delayed_per_user.value();
    totals.slow_readers_closed += worker.slow_readers_closed.value();
    totals.idle_closed += worker.idle_closed.value();
    totals.over_budget_closed += worker.over_budget_closed.value();
    totals.tls_handshakes += worker.tls_handshakes.value();
    totals.tls_resumed += worker.tls_resumed.value();
    totals.tls_failures += worker.tls_failures.value();
    totals.bytes_received += worker.bytes_received.value();
    totals.bytes_sent += worker.bytes_sent.value();
    totals.reads += worker.reads.value();
    totals.writes += worker.writes.value();
    totals.sweep_duration_us += worker.sweep_duration_us.value();
    totals.sweeps_cut_short += worker.sweeps_cut_short.value();
  }
  return totals;
}

}  // namespace larder::insight
