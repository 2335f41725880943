#include "server/server_options.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "base/output.h"
#include "base/sizes.h"
#include "cache/factory.h"
#include "program/allowed_origins.h"
#include "program/password_option.h"
#include "program/size_text.h"
#include "program/unix_mode.h"
#include "protocol/resp/command_decoder.h"
#include "server/cores.h"
#include "server/dialects.h"
#include "transport/buffer_budget.h"
#include "transport/listener.h"
#include "transport/loop_choice.h"

namespace larder::server {
namespace {

using program::OptionValues;
using program::size_text;

// Half of it waits for a client that sends a whole pipeline before it reads, however small values are.
constexpr std::uint64_t output_size_max_floor = 128 * mib;

// Below this the ordinary bursts of a few large replies would be in each other's way.
constexpr std::uint64_t buffer_size_max_floor = 64 * mib;

// "set ", the space behind the key, CR and LF.
constexpr std::uint64_t line_frame_size = 7;

std::unexpected<Error> refused(const OptionValues& values, std::string_view flag, const std::string& reason) {
  return failure(ErrorKind::malformed, values.origin(flag) + ": " + reason);
}

// Those that this process may use, which a container or taskset makes fewer than the machine has.
std::size_t core_count() {
  const std::size_t count = usable_cores().size();
  return count > 0 ? count : std::max(1U, std::thread::hardware_concurrency());
}

// Two workers on one core would wait for each other, which is what --pin is there to prevent.
Result<std::vector<int>> choose_cores(const OptionValues& values, std::size_t worker_count) {
  if (!values.toggle("pin")) return std::vector<int>();
  std::vector<int> cores = usable_cores();
  if (worker_count > cores.size()) {
    return refused(values, "pin",
                   std::to_string(worker_count) + " workers cannot have a core each: this process may use " +
                       std::to_string(cores.size()) + "; --workers makes them fewer");
  }
  cores.resize(worker_count);
  return cores;
}

Result<std::size_t> choose_shards(const OptionValues& values, const ServerOptions& options) {
  const std::size_t count_max = cache::shard_count_max(options.memory_size_max, options.item_count_max);
  if (count_max == 0) {
    return refused(values, "memory",
                   "'" + size_text(options.memory_size_max) + "' is too small for any cache");
  }
  const std::optional<std::uint64_t> asked = values.number_or_word("shards");
  if (!asked) {
    return cache::choose_shard_count(options.memory_size_max, options.item_count_max, options.worker_count);
  }
  const std::string largest =
      "the largest number that can work with these limits is " + std::to_string(count_max);
  if (!std::has_single_bit(*asked)) {
    return refused(values, "shards", std::to_string(*asked) + " is not a power of two; " + largest);
  }
  if (*asked > count_max) {
    return refused(values, "shards", std::to_string(*asked) + " parts are too many; " + largest);
  }
  return static_cast<std::size_t>(*asked);
}

Result<void> fill_sizes(const OptionValues& values, ServerOptions& options) {
  const std::uint64_t memory = options.memory_size_max;
  options.limits.key_size_max = values.number("key-size-max");
  options.limits.line_size_max = values.number("line-size-max");
  options.limits.value_size_max = values.is_given("value-size-max") ? values.number("value-size-max")
                                                                    : std::min(value_size_limit, memory / 2);
  options.output_size_max =
      values.is_given("output-size-max")
          ? values.number("output-size-max")
          : std::max<std::uint64_t>(2 * options.limits.value_size_max, output_size_max_floor);

  options.limits.output_size_max = options.output_size_max;
  const std::uint64_t buffers_min = options.connection_count_max * transport::BufferBudget::size_each_min;
  options.buffer_size_max =
      values.is_given("buffer-memory")
          ? values.number("buffer-memory")
          : std::max({2 * options.limits.value_size_max, memory / 4, buffers_min, buffer_size_max_floor});
  if (options.buffer_size_max < buffers_min) {
    return refused(values, "buffer-memory",
                   size_text(options.buffer_size_max) + " is less than " + size_text(buffers_min) +
                       ", which is " + size_text(transport::BufferBudget::size_each_min) +
                       " for each of --connections-max " + std::to_string(options.connection_count_max));
  }

  if (options.limits.value_size_max > memory) {
    return refused(values, "value-size-max",
                   size_text(options.limits.value_size_max) + " is more than all of --memory, which is " +
                       size_text(memory));
  }
  if (options.limits.key_size_max + line_frame_size > options.limits.line_size_max) {
    const std::string_view flag = values.is_given("line-size-max") ? "line-size-max" : "key-size-max";
    return refused(values, flag,
                   "a line of " + size_text(options.limits.line_size_max) +
                       " (--line-size-max) cannot hold a key of " + size_text(options.limits.key_size_max) +
                       " (--key-size-max)");
  }
  if (options.output_size_max < options.limits.value_size_max) {
    options.warnings.push_back("a value larger than --output-size-max (" +
                               size_text(options.output_size_max) +
                               ") can be stored, but reading it may close the connection");
  }
  return {};
}

Result<void> fill_limits(const OptionValues& values, ServerOptions& options) {
  options.memory_size_max = values.number("memory");
  options.item_count_max = values.number("items-max");
  options.worker_count = values.number_or_word("workers").value_or(core_count());
  options.connection_count_max = values.number("connections-max");
  options.address_connection_count_max = values.number("connections-per-address");
  const Result<std::size_t> shard_count = choose_shards(values, options);
  if (!shard_count) return std::unexpected(shard_count.error());
  options.shard_count = *shard_count;
  return fill_sizes(values, options);
}

Result<void> check_exposure(const OptionValues& values, const ServerOptions& options) {
  if (options.allow_anonymous || !options.password.empty() || !options.users_path.empty()) return {};
  for (const Endpoint& endpoint : options.listen) {
    const Result<bool> loopback = transport::is_loopback(endpoint);
    if (!loopback) return refused(values, "listen", loopback.error().message);
    if (*loopback || options.asks_for_certificate(endpoint)) continue;
    return refused(
        values, "listen",
        "'" + endpoint.url() +
            "' can be reached from other machines and nobody is asked for a password; listen on "
            "127.0.0.1, set a password, name --users, ask for certificates (--tls-client-ca), or add "
            "--allow-anonymous if that is meant");
  }
  return {};
}

// A longer one could not be sent before the login.
static_assert(program::password_size_max == protocol::CommandLimits{}.stranger_bulk_size_max);

Result<void> fill_password(const OptionValues& values, ServerOptions& options) {
  if (values.is_given("password-file")) {
    Result<std::string> password = program::read_password_file(values.text("password-file"));
    if (!password) return refused(values, "password-file", password.error().message);
    options.password = *std::move(password);
    if (values.is_given("password")) {
      options.warnings.push_back(values.origin("password") +
                                 " is not used: the password of --password-file is");
    }
    return {};
  }
  if (!values.is_given("password")) return {};
  options.password = values.text("password");
  if (options.password.size() > program::password_size_max) {
    return refused(
        values, "password",
        "longer than " + std::to_string(program::password_size_max) + " bytes, so that nobody could log in");
  }
  if (!options.password.empty() && values.value("password").source == program::OptionSource::command_line) {
    options.warnings.emplace_back(
        "--password can be seen by everybody who uses this machine, in ps; LARDER_PASSWORD and the file of "
        "--config keep it to themselves");
  }
  return {};
}

}  // namespace

Result<void> check_limits(const OptionValues& values) {
  ServerOptions options;
  return fill_limits(values, options);
}

Result<ServerOptions> make_server_options(const OptionValues& values) {
  ServerOptions options;
  options.listen = values.endpoints("listen");
  options.backend = values.text("backend");
  options.policy = values.text("policy");
  options.event_loop = values.text("event-loop");
  if (values.is_given("policy") && options.backend != "segment") {
    options.warnings.push_back("--policy is for --backend segment: " + options.backend +
                               " has an order of its own");
  }
  if (const Result<void> filled = fill_limits(values, options); !filled)
    return std::unexpected(filled.error());
  Result<std::vector<int>> cores = choose_cores(values, options.worker_count);
  if (!cores) return std::unexpected(cores.error());
  options.pinned_cores = *std::move(cores);
  options.backlog = static_cast<int>(values.number("tcp-backlog"));
  options.keepalive = std::chrono::seconds(values.number("tcp-keepalive"));
  const Result<unsigned> unix_mode = program::unix_mode(values);
  if (!unix_mode) return std::unexpected(unix_mode.error());
  options.unix_mode = *unix_mode;
  options.idle_timeout = values.duration("idle-timeout");
  options.shutdown_timeout = values.duration("shutdown-timeout");
  options.allow_anonymous = values.toggle("allow-anonymous");
  if (values.is_given("users")) options.users_path = values.text("users");
  options.login_delay_max = values.duration("login-delay-max");
  options.login_timeout = values.duration("login-timeout");
  options.request_bounds = {.per_address = values.number("requests-per-address"),
                            .per_user = values.number("requests-per-user")};
  if (const Result<void> filled = fill_password(values, options); !filled) {
    return std::unexpected(filled.error());
  }
  const std::optional<std::uint64_t> threshold_us = values.number_or_word("slowlog-log-slower-than");
  options.slow_log_threshold_us = threshold_us ? static_cast<std::int64_t>(*threshold_us) : -1;
  options.slow_log_size_max = values.number("slowlog-max-len");
  options.log_level = values.text("log-level");
  if (values.is_given("config")) options.config_path = values.text("config");
  options.given = values;
  Result<std::vector<std::string>> allowed_origins = program::allowed_origins(values);
  if (!allowed_origins) return std::unexpected(allowed_origins.error());
  options.allowed_origins = *std::move(allowed_origins);

  Result<program::TlsPaths> tls = program::tls_paths(values, options.listen);
  if (!tls) return std::unexpected(tls.error());
  options.tls = *std::move(tls);

  if (const Result<void> checked = check_exposure(values, options); !checked) {
    return std::unexpected(checked.error());
  }
  return options;
}

}  // namespace larder::server
