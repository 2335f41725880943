#include "server/run_server.h"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "program/file_limit.h"
#include "program/log.h"
#include "program/run_as.h"
#include "program/run_program.h"
#include "program/sandbox.h"
#include "program/size_text.h"
#include "program/stop_signals.h"
#include "server/hash_password.h"
#include "server/server.h"
#include "server/server_options.h"
#include "transport/socket.h"

namespace larder::server {
namespace {

using program::StopSignals;

// What is open besides connections: the standard streams, a few files for looking up names, the loops' own
// descriptors, the listeners (a Unix socket has its file beside it), and those who are being refused.
std::uint64_t reserved_descriptor_count(const ServerOptions& options) {
  return 32 + 4 * options.worker_count + 2 * options.listen.size() + transport::Refusals::socket_count_max;
}

void fit_connections(ServerOptions& options) {
  const std::uint64_t file_limit = program::raise_file_limit();
  const std::size_t fitting = program::connections_that_fit(options.connection_count_max, file_limit,
                                                            reserved_descriptor_count(options));
  if (fitting == options.connection_count_max) return;
  program::log_warn("connections-max is lowered from " + std::to_string(options.connection_count_max) +
                    " to " + std::to_string(fitting) + ": this process may have " +
                    std::to_string(file_limit) + " open files");
  options.connection_count_max = options.connection_count_fitting = fitting;
}

// CONFIG REWRITE puts a file in the place of another, the files of Unix sockets are removed in the end, and
// certificates and users are read again.
program::SandboxNeeds sandbox_needs(const ServerOptions& options) {
  using Access = program::PathRule::Access;
  program::SandboxNeeds needs;
  if (!options.config_path.empty()) {
    needs.files.paths.push_back({.path = program::folder_of(options.config_path), .access = Access::rewrite});
  }
  for (const Endpoint& endpoint : options.listen) {
    if (!endpoint.is_unix()) continue;
    needs.files.paths.push_back({.path = program::parent_folder(endpoint.path), .access = Access::remove});
  }
  for (std::string& folder : program::tls_folders(options.tls))
    needs.files.paths.push_back({.path = std::move(folder)});
  if (!options.users_path.empty()) {
    needs.files.paths.push_back({.path = program::parent_folder(options.users_path)});
    needs.files.paths.push_back({.path = program::folder_of(options.users_path)});
  }
  return needs;
}

// Who has become another user may find that what root could read it can not, and would learn of it on the day
// on which somebody is to be locked out.
void warn_of_unreadable(std::span<const std::string> paths) {
  for (const std::string& path : paths) {
    if (path.empty()) continue;
    const transport::Socket file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.valid()) continue;
    program::log_warn("'" + path + "' cannot be read any more (" + std::generic_category().message(errno) +
                      "): changes of it will have no effect; let the user that --user names read it");
  }
}

std::string ready_line(const Server& server) {
  std::string line = "ready";
  for (const Endpoint& endpoint : server.endpoints()) line += " " + endpoint.url();
  return line;
}

// How often files that were read at the start are looked at.
constexpr Duration reload_period{1000};

// The first signal asks, the second insists. SIGHUP has files read again.
void wait_for_the_end(Server& server, StopSignals& signals, Duration grace) {
  bool is_asked = false;
  while (true) {
    const std::optional<StopSignals::Event> event = signals.wait_for(reload_period);
    if (event == StopSignals::Event::notified) return;
    if (event != StopSignals::Event::stop_signal) {
      server.reload(event == StopSignals::Event::hangup);
      continue;
    }
    if (is_asked) {
      program::log_info("stopping now");
      server.shut_down(Duration{0});
    } else {
      program::log_info("stopping; replies under way have " + program::duration_text(grace));
      server.shut_down(grace);
    }
    is_asked = true;
  }
}

int cannot_start(const Error& error) {
  program::log_error("cannot start: " + error.message);
  return program::exit_failed;
}

}  // namespace

int run_server(const program::OptionValues& values) {
  if (values.toggle("hash-password")) return hash_password();
  Result<ServerOptions> options = make_server_options(values);
  if (!options) return program::refuse_option(server_option_table(), options.error());
  const Result<std::optional<program::User>> user = program::user_to_run_as(values);
  if (!user) return program::refuse_option(server_option_table(), user.error());
  for (const std::string& warning : options->warnings) program::log_warn(warning);
  program::warn_of_root(*user);

  Result<StopSignals> signals = StopSignals::make(StopSignals::Hangup::is_told);
  if (!signals) return cannot_start(signals.error());
  fit_connections(*options);
  const Duration grace = options->shutdown_timeout;
  program::log_info("backend " + options->backend + ", memory " +
                    program::size_text(options->memory_size_max) + ", shards " +
                    std::to_string(options->shard_count) + ", workers " +
                    std::to_string(options->worker_count));
  const program::SandboxNeeds needs = sandbox_needs(*options);
  const std::vector<std::string> reloaded = {options->users_path, options->tls.certificate, options->tls.key,
                                             options->tls.client_ca};
  Result<std::unique_ptr<Server>> server = Server::make(*std::move(options));
  if (!server) return cannot_start(server.error());
  if (const Result<void> done = program::run_as(*user, (*server)->endpoints()); !done)
    return cannot_start(done.error());
  auto sandbox = program::enter_sandbox(program::sandbox_mode(values), needs);
  if (!sandbox) return cannot_start(sandbox.error());
  program::log_info("sandbox: " + *sandbox);
  (*server)->tell_sandbox(*std::move(sandbox));
  warn_of_unreadable(reloaded);

  (*server)->start([&signals] { signals->notify(); });
  program::log_always(ready_line(**server));
  wait_for_the_end(**server, *signals, grace);
  if (const Result<void> ended = (*server)->join(); !ended) {
    program::log_error("failed: " + ended.error().message);
    return program::exit_failed;
  }
  program::log_info("stopped");
  return program::exit_clean;
}

}  // namespace larder::server
