#include "server/server_options.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "base/output.h"
#include "cache/factory.h"
#include "program/allowed_origins.h"
#include "program/health_check.h"
#include "program/password_option.h"
#include "program/run_as.h"
#include "program/sandbox.h"
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

using program::OptionKind;
using program::OptionRow;
using program::OptionTable;
using program::OptionValues;
using program::size_text;

constexpr std::uint64_t kb = 1024;
constexpr std::uint64_t mb = 1024 * kb;
constexpr std::uint64_t gb = 1024 * mb;

// Redis' own bound of a value; a reply is made in memory, so that "any size" would mean any memory.
constexpr std::uint64_t value_size_limit = 512 * mb;

// Half of it waits for a client that sends a whole pipeline before it reads, however small values are.
constexpr std::uint64_t output_size_max_floor = 128 * mb;

// Below this the ordinary bursts of a few large replies would be in each other's way.
constexpr std::uint64_t buffer_size_max_floor = 64 * mb;

// "set ", the space behind the key, CR and LF.
constexpr std::uint64_t line_frame_size = 7;

OptionTable make_table() {
  OptionTable table{.program = "larder-server",
                    .summary = "Larder, a caching service: values under keys, in memory, for any client.",
                    .environment_prefix = "LARDER_",
                    .ignored_environment_prefixes = {"LARDER_WEB_", "LARDER_REPLAY_", "LARDER_BENCH_"}};
  table.rows = {
      {.flag = "listen",
       .kind = OptionKind::endpoint_list,
       .default_text = listen_default(),
       .min = 1,
       .choices = listen_schemes(),
       .help =
           "An address to serve, as scheme://host:port, scheme+tls://host:port for TLS, or "
           "scheme+unix:///path for a Unix socket; may be "
           "given more than once, and replaces all the defaults; port 0 picks a free one, [::] means IPv6 "
           "only"},
      program::unix_mode_option_row(),
      {.flag = "tcp-backlog",
       .kind = OptionKind::count,
       .default_text = "4096",
       .min = 1,
       .max = 1'000'000,
       .help = "Connections that may wait to be accepted at each address; the kernel lowers it to "
               "net.core.somaxconn"},
      {.flag = "tcp-keepalive",
       .kind = OptionKind::count,
       .value_text = "SECONDS",
       .default_text = "300",
       .max = 32'767,
       .help = "After how many seconds of silence a peer over TCP is asked whether it is there; three times "
               "unanswered, each a third of this apart, and its connection ends; 0 means never"},
      {.flag = "memory",
       .kind = OptionKind::size,
       .default_text = "256mb",
       .min = 64 * kb,
       .max = gb * mb,
       .help = "The memory for keys, values and all that the cache needs to keep them"},
      {.flag = "items-max",
       .kind = OptionKind::count,
       .default_text = "0",
       .max = std::uint64_t{1} << 48,
       .help = "The most items to keep; 0 means as many as memory holds"},
      {.flag = "backend",
       .kind = OptionKind::choice,
       .default_text = cache::backend_names().front(),
       .choices = cache::backend_names(),
       .help = "How the cache is built and which item leaves when it is full"},
      {.flag = "policy",
       .kind = OptionKind::choice,
       .default_text = cache::policy_names().front(),
       .choices = cache::policy_names(),
       .help = "By what the segment back end chooses who leaves; the others have one order each"},
      {.flag = "shards",
       .kind = OptionKind::count_or_auto,
       .default_text = "auto",
       .min = 1,
       .help =
           "Into how many parts with a lock each the cache is cut, a power of two; the order of eviction is "
           "exact within a part"},
      {.flag = "workers",
       .kind = OptionKind::count_or_auto,
       .default_text = "auto",
       .min = 1,
       .max = 256,
       .help = "Threads that serve connections; auto means one for each core this process may use"},
      {.flag = "pin",
       .kind = OptionKind::toggle,
       .help =
           "Bind each worker to a core of its own, in the order of those that this process may use; there "
           "must be as many"},
      {.flag = "event-loop",
       .kind = OptionKind::choice,
       .default_text = transport::event_loop_names().front(),
       .choices = transport::event_loop_names(),
       .help =
           "How connections are waited for; auto means io_uring where the kernel lets this process have it"},
      {.flag = "connections-max",
       .kind = OptionKind::count,
       .default_text = "10000",
       .min = 1,
       .max = 1'000'000,
       .help = "The most connections at a time, over all addresses; lowered to what the limit of open files "
               "allows"},
      {.flag = "connections-per-address",
       .kind = OptionKind::count,
       .default_text = "0",
       .max = 1'000'000,
       .help = "The most connections at a time from one address, which is a network of 64 bits for IPv6; 0 "
               "means no such bound, and Unix sockets have none"},
      {.flag = "key-size-max",
       .kind = OptionKind::size,
       .default_text = "16kb",
       .min = 1,
       .max = 64 * mb,
       .help = "The longest key"},
      {.flag = "value-size-max",
       .kind = OptionKind::size,
       .default_note = "the smaller of 512mb and half of --memory",
       .example = "128mb",
       .min = 1,
       .max = value_size_limit,
       .help =
           "The longest value; in the LRU back ends an item must also fit into its part of the cache, see "
           "--shards"},
      {.flag = "line-size-max",
       .kind = OptionKind::size,
       .default_text = "1mb",
       .min = 64,
       .max = gb,
       .help = "The longest line of the line protocol"},
      {.flag = "output-size-max",
       .kind = OptionKind::size,
       .default_note = "twice --value-size-max, and at least 128mb",
       .example = "256mb",
       .min = 64 * kb,
       .max = 1024 * gb,
       .help = "Past half of this, or 64mb, of replies that its peer has not taken a connection is no longer "
               "read, "
               "past this it is closed"},
      {.flag = "buffer-memory",
       .kind = OptionKind::size,
       .default_note = "the largest of twice --value-size-max, a quarter of --memory, 8kb for each of "
                       "--connections-max and 64mb",
       .example = "256mb",
       .min = 4 * mb,
       .max = gb * mb,
       .help = "The memory for the buffers of all connections, beside --memory: when it runs short, those "
               "who hold "
               "much are no longer read, and then those who hold most are closed"},
      {.flag = "idle-timeout",
       .kind = OptionKind::duration,
       .default_text = "0",
       .help = "How long a peer may be silent before its connection is closed; 0 means for ever, but HTTP "
               "connections end after 60s"},
      {.flag = "shutdown-timeout",
       .kind = OptionKind::duration,
       .default_text = "10s",
       .help =
           "How long replies under way may take to leave after SIGTERM or SIGINT; a second signal cuts it "
           "short"},
      {.flag = "allow-anonymous",
       .kind = OptionKind::toggle,
       .help = "Listen where other machines can reach it, although nobody is asked for a password"},
      {.flag = "users",
       .kind = OptionKind::text,
       .value_text = "FILE",
       .help = "Who may log in, with a password of his own, and what each may do: sections [user.NAME] with "
               "password, rights and prefixes; nobody but its owner may read it; read again when it has "
               "changed"},
      {.flag = "hash-password",
       .kind = OptionKind::toggle,
       .scope = program::OptionScope::command,
       .help = "Serve nothing; read a password from standard input, and write what stands for it in the file "
               "of --users"},
      {.flag = "password-file",
       .kind = OptionKind::text,
       .value_text = "FILE",
       .help = "A file whose first line is the password, in place of --password; nobody but its owner may "
               "read it"},
      {.flag = "login-delay-max",
       .kind = OptionKind::duration,
       .default_text = "5s",
       .max = 60'000,
       .help =
           "How long logins from an address, or over a Unix socket, are held back at most after wrong ones "
           "from there: 100ms after two, then twice as long each time; 0 means not at all"},
      {.flag = "password",
       .kind = OptionKind::text,
       .value_text = "TEXT",
       .help = "What connections have to log in with, as the user default; on a command line everybody who "
               "uses the "
               "machine can see it"},
      {.flag = "slowlog-log-slower-than",
       .kind = OptionKind::count_or_none,
       .value_text = "MICROSECONDS",
       .default_text = "10000",
       .max = INT64_MAX,
       .help = "How long a command may take before SLOWLOG shows it; 0 means all that are timed, -1 none"},
      {.flag = "slowlog-max-len",
       .kind = OptionKind::count,
       .default_text = "128",
       .max = INT64_MAX,
       .help = "The most commands that SLOWLOG shows"},
      program::allow_origin_option_row(
          "A web origin, as https://host or https://host:port, whose pages may read and change the cache "
          "over HTTP and WebSocket; those of this server's own address and of localhost may anyway; may be "
          "given more than once"),
      program::user_option_row(),
      program::sandbox_option_row(),
  };
  for (const OptionRow& row : program::tls_option_rows()) table.rows.push_back(row);
  for (const OptionRow& row : program::common_option_rows(program::health_check_schemes())) {
    table.rows.push_back(row);
  }
  return table;
}

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

const OptionTable& server_option_table() {
  static const OptionTable table = make_table();
  return table;
}

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
