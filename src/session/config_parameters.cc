#include "session/config_parameters.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <fmt/format.h>
#include <system_error>

#include "base/ascii.h"
#include "base/numbers.h"
#include "protocol/resp/command_decoder.h"
#include "session/session.h"

namespace larder::session {
namespace {

using Kind = Parameter::Kind;

constexpr Bytes immutable = "can't set immutable config";

std::string not_one_of(Bytes choices) {
  return "argument(s) must be one of the following: " + std::string(choices);
}

bool is_one_of(Bytes text, Bytes choices) {
  while (!choices.empty()) {
    const std::size_t size = std::min(choices.find(", "), choices.size());
    if (equals_ignoring_case(choices.substr(0, size), text)) return true;
    choices.remove_prefix(std::min(size + 2, choices.size()));
  }
  return false;
}

// A number between two bounds, or how it is refused.
struct Number {
  std::int64_t value = 0;
  Refusal refusal;
};
Number read_number(Bytes text, std::int64_t least, std::int64_t most) {
  const auto value = parse_int64(text);
  if (!value) return {.refusal = "argument couldn't be parsed into an integer"};
  if (*value < least || *value > most) {
    return {.refusal = "argument must be between " + std::to_string(least) + " and " + std::to_string(most) +
                       " inclusive"};
  }
  return {.value = *value, .refusal = std::nullopt};
}

// "64mb", "1g", "1000": bytes. No number is 0, with or without a unit, as for Redis. None: it is no size.
std::optional<std::uint64_t> read_size(Bytes text) {
  struct Unit {
    Bytes name;
    std::uint64_t size;
  };
  static constexpr std::array units{Unit{"", 1},
                                    Unit{"b", 1},
                                    Unit{"k", 1'000},
                                    Unit{"kb", std::uint64_t{1} << 10},
                                    Unit{"m", 1'000'000},
                                    Unit{"mb", std::uint64_t{1} << 20},
                                    Unit{"g", 1'000'000'000},
                                    Unit{"gb", std::uint64_t{1} << 30}};
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) return std::nullopt;
  const Bytes name = text.substr(static_cast<std::size_t>(end - text.data()));
  const auto unit =
      std::ranges::find_if(units, [&](const Unit& known) { return equals_ignoring_case(known.name, name); });
  if (unit == units.end() || number > UINT64_MAX / unit->size) return std::nullopt;
  return number * unit->size;
}

std::string maxmemory(const Environment& environment) {
  return std::to_string(environment.cache.memory_limit());
}
Refusal set_maxmemory(const Environment& environment, Bytes text, Pass pass) {
  const auto size = read_size(text);
  if (!size) return "argument must be a memory value";
  if (*size == 0) return "argument must not be 0: a cache always has a limit";
  const cache::MemoryLimitRange range = environment.cache.memory_limit_range();
  if (*size < range.least) {
    return "the smallest limit that this cache can work with is " + std::to_string(range.least);
  }
  if (*size > range.most) {
    return "the cache has addresses for " + std::to_string(range.most) +
           " bytes; start the server with another --memory";
  }
  if (pass == Pass::sets) environment.cache.set_memory_limit(*size);
  return std::nullopt;
}

std::string maxmemory_policy(const Environment& /*environment*/) { return "allkeys-lru"; }
constexpr Bytes policies =
    "volatile-lru, volatile-lfu, volatile-random, volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, "
    "noeviction";
Refusal set_maxmemory_policy(const Environment& /*environment*/, Bytes text, Pass /*pass*/) {
  if (equals_ignoring_case(text, "allkeys-lru")) return std::nullopt;
  if (!is_one_of(text, policies)) return not_one_of(policies);
  return std::string(immutable) + "; start the server with another --backend or --policy";
}

std::string maxclients(const Environment& environment) {
  return std::to_string(environment.service.settings.connection_count_max.load(std::memory_order_relaxed));
}
// No more than at the start: that many descriptors the process has.
Refusal set_maxclients(const Environment& environment, Bytes text, Pass pass) {
  const Number number = read_number(text, 1, 4294967295);
  if (number.refusal) return number.refusal;
  if (static_cast<std::uint64_t>(number.value) > environment.facts.connection_count_max) {
    return "the server was started for " + std::to_string(environment.facts.connection_count_max) +
           "; start it with another --connections-max";
  }
  if (pass == Pass::asks) return std::nullopt;
  environment.service.settings.connection_count_max.store(static_cast<std::size_t>(number.value),
                                                          std::memory_order_relaxed);
  return std::nullopt;
}

std::string timeout(const Environment& environment) {
  return std::to_string(environment.service.settings.idle_timeout_ms.load(std::memory_order_relaxed) / 1000);
}
Refusal set_timeout(const Environment& environment, Bytes text, Pass pass) {
  const Number number = read_number(text, 0, 2147483647);
  if (number.refusal) return number.refusal;
  if (pass == Pass::asks) return std::nullopt;
  environment.service.settings.idle_timeout_ms.store(number.value * 1000, std::memory_order_relaxed);
  return std::nullopt;
}

std::string slowlog_threshold(const Environment& environment) {
  return std::to_string(environment.service.slow_log.threshold_us.load(std::memory_order_relaxed));
}
Refusal set_slowlog_threshold(const Environment& environment, Bytes text, Pass pass) {
  const Number number = read_number(text, -1, INT64_MAX);
  if (number.refusal) return number.refusal;
  if (pass == Pass::asks) return std::nullopt;
  environment.service.slow_log.threshold_us.store(number.value, std::memory_order_relaxed);
  return std::nullopt;
}

std::string slowlog_size(const Environment& environment) {
  return std::to_string(environment.service.slow_log.size_max.load(std::memory_order_relaxed));
}
Refusal set_slowlog_size(const Environment& environment, Bytes text, Pass pass) {
  const Number number = read_number(text, 0, INT64_MAX);
  if (number.refusal) return number.refusal;
  if (pass == Pass::asks) return std::nullopt;
  environment.service.slow_log.size_max.store(static_cast<std::size_t>(number.value),
                                              std::memory_order_relaxed);
  return std::nullopt;
}

std::string password(const Environment& environment) { return environment.service.accounts.password.text(); }
// A longer one could be set here and given nowhere: before a login an argument is bounded.
Refusal set_password(const Environment& environment, Bytes text, Pass pass) {
  constexpr std::size_t size_max = protocol::CommandLimits{}.stranger_bulk_size_max;
  if (text.size() > size_max) {
    return "argument must not be longer than " + std::to_string(size_max) + " bytes, or nobody could log in";
  }
  const Accounts& accounts = environment.service.accounts;
  if (!text.empty() && accounts.users.find("default") != nullptr) {
    return "the file of users has a password for the default user";
  }
  if (text.empty() && environment.facts.needs_password && !accounts.users.is_set()) {
    return "other machines can reach this server, which was started without --allow-anonymous";
  }
  if (pass == Pass::sets) environment.service.accounts.password.set(text);
  return std::nullopt;
}

// Redis has other words for how much is told.
std::string log_level(const Environment& environment) {
  const std::string& word = environment.facts.log_level;
  if (word == "debug") return word;
  return word == "info" ? "notice" : "warning";
}

std::string port(const Environment& environment) { return std::to_string(environment.facts.resp_port); }
std::string bind(const Environment& environment) { return environment.facts.resp_hosts; }
std::string backlog(const Environment& environment) { return std::to_string(environment.facts.backlog); }
std::string keepalive(const Environment& environment) {
  return std::to_string(environment.facts.keepalive.count());
}
std::string unix_path(const Environment& environment) { return environment.facts.resp_path; }
std::string unix_mode(const Environment& environment) {
  return environment.facts.resp_path.empty() ? "0" : fmt::format("{:o}", environment.facts.unix_mode);
}
std::string directory(const Environment& environment) { return environment.facts.directory; }
std::string protected_mode(const Environment& environment) {
  return environment.facts.allows_anonymous ? "no" : "yes";
}
std::string buffer_size(const Environment& environment) {
  return std::to_string(environment.facts.buffer_size_max);
}

std::string bulk_size(const Environment& environment) {
  return std::to_string(environment.limits.value_size_max);
}
std::string worker_count(const Environment& environment) {
  return std::to_string(environment.facts.worker_count);
}
std::string reads_by_worker(const Environment& environment) {
  return environment.facts.worker_count > 1 ? "yes" : "no";
}
// One bound for connections of every kind, past which they end at once.
std::string output_limits(const Environment& environment) {
  return fmt::format("normal {0} 0 0 slave {0} 0 0 pubsub {0} 0 0", environment.limits.output_size_max);
}
static_assert(cache::database_count == 16);

// Those that are what they are.
constexpr Parameter constant(Bytes name, Bytes value, Kind kind, Bytes choices = {}) {
  return {.name = name, .value = nullptr, .constant = value, .kind = kind, .choices = choices};
}
constexpr Parameter flag(Bytes name, Bytes value) { return constant(name, value, Kind::flag); }
constexpr Parameter integer(Bytes name, Bytes value) { return constant(name, value, Kind::integer); }
constexpr Parameter text(Bytes name, Bytes value) { return constant(name, value, Kind::text); }
constexpr Parameter fixed(Bytes name, Bytes value) { return constant(name, value, Kind::immutable); }

using Value = std::string (*)(const Environment& environment);
using Set = Refusal (*)(const Environment& environment, Bytes text, Pass pass);
// Those that a function tells, and perhaps another changes.
constexpr Parameter told(Bytes name, Value value, Kind kind, Bytes choices = {}) {
  return {.name = name, .value = value, .kind = kind, .choices = choices};
}
constexpr Parameter changed(Bytes name, Value value, Set set) {
  return {.name = name, .value = value, .set = set};
}

constexpr std::array all_parameters{
    fixed("aclfile", ""),
    flag("activedefrag", "no"),
    fixed("always-show-logo", "no"),
    constant("appendfsync", "no", Kind::choice, "everysec, always, no"),
    flag("appendonly", "no"),
    told("bind", bind, Kind::text),
    integer("busy-reply-threshold", "0"),
    told("client-output-buffer-limit", output_limits, Kind::text),
    fixed("cluster-enabled", "no"),
    fixed("daemonize", "no"),
    fixed("databases", "16"),
    constant("dbfilename", "", Kind::guarded),
    told("dir", directory, Kind::guarded),
    flag("dynamic-hz", "no"),
    fixed("enable-debug-command", "yes"),
    fixed("enable-module-command", "no"),
    fixed("enable-protected-configs", "no"),
    integer("hz", "10"),
    told("io-threads", worker_count, Kind::immutable),
    told("io-threads-do-reads", reads_by_worker, Kind::immutable),
    integer("latency-monitor-threshold", "0"),
    flag("latency-tracking", "no"),
    flag("lazyfree-lazy-eviction", "no"),
    flag("lazyfree-lazy-expire", "no"),
    flag("lazyfree-lazy-server-del", "no"),
    flag("lazyfree-lazy-user-del", "no"),
    flag("lazyfree-lazy-user-flush", "no"),
    integer("lfu-decay-time", "1"),
    integer("lfu-log-factor", "10"),
    fixed("logfile", ""),
    told("loglevel", log_level, Kind::choice, "debug, verbose, notice, warning"),
    integer("lua-time-limit", "0"),
    text("masterauth", ""),
    changed("maxclients", maxclients, set_maxclients),
    changed("maxmemory", maxmemory, set_maxmemory),
    told("maxmemory-clients", buffer_size, Kind::size),
    changed("maxmemory-policy", maxmemory_policy, set_maxmemory_policy),
    integer("maxmemory-samples", "5"),
    integer("min-replicas-to-write", "0"),
    integer("min-slaves-to-write", "0"),
    text("notify-keyspace-events", ""),
    fixed("pidfile", ""),
    told("port", port, Kind::integer),
    told("protected-mode", protected_mode, Kind::flag),
    told("proto-max-bulk-len", bulk_size, Kind::size),
    flag("replica-read-only", "yes"),
    fixed("replicaof", ""),
    changed("requirepass", password, set_password),
    text("save", ""),
    flag("slave-read-only", "yes"),
    fixed("slaveof", ""),
    changed("slowlog-log-slower-than", slowlog_threshold, set_slowlog_threshold),
    changed("slowlog-max-len", slowlog_size, set_slowlog_size),
    flag("stop-writes-on-bgsave-error", "no"),
    fixed("supervised", "no"),
    fixed("syslog-enabled", "no"),
    told("tcp-backlog", backlog, Kind::immutable),
    told("tcp-keepalive", keepalive, Kind::integer),
    changed("timeout", timeout, set_timeout),
    integer("tls-port", "0"),
    told("unixsocket", unix_path, Kind::immutable),
    told("unixsocketperm", unix_mode, Kind::immutable),
};
static_assert(std::ranges::is_sorted(all_parameters, {}, &Parameter::name));

// Why a text is not even of the kind of the parameter.
Refusal refuse_by_kind(const Parameter& parameter, Bytes text) {
  switch (parameter.kind) {
    case Kind::flag:
      if (!is_one_of(text, "yes, no")) return "argument must be 'yes' or 'no'";
      break;
    case Kind::integer:
      if (!parse_int64(text)) return "argument couldn't be parsed into an integer";
      break;
    case Kind::size:
      if (!read_size(text)) return "argument must be a memory value";
      break;
    case Kind::choice:
      if (!is_one_of(text, parameter.choices)) return not_one_of(parameter.choices);
      break;
    case Kind::text:
    case Kind::immutable:
    case Kind::guarded:
      break;
  }
  return std::nullopt;
}

}  // namespace

std::span<const Parameter> config_parameters() { return all_parameters; }

const Parameter* find_config_parameter(Bytes name) {
  const auto found = std::ranges::find_if(
      all_parameters, [&](const Parameter& parameter) { return equals_ignoring_case(parameter.name, name); });
  return found == all_parameters.end() ? nullptr : &*found;
}

std::string value_of(const Environment& environment, const Parameter& parameter) {
  return parameter.value != nullptr ? parameter.value(environment) : std::string(parameter.constant);
}

Bytes fixed_reason(const Parameter& parameter) {
  if (parameter.kind == Kind::immutable) return immutable;
  return parameter.kind == Kind::guarded ? Bytes("can't set protected config") : Bytes();
}

Refusal set_value(const Environment& environment, const Parameter& parameter, Bytes text, Pass pass) {
  if (parameter.set != nullptr) return parameter.set(environment, text, pass);
  if (Refusal refusal = refuse_by_kind(parameter, text)) return refusal;
  const std::string value = value_of(environment, parameter);
  const bool is_same =
      parameter.kind == Kind::size ? read_size(text) == read_size(value) : equals_ignoring_case(text, value);
  return is_same ? Refusal() : Refusal(immutable);
}

}  // namespace larder::session
