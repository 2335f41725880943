#include "web/web_app.h"

#include <cstdint>
#include <functional>
#include <malloc.h>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/output.h"
#include "program/file_limit.h"
#include "program/log.h"
#include "program/run_as.h"
#include "program/run_program.h"
#include "program/sandbox.h"
#include "program/stop_signals.h"
#include "protocol/http/response_writer.h"
#include "transport/address_counts.h"
#include "transport/addresses.h"
#include "transport/event_loop.h"
#include "transport/listener.h"
#include "transport/refusals.h"
#include "transport/tls_store.h"
#include "web/cache_calls.h"
#include "web/memory_budget.h"
#include "web/web_counts.h"
#include "web/web_handler.h"
#include "web/web_options.h"

namespace larder::web {
namespace {

constexpr std::size_t connection_count_max = 10'000;
// Listeners, the loop, the cache, standard streams; and those who are being refused.
constexpr std::uint64_t reserved_descriptor_count = 64 + transport::Refusals::socket_count_max;
constexpr Duration refusals_tick_period{100};
constexpr Duration report_tick_period{1000};
constexpr Duration reload_period{1000};  // how often the certificate's files are looked at
constexpr std::size_t thread_count = 16;
constexpr std::size_t value_size_max = std::size_t{128} << 20;  // what larder-server takes by default
constexpr std::size_t budget_size = std::size_t{256} << 20;     // web/memory_budget.h
constexpr Duration cache_time_limit{1000};                      // to connect, and for a whole call
// The same where the cache has a password to try: it does so beside everything else, and holds logins back
// for up to five seconds after somebody's wrong ones from the same address.
constexpr Duration login_time_limit{6000};
constexpr Duration shutdown_timeout{10'000};
constexpr std::uint16_t domain_port = 53;  // of name servers, when an answer is too large for UDP

// glibc otherwise raises this by itself to the size of what is freed, up to 32 MiB, and then each of the
// pool's threads keeps the buffers of the largest answers that it has seen: 300 MB after answers of 8 MiB.
void return_large_buffers_to_the_kernel() {
  ::mallopt(M_MMAP_THRESHOLD, 256 << 10);  // NOLINT(concurrency-mt-unsafe): no other thread yet
}

int cannot_start(const Error& error) {
  program::log_error(error.message);
  return program::exit_failed;
}

ClientOptions client_options(const WebOptions& options) {
  const Duration time_limit = options.cache_password.empty() ? cache_time_limit : login_time_limit;
  return {.address = options.cache.url(),
          .connect_timeout = time_limit,
          .call_timeout = time_limit,
          .connection_count_max = thread_count,
          .reply_size_max = value_size_max,
          .user = options.cache_user,
          .password = options.cache_password,
          .tls_ca = options.cache_tls_ca,
          .tls_certificate = options.cache_tls_cert,
          .tls_key = options.cache_tls_key};
}

std::size_t fitting_connection_count() {
  const std::uint64_t file_limit = program::raise_file_limit();
  const std::size_t fitting =
      program::connections_that_fit(connection_count_max, file_limit, reserved_descriptor_count);
  if (fitting < connection_count_max) {
    program::log_warn("no more than " + std::to_string(fitting) + " connections instead of " +
                      std::to_string(connection_count_max) + ": this process may have " +
                      std::to_string(file_limit) + " open files");
  }
  return fitting;
}

/// What a peer hears for whom there is no room, whatever it was going to ask.
std::string no_room() {
  Output output;
  const protocol::http::HeaderView retry_after{.name = "Retry-After", .value = "1"};
  protocol::http::write_text(
      {.status = 503, .content_type = text_type, .keep_alive = false, .headers = {&retry_after, 1}},
      "too many connections; try again", output);
  return std::string(output.pending());
}

Result<std::vector<transport::Listener>> open_listeners(const program::OptionValues& values,
                                                        const WebOptions& options) {
  std::vector<transport::Listener> listeners;
  for (const Endpoint& endpoint : options.listen) {
    auto listener = transport::open_listener(endpoint, {.unix_mode = static_cast<mode_t>(options.unix_mode)});
    if (!listener) {
      return failure(listener.error().kind,
                     listener.error().message + " (" + values.origin("listen") + " says where to serve)");
    }
    listeners.push_back(*std::move(listener));
  }
  return listeners;
}

// The name of the cache is looked up again and again: libc reads files of /etc for that, and loads libraries.
program::SandboxNeeds sandbox_needs(const WebOptions& options) {
  using Access = program::PathRule::Access;
  program::SandboxNeeds needs;
  needs.connects = true;
  for (const Endpoint& endpoint : options.listen) {
    if (!endpoint.is_unix()) continue;
    needs.files.paths.push_back({.path = program::parent_folder(endpoint.path), .access = Access::remove});
  }
  for (std::string& folder : program::tls_folders(options.tls))
    needs.files.paths.push_back({.path = std::move(folder)});
  if (options.cache.is_unix()) return needs;
  for (const char* const path :
       {"/etc", "/run/systemd/resolve", "/run/resolvconf", "/lib", "/lib64", "/usr/lib"})
    needs.files.paths.push_back({.path = path});
  needs.files.connect_ports = {options.cache.port, domain_port};
  return needs;
}

/// Runs the loop on a thread of its own until a signal has stopped it. `reload` is called every
/// reload_period, and with true on SIGHUP.
int run(transport::EventLoop& loop, program::StopSignals& stop, const std::function<void(bool)>& reload) {
  Result<void> ended;
  std::thread loop_thread([&] {
    ended = loop.run();
    stop.notify();
  });
  Duration grace = shutdown_timeout;
  while (true) {
    const auto event = stop.wait_for(reload_period);
    if (event == program::StopSignals::Event::notified) break;
    if (event != program::StopSignals::Event::stop_signal) {
      reload(event == program::StopSignals::Event::hangup);
      continue;
    }
    program::log_info(grace > Duration{0} ? "stopping" : "stopping at once");
    loop.shut_down(grace);
    grace = Duration{0};
  }
  loop_thread.join();
  if (!ended) return cannot_start(ended.error());
  program::log_info("stopped");
  return program::exit_clean;
}

}  // namespace

int serve(const program::OptionValues& values) {
  return_large_buffers_to_the_kernel();
  const Result<WebOptions> options = web_options(values);
  if (!options) return program::refuse_option(web_option_table(), options.error());
  const auto user = program::user_to_run_as(values);
  if (!user) return program::refuse_option(web_option_table(), user.error());
  program::warn_of_root(*user);
  auto client = make_client(client_options(*options));
  if (!client) {
    return program::refuse_option(
        web_option_table(), {client.error().kind, values.origin("cache") + ": " + client.error().message});
  }

  for (const std::string& warning : options->warnings) program::log_warn(warning);

  auto stop = program::StopSignals::make(program::StopSignals::Hangup::is_told);
  if (!stop) return cannot_start(stop.error());
  const std::size_t connections_max = fitting_connection_count();

  const SystemClock clock;
  std::unique_ptr<transport::TlsStore> tls;
  if (!options->tls.certificate.empty()) {
    auto made = transport::TlsStore::make({.certificate = options->tls.certificate,
                                           .key = options->tls.key,
                                           .client_ca = options->tls.client_ca},
                                          clock.now());
    if (!made) return cannot_start({made.error().kind, "TLS: " + made.error().message});
    tls = *std::move(made);
  }
  const WebLimits limits;
  WebCounts counts;
  MemoryBudget budget(budget_size, counts);
  CountingObserver observer(counts);
  CountReport report(counts);
  transport::Refusals refusals;
  transport::AddressCounts address_counts(options->address_connection_count_max);
  const std::string refusal = no_room();

  transport::LoopOptions loop_options;
  loop_options.clock = &clock;
  loop_options.observer = &observer;
  // One response at a time is unsent, and the largest is a value as large as the client takes one.
  loop_options.limits.output_size_max = value_size_max + Output::turn_size;
  auto loop = transport::make_epoll_loop(loop_options);
  if (!loop) return cannot_start(loop.error());
  transport::EventLoop& connections = **loop;

  // All that rights are needed for is open; what is given up here is given up by all threads that start
  // below.
  auto listeners = open_listeners(values, *options);
  if (!listeners) return cannot_start(listeners.error());
  if (const Result<void> done = program::run_as(*user, options->listen); !done)
    return cannot_start(done.error());
  const auto sandbox = program::enter_sandbox(program::sandbox_mode(values), sandbox_needs(*options));
  if (!sandbox) return cannot_start(sandbox.error());
  program::log_info("sandbox: " + *sandbox);

  // Behind the loop, so that its threads have ended before the connections that they wake are gone.
  CacheCalls calls(*client, counts, {.thread_count = thread_count, .clock = &clock});

  std::string ready = "ready";
  std::vector<transport::SocketFile> socket_files;
  for (transport::Listener& listener : *listeners) {
    ready += ' ' + listener.endpoint.url();
    if (listener.endpoint.is_unix()) socket_files.push_back(std::move(listener.file));
    const bool has_tls = listener.endpoint.tls;
    connections.listen(std::move(listener.socket), [&, connections_max, has_tls](transport::Socket socket) {
      transport::SocketAddresses addresses = transport::addresses_of(socket);
      const bool has_room = connections.connection_count() < connections_max;
      auto place = has_room ? address_counts.take(addresses.peer) : std::nullopt;
      if (place) {
        PageRules rules{.allowed_origins = options->allowed_origins,
                        .local_address = std::move(addresses.local)};
        transport::TlsUse use;
        if (has_tls) use = {.context = tls->current(), .application_protocol = "http/1.1"};
        return connections.adopt(
            std::move(socket),
            std::make_unique<WebHandler>(calls, limits, budget, std::move(rules), *std::move(place)),
            std::move(use));
      }
      ++counts.connections_refused;
      if (has_room) ++counts.connections_refused_per_address;
      refusals.refuse(std::move(socket), has_tls ? "" : refusal, clock.now().steady);
    });
  }
  connections.every(refusals_tick_period, [&](const Now& now) { refusals.tick(now.steady); });
  connections.every(report_tick_period, [&](const Now&) { report.tick(); });
  program::log_always(ready);
  const int status = run(connections, *stop, [&](bool is_asked) {
    if (tls != nullptr) program::log_tls_reload(tls->look(clock.now(), is_asked));
  });
  program::log_info(counts.text());
  return status;
}

}  // namespace larder::web
