// server/server.h: everyone is introduced to everyone here.
//
//   options -> cache -> listeners -> workers (loops, counters) -> for each accepted socket a session
//
//                accept (worker 0)
//                   |  room? ---no---> Refusals, connections_refused
//                   v
//              AcceptSpread ----> loop i: SessionHandler( dialect.make_session( environment i ) )
//
// A server in a process of its own is run_server.h; this much can stand in a test too.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "cache/backend.h"
#include "server/config_rewriter.h"
#include "server/dialects.h"
#include "server/file_mark.h"
#include "server/patient_thread.h"
#include "server/server_options.h"
#include "server/told_trouble.h"
#include "server/workers.h"
#include "session/command_stats.h"
#include "session/service.h"
#include "session/session.h"
#include "transport/accept_spread.h"
#include "transport/address_counts.h"
#include "transport/listener.h"
#include "transport/refusals.h"
#include "transport/tls_store.h"

namespace larder::server {

/// A caching service. make() opens everything, start() serves, shut_down() and join() end it.
///
/// Ownership  owns the cache, the listeners and the threads
/// Threads    one thread makes, starts and joins; shut_down() from any
/// Errors     make(): what cannot be opened or allocated, naming the option that changes it
/// Invariant  no more than connection_count_max connections are served at a time, over all workers
class Server final : private session::Control {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Server>> make(ServerOptions options);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Where it listens, in the order of the options, with the ports that the kernel picked.
  [[nodiscard]] const std::vector<Endpoint>& endpoints() const { return endpoints_; }

  /// What INFO and /v1/stats say of the sandbox. Before start().
  void tell_sandbox(std::string parts) { facts_.sandbox = std::move(parts); }

  /// `on_finished` is called once, on one of the threads, when the last of them ends.
  void start(std::function<void()> on_finished);

  /// Stops accepting and gives replies under way this long. A second call with a shorter grace hastens.
  void shut_down(Duration grace);

  /// Reads the files of certificates and users again, if they have changed or, with `is_asked`, in any case,
  /// and ends what that revokes; to be called every second or so. What cannot be used is logged, and what
  /// there was stays. The thread that starts and joins.
  void reload(bool is_asked);

  /// Waits for the threads. Errors: one of them failed.
  [[nodiscard]] Result<void> join();

  /// Figures as every dialect shows them. Any thread.
  [[nodiscard]] insight::CounterTotals counter_totals();

 private:
  explicit Server(ServerOptions options);
  [[nodiscard]] Result<void> open_tls();
  [[nodiscard]] Result<void> open_cache();
  [[nodiscard]] Result<void> set_up_logins();
  [[nodiscard]] Result<void> take_users(std::vector<session::User> users);
  void reload_users();
  [[nodiscard]] Result<std::vector<transport::Listener>> open_listeners();
  [[nodiscard]] Result<void> make_workers();
  [[nodiscard]] Result<void> open_workers();
  void describe();
  void accept_from(transport::Listener listener);
  void on_accept(const Dialect& dialect, bool has_tls, transport::Socket socket);
  void shut_down(bool at_once) override;
  void log(Bytes line) override;
  [[nodiscard]] Result<void> rewrite_config() override;
  void sweep(std::size_t worker_index, TimePoint now);
  void refuse(std::string_view text, transport::Socket socket, SteadyTime now);
  void tell_of_crowd(const std::string& address, SteadyTime now);
  void tell_of_closings(std::uint64_t count, SteadyTime now);
  void tell_of_delays(const insight::CounterTotals& totals, SteadyTime now);

  ServerOptions options_;
  ConfigRewriter config_rewriter_;
  SystemClock clock_;
  session::ServerFacts facts_;
  session::Service service_;
  std::vector<Endpoint> endpoints_;
  std::vector<transport::SocketFile> socket_files_;  // of the Unix sockets among them
  transport::Refusals refusals_;                     // of worker 0, which accepts
  std::uint64_t connection_id_ = 0;                  // of worker 0: the last one given
  std::unique_ptr<transport::TlsStore> tls_;         // null: nobody speaks TLS here
  transport::AddressCounts address_counts_;
  std::atomic<std::size_t> open_count_ = 0;    // connections, those on their way to a worker included
  ToldTrouble told_crowds_{Duration{10'000}};  // of worker 0, too: refusals for one address
  ToldTrouble told_address_delays_{Duration{10'000}};
  ToldTrouble told_user_delays_{Duration{10'000}};
  ToldTrouble told_closings_{Duration{1000}};  // of worker 0, too: for the sake of others' buffers
  std::unique_ptr<cache::Cache> cache_;
  std::vector<SplitMix64> randoms_;                   // one a worker
  std::vector<session::Foresight> foresights_;        // one a worker
  std::vector<session::CommandStats> command_stats_;  // one a worker
  std::vector<session::Environment> environments_;    // one a worker
  std::unique_ptr<transport::AcceptSpread> spread_;
  std::atomic<bool> is_stopping_ = false;
  std::unique_ptr<bool[]> is_sweeping_;  // one a worker, its own
  FileMark users_file_mark_;             // of the thread that reloads: as it was when it was read
  FileMark users_file_seen_;             // and at the last look
  std::unique_ptr<Workers> workers_;     // late: the threads use all of the above
  std::unique_ptr<PatientThread> hashing_thread_;
  std::jthread login_thread_;  // uses that and the workers, whose connections it wakes
};

}  // namespace larder::server
