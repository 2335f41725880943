#include "server/server.h"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <new>
#include <optional>
#include <span>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "base/assert.h"
#include "base/random.h"
#include "cache/factory.h"
#include "program/log.h"
#include "program/size_text.h"
#include "program/version.h"
#include "server/build_id.h"
#include "server/process_use.h"
#include "server/session_handler.h"
#include "server/users_file.h"
#include "transport/addresses.h"

namespace larder::server {
namespace {

constexpr Duration tick_period{100};

// How many places a worker looks at for expired items before it serves requests again: about 0.03 ms of
// work. A million items with one deadline are gone within a second all the same, and nobody notices.
constexpr std::size_t sweep_visit_count = 64;

std::int64_t stopwatch_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::int64_t wall_clock_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Clients send a whole pipeline before they read the first reply, and Redis lets them: megabytes of replies
// wait here meanwhile. Half of what ends a connection, so that one reply more does not end it.
transport::ConnectionLimits connection_limits(const ServerOptions& options) {
  constexpr std::size_t unread_output_size_max = std::size_t{64} << 20;
  return {.unread_output_size = std::min(options.output_size_max / 2, unread_output_size_max),
          .output_size_max = options.output_size_max,
          .stranger_time_max = options.login_timeout};
}

}  // namespace

Server::Server(ServerOptions options)
    : options_(std::move(options)),
      config_rewriter_(options_),
      address_counts_(options_.address_connection_count_max) {
  service_.settings.connection_count_max = options_.connection_count_max;
  service_.settings.idle_timeout_ms = options_.idle_timeout.count();
  service_.accounts.password.set(options_.password);
  service_.rates.set_up(options_.request_bounds);
  service_.slow_log.threshold_us = options_.slow_log_threshold_us;
  service_.slow_log.size_max = options_.slow_log_size_max;
  service_.control = this;
  service_.stopwatch_us = stopwatch_us;
  service_.wall_clock_us = wall_clock_us;
  service_.process_use = process_use;
}

Result<std::unique_ptr<Server>> Server::make(ServerOptions options) {
  std::unique_ptr<Server> server(new Server(std::move(options)));
  // Listeners before the cache: a busy port is the likely mistake, and the cheap one to find.
  Result<std::vector<transport::Listener>> listeners = server->open_listeners();
  if (!listeners) return std::unexpected(listeners.error());
  if (const Result<void> opened = server->open_tls(); !opened) return std::unexpected(opened.error());
  if (const Result<void> set_up = server->set_up_logins(); !set_up) return std::unexpected(set_up.error());
  if (const Result<void> opened = server->open_cache(); !opened) return std::unexpected(opened.error());
  if (const Result<void> opened = server->open_workers(); !opened) return std::unexpected(opened.error());
  server->describe();
  for (transport::Listener& listener : *listeners) server->accept_from(std::move(listener));
  return server;
}

Result<std::vector<transport::Listener>> Server::open_listeners() {
  std::vector<transport::Listener> listeners;
  for (const Endpoint& endpoint : options_.listen) {
    Result<transport::Listener> listener =
        transport::open_listener(endpoint, {.backlog = options_.backlog,
                                            .keepalive = options_.keepalive,
                                            .unix_mode = static_cast<mode_t>(options_.unix_mode)});
    if (!listener) {
      return failure(listener.error().kind, listener.error().message + "; --listen moves it");
    }
    // The name was looked up once for the check of the options and again for this.
    if (!options_.allow_anonymous && !listener->loopback && !options_.asks_for_certificate(endpoint)) {
      if (options_.password.empty() && options_.users_path.empty()) {
        return failure(ErrorKind::refused, endpoint.url() + " is beyond loopback; see --allow-anonymous");
      }
      facts_.needs_password = true;
    }
    endpoints_.push_back(listener->endpoint);
    listeners.push_back(*std::move(listener));
  }
  return listeners;
}

Result<void> Server::open_tls() {
  if (options_.tls.certificate.empty()) return {};
  auto made = transport::TlsStore::make(
      {.certificate = options_.tls.certificate, .key = options_.tls.key, .client_ca = options_.tls.client_ca},
      clock_.now());
  if (!made) return failure(made.error().kind, "TLS: " + made.error().message);
  tls_ = *std::move(made);
  return {};
}

Result<void> Server::set_up_logins() {
  session::LoginQueue::Secret secret{};
  fill_random(secret);
  service_.logins.set_up(secret, options_.login_delay_max);
  if (options_.users_path.empty()) return {};
  users_file_mark_ = users_file_seen_ = FileMark::of(options_.users_path);
  Result<std::vector<session::User>> users = read_users_file(options_.users_path);
  if (!users) return std::unexpected(users.error());
  return take_users(*std::move(users));
}

// There is one default user: that of the password, or that of the file.
Result<void> Server::take_users(std::vector<session::User> users) {
  const bool names_default = std::ranges::find(users, "default", &session::User::name) != users.end();
  if (names_default && service_.accounts.password.is_set()) {
    return failure(ErrorKind::malformed, options_.users_path +
                                             ": has the user default, whose password is set already; "
                                             "without --password, or requirepass, it can");
  }
  service_.accounts.users.set(std::move(users));
  return {};
}

void Server::reload_users() {
  users_file_mark_ = users_file_seen_ = FileMark::of(options_.users_path);
  Result<std::vector<session::User>> users = read_users_file(options_.users_path);
  Result<void> taken;
  if (users) {
    taken = take_users(*std::move(users));
  } else {
    taken = std::unexpected(users.error());
  }
  if (!taken) return program::log_error("the users stay as they were: " + taken.error().message);
  program::log_info("users: read " + options_.users_path + " again");
  // Those who are silent, too: each looks whether it is still logged in.
  try {
    for (const std::unique_ptr<transport::EventLoop>& loop : workers_->loops()) {
      loop->post([&loop = *loop] { loop.wake_all(); });
    }
  } catch (const std::bad_alloc&) {
    program::log_warn("no memory to wake the connections, which look at their next request");
  }
}

void Server::reload(bool is_asked) {
  if (tls_ != nullptr) program::log_tls_reload(tls_->look(clock_.now(), is_asked));
  if (options_.users_path.empty()) return;
  // Once it stands still: whoever writes it in place is not read half way, which would end the users behind.
  const FileMark present = FileMark::of(options_.users_path);
  const bool is_settled = std::exchange(users_file_seen_, present) == present;
  if (is_asked || (is_settled && present != users_file_mark_)) reload_users();
}

Result<void> Server::open_cache() {
  cache::CacheOptions cache_options{.memory_size_max = options_.memory_size_max,
                                    .item_count_max = options_.item_count_max,
                                    .shard_count = options_.shard_count,
                                    .policy = options_.policy};
  fill_random(cache_options.secret);
  Result<std::unique_ptr<cache::Cache>> made = cache::make_cache(options_.backend, cache_options);
  if (!made) return std::unexpected(made.error());
  cache_ = *std::move(made);
  return {};
}

// An io_uring for each worker may be more than the kernel gives this process: each counts against the memory
// that a user may lock. All are made before anybody is told that the server is ready.
Result<void> Server::make_workers() {
  auto choice = transport::choose_event_loop(options_.event_loop);
  Result<std::unique_ptr<Workers>> made;
  const auto make = [&] {
    made = Workers::make(options_.worker_count, *choice, connection_limits(options_),
                         options_.buffer_size_max, clock_, options_.pinned_cores);
  };
  if (choice) {
    make();
    if (!made && options_.event_loop == "auto" && choice->name != "epoll") {
      const std::string reason = made.error().message;
      choice = transport::choose_event_loop("epoll");
      choice->reason = reason;
      make();
    }
  }
  if (!choice || !made) {
    const Error& error = choice ? made.error() : choice.error();
    return failure(error.kind, "--event-loop " + options_.event_loop + ": " + error.message);
  }
  program::log_info("event loop: " + std::string(choice->name) + " (" + choice->reason + ")");
  facts_.event_loop = choice->name;
  facts_.event_loop_reason = choice->reason;
  workers_ = *std::move(made);
  return {};
}

Result<void> Server::open_workers() {
  if (Result<void> made = make_workers(); !made) return made;
  const std::span<insight::Counters> counters = workers_->counters();
  command_stats_ = std::vector<session::CommandStats>(options_.worker_count);
  is_sweeping_ = std::make_unique<bool[]>(options_.worker_count);
  randoms_.assign(options_.worker_count, SplitMix64(0));
  foresights_.assign(options_.worker_count, session::Foresight(*cache_));
  for (SplitMix64& random : randoms_) {
    std::array<unsigned char, sizeof(std::uint64_t)> seed{};
    fill_random(seed);
    random = SplitMix64(std::bit_cast<std::uint64_t>(seed));
  }
  std::vector<transport::EventLoop*> loops;
  for (std::size_t i = 0; i < options_.worker_count; ++i) {
    environments_.push_back({.cache = *cache_,
                             .counters = counters[i],
                             .all_counters = counters,
                             .command_stats = command_stats_[i],
                             .all_command_stats = command_stats_,
                             .limits = options_.limits,
                             .facts = facts_,
                             .allowed_origins = options_.allowed_origins,
                             .service = service_,
                             .random = randoms_[i],
                             .foresight = foresights_[i]});
    transport::EventLoop& loop = *workers_->loops()[i];
    loop.every(tick_period, [this, i](const Now& now) {
      if (!is_sweeping_[i]) sweep(i, now.wall);
    });
    // CONFIG SET timeout is for those that are silent now, too.
    const std::atomic<std::int64_t>& idle_timeout_ms = service_.settings.idle_timeout_ms;
    loop.every(tick_period, [&loop, &idle_timeout_ms, known = idle_timeout_ms.load()](const Now&) mutable {
      const std::int64_t present = idle_timeout_ms.load(std::memory_order_relaxed);
      if (std::exchange(known, present) != present) loop.idle_timeouts_changed();
    });
    // Of each worker, since the others may have ended before it.
    loop.every(tick_period, [this](const Now& now) { service_.clients.tick(now.wall); });
    loops.push_back(&loop);
  }
  workers_->loops().front()->every(tick_period, [this, ticked_at = TimePoint::min()](const Now& now) mutable {
    refusals_.tick(now.steady);
    service_.rates.tick(now.wall);
    // The clock was set back: who sleeps looks when he is to wake now.
    if (now.wall < std::exchange(ticked_at, now.wall)) service_.clients.tick(TimePoint::max());
    service_.note_memory_used(cache_->stats().memory_used);
    const insight::CounterTotals totals = insight::add_up(workers_->counters());
    service_.sample(now.wall, totals);
    tell_of_closings(totals.over_budget_closed, now.steady);
    tell_of_delays(totals, now.steady);
  });
  spread_ = std::make_unique<transport::AcceptSpread>(std::move(loops));
  return {};
}

void Server::describe() {
  facts_.version = program::version();
  facts_.build_id = build_id();
  facts_.backend = options_.backend;
  facts_.policy = options_.backend == "segment" ? options_.policy : "lru";
  facts_.worker_count = options_.worker_count;
  facts_.shard_count = options_.shard_count;
  facts_.connection_count_max = options_.connection_count_max;
  facts_.buffer_size_max = options_.buffer_size_max;
  facts_.memory_used_at_start = cache_->stats().memory_used;
  facts_.machine_memory_size = machine_memory_size();
  static_cast<void>(process_use());  // opens what it reads, while files can be opened
  facts_.system = system_name();
  facts_.process_id = ::getpid();
  std::array<unsigned char, 20> random{};
  fill_random(random);
  facts_.run_id.clear();
  for (const unsigned char byte : random) {
    for (const unsigned digit : {byte / 16U, byte % 16U}) facts_.run_id += "0123456789abcdef"[digit];
  }
  facts_.started_at = clock_.now().wall;
  for (const Endpoint& endpoint : endpoints_) {
    if (endpoint.scheme != "resp") continue;
    if (endpoint.is_unix()) {
      if (facts_.resp_path.empty()) facts_.resp_path = endpoint.path;
      continue;
    }
    if (facts_.resp_hosts.empty()) facts_.resp_port = endpoint.port;
    facts_.resp_hosts += (facts_.resp_hosts.empty() ? "" : " ") + endpoint.host;
  }
  facts_.unix_mode = options_.unix_mode;
  facts_.backlog = options_.backlog;
  facts_.keepalive = options_.keepalive;
  facts_.allows_anonymous = options_.allow_anonymous;
  facts_.log_level = options_.log_level;
  std::error_code unreachable;
  facts_.directory = std::filesystem::current_path(unreachable).string();
  if (!options_.config_path.empty()) {
    facts_.config_path = std::filesystem::absolute(options_.config_path, unreachable).string();
  }
}

void Server::accept_from(transport::Listener listener) {
  const Dialect* dialect = find_dialect(listener.endpoint.scheme);
  LARDER_ASSERT(dialect != nullptr);
  if (listener.endpoint.is_unix()) socket_files_.push_back(std::move(listener.file));
  workers_->loops().front()->listen(
      std::move(listener.socket), [this, dialect, has_tls = listener.endpoint.tls](transport::Socket socket) {
        on_accept(*dialect, has_tls, std::move(socket));
      });
}

void Server::on_accept(const Dialect& dialect, bool has_tls, transport::Socket socket) {
  // A handshake costs more than is given to somebody who is turned away.
  const std::string_view refusal = has_tls ? std::string_view() : dialect.refusal;
  // Only worker 0 accepts, so nobody else can take the last place between the question and the answer.
  if (open_count_.load(std::memory_order_relaxed) >=
      service_.settings.connection_count_max.load(std::memory_order_relaxed)) {
    refuse(refusal, std::move(socket), clock_.now().steady);
    return;
  }
  transport::SocketAddresses addresses = transport::addresses_of(socket);
  std::optional<transport::AddressCounts::Place> place = address_counts_.take(addresses.peer);
  if (!place) {
    const SteadyTime now = clock_.now().steady;
    workers_->counters().front().connections_refused_per_address.add();
    tell_of_crowd(addresses.peer, now);
    refuse(refusal, std::move(socket), now);
    return;
  }
  const session::ConnectionFacts facts{.id = ++connection_id_,
                                       .address = std::move(addresses.peer),
                                       .local_address = std::move(addresses.local),
                                       .accepted_at = clock_.now().wall};
  transport::TlsUse tls;
  if (has_tls) tls = {.context = tls_->current(), .application_protocol = dialect.application_protocol};
  spread_->hand_over(
      0, std::move(socket),
      [this, &dialect, facts,
       taken = ConnectionPlace(open_count_, *std::move(place))](std::size_t worker_index) mutable {
        return std::make_unique<SessionHandler>(dialect.make_session(environments_[worker_index], facts),
                                                service_.settings, std::move(taken));
      },
      std::move(tls));
}

void Server::refuse(std::string_view text, transport::Socket socket, SteadyTime now) {
  workers_->counters().front().connections_refused.add();
  refusals_.refuse(std::move(socket), text, now);
}

void Server::tell_of_crowd(const std::string& address, SteadyTime now) {
  const std::uint64_t news =
      told_crowds_.take_news(workers_->counters().front().connections_refused_per_address.value(), now);
  if (news == 0) return;
  program::log_warn("connections refused because their address has " +
                    std::to_string(options_.address_connection_count_max) +
                    " already (--connections-per-address): " + std::to_string(news) + ", the last from " +
                    address);
}

// A client asked for it. Only the loops are told, which may be done from their own threads.
void Server::shut_down(bool at_once) { shut_down(at_once ? Duration{0} : options_.shutdown_timeout); }

void Server::log(Bytes line) { program::log_warn(line); }

Result<void> Server::rewrite_config() {
  return config_rewriter_.rewrite({.service = service_, .memory_size_max = cache_->memory_limit()},
                                  clock_.now().steady);
}

void Server::tell_of_closings(std::uint64_t count, SteadyTime now) {
  const std::uint64_t news = told_closings_.take_news(count, now);
  if (news == 0) return;
  program::log_warn(
      "connections closed because others waited while their buffers took most of --buffer-memory " +
      program::size_text(options_.buffer_size_max) + ": " + std::to_string(news));
}

void Server::tell_of_delays(const insight::CounterTotals& totals, SteadyTime now) {
  using Kind = session::RequestRates::Kind;
  const auto tell = [&](ToldTrouble& told, std::uint64_t count, Kind kind, std::string_view option,
                        std::uint64_t bound) {
    const std::uint64_t news = told.take_news(count, now);
    if (news == 0) return;
    program::log_warn("requests that waited for " + std::string(option) + " " + std::to_string(bound) + ": " +
                      std::to_string(news) + ", one of " + service_.rates.take_delayed(kind));
  };
  const session::RequestRates::Bounds& bounds = options_.request_bounds;
  tell(told_address_delays_, totals.requests_delayed_per_address, Kind::address, "--requests-per-address",
       bounds.per_address);
  tell(told_user_delays_, totals.requests_delayed_per_user, Kind::user, "--requests-per-user",
       bounds.per_user);
}

// Every worker does its share, wherever the last one stopped: the cache remembers the place. What is due
// beyond one portion waits for the loop's next turn, behind the requests of this one; a tick that falls
// between two portions adds nothing.
void Server::sweep(std::size_t worker_index, TimePoint now) {
  is_sweeping_[worker_index] = false;
  if (!service_.settings.sweeps.load(std::memory_order_relaxed)) return;
  insight::Counters& counters = workers_->counters()[worker_index];
  const std::int64_t started_us = stopwatch_us();
  const bool is_cut_short = cache_->sweep(now, sweep_visit_count);
  counters.sweep_duration_us.add(static_cast<std::uint64_t>(stopwatch_us() - started_us));
  if (!is_cut_short || is_stopping_) return;
  counters.sweeps_cut_short.add();
  workers_->loops()[worker_index]->post([this, worker_index, now] { sweep(worker_index, now); });
  is_sweeping_[worker_index] = true;
}

void Server::start(std::function<void()> on_finished) {
  workers_->start(std::move(on_finished));
  // Whoever is logged in comes first: of a core that both want, passwords have a tenth.
  constexpr int niceness = 10;
  hashing_thread_ = std::make_unique<PatientThread>(niceness);
  if (!hashing_thread_->is_patient())
    program::log_warn("logins are tried at the same priority as requests are served");
  login_thread_ = std::jthread([this](const std::stop_token& stop) {
    service_.logins.serve(clock_, stop, [this](FunctionRef<void()> work) { hashing_thread_->run(work); });
  });
}

void Server::shut_down(Duration grace) {
  is_stopping_ = true;  // or a sweep that posts itself would keep its loop from ending
  workers_->shut_down(grace);
}

Result<void> Server::join() { return workers_->join(); }

insight::CounterTotals Server::counter_totals() { return insight::add_up(workers_->counters()); }

}  // namespace larder::server
