#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/glob.h"
#include "base/numbers.h"
#include "protocol/resp/command_decoder.h"
#include "session/resp_handlers.h"
#include "session/server_stats.h"

namespace larder::session {
namespace {

// What a parameter takes. Errors are the ends of sentences that begin "CONFIG SET failed ...".
using Refusal = std::optional<std::string>;

// CONFIG SET sets all it names or nothing: first each is only asked whether it would take its text.
enum class Pass : std::uint8_t { asks, sets };

struct Parameter {
  Bytes name;  // Redis'
  std::string (*value)(const Environment& environment);
  // Null: cannot be changed while the server runs. To set it to what it is does no harm.
  Refusal (*set)(const Environment& environment, Bytes text, Pass pass);
};

constexpr Bytes immutable = "can't set immutable config";

template <char... text>
std::string constant(const Environment& /*environment*/) {
  return {text...};
}
std::string empty(const Environment& /*environment*/) { return ""; }
std::string no(const Environment& /*environment*/) { return "no"; }
std::string yes(const Environment& /*environment*/) { return "yes"; }
std::string zero(const Environment& /*environment*/) { return "0"; }

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

// "64mb", "1g", "1000": bytes. None: it is no size.
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
  const std::size_t digit_count = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto digits = parse_int64(text.substr(0, digit_count));
  if (!digits) return std::nullopt;
  const auto number = static_cast<std::uint64_t>(*digits);
  const auto unit = std::ranges::find_if(
      units, [&](const Unit& known) { return equals_ignoring_case(known.name, text.substr(digit_count)); });
  if (unit == units.end() || number > UINT64_MAX / unit->size) return std::nullopt;
  return number * unit->size;
}

std::string maxmemory(const Environment& environment) {
  return std::to_string(environment.facts.memory_size_max);
}
// Memory is laid out at the start: the limit stays what it is.
Refusal set_maxmemory(const Environment& environment, Bytes text, Pass /*pass*/) {
  const auto size = read_size(text);
  if (!size) return "argument must be a memory value";
  if (*size == environment.facts.memory_size_max) return std::nullopt;
  return std::string(immutable) + "; start the server with another --memory";
}

std::string maxmemory_policy(const Environment& /*environment*/) { return "allkeys-lru"; }
Refusal set_maxmemory_policy(const Environment& /*environment*/, Bytes text, Pass /*pass*/) {
  static constexpr std::array names{Bytes("volatile-lru"),   Bytes("volatile-lfu"), Bytes("volatile-random"),
                                    Bytes("volatile-ttl"),   Bytes("allkeys-lru"),  Bytes("allkeys-lfu"),
                                    Bytes("allkeys-random"), Bytes("noeviction")};
  if (equals_ignoring_case(text, "allkeys-lru")) return std::nullopt;
  if (std::ranges::any_of(names, [&](Bytes name) { return equals_ignoring_case(name, text); })) {
    return std::string(immutable) + "; start the server with another --backend or --policy";
  }
  std::string all;
  for (const Bytes name : names) all += (all.empty() ? "" : ", ") + std::string(name);
  return "argument(s) must be one of the following: " + all;
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

// Redis takes any length; entries are kept in memory, so this is bounded.
constexpr std::int64_t slowlog_size_limit = 10'000;
std::string slowlog_size(const Environment& environment) {
  return std::to_string(environment.service.slow_log.size_max.load(std::memory_order_relaxed));
}
Refusal set_slowlog_size(const Environment& environment, Bytes text, Pass pass) {
  const Number number = read_number(text, 0, slowlog_size_limit);
  if (number.refusal) return number.refusal;
  if (pass == Pass::asks) return std::nullopt;
  environment.service.slow_log.size_max.store(static_cast<std::size_t>(number.value),
                                              std::memory_order_relaxed);
  return std::nullopt;
}

std::string password(const Environment& environment) { return environment.service.password.text(); }
// A longer one could be set here and given nowhere: before a login an argument is bounded.
Refusal set_password(const Environment& environment, Bytes text, Pass pass) {
  constexpr std::size_t size_max = protocol::CommandLimits{}.stranger_bulk_size_max;
  if (text.size() > size_max) {
    return "argument must not be longer than " + std::to_string(size_max) + " bytes, or nobody could log in";
  }
  if (pass == Pass::sets) environment.service.password.set(text);
  return std::nullopt;
}

std::string port(const Environment& environment) { return std::to_string(environment.facts.resp_port); }
std::string databases(const Environment& /*environment*/) { return std::to_string(cache::database_count); }
std::string bulk_size(const Environment& environment) {
  return std::to_string(environment.limits.value_size_max);
}
std::string worker_count(const Environment& environment) {
  return std::to_string(environment.facts.worker_count);
}

// Ordered by name.
constexpr std::array parameters{
    Parameter{"activedefrag", no, nullptr},
    Parameter{"appendfsync", constant<'n', 'o'>, nullptr},
    Parameter{"appendonly", no, nullptr},
    Parameter{"cluster-enabled", no, nullptr},
    Parameter{"databases", databases, nullptr},
    Parameter{"dbfilename", empty, nullptr},
    Parameter{"dir", constant<'/'>, nullptr},
    Parameter{"hz", constant<'1', '0'>, nullptr},
    Parameter{"io-threads", worker_count, nullptr},
    Parameter{"latency-monitor-threshold", zero, nullptr},
    Parameter{"latency-tracking", no, nullptr},
    Parameter{"lazyfree-lazy-eviction", no, nullptr},
    Parameter{"lazyfree-lazy-expire", no, nullptr},
    Parameter{"lazyfree-lazy-user-del", no, nullptr},
    Parameter{"lazyfree-lazy-user-flush", no, nullptr},
    Parameter{"logfile", empty, nullptr},
    Parameter{"maxclients", maxclients, set_maxclients},
    Parameter{"maxmemory", maxmemory, set_maxmemory},
    Parameter{"maxmemory-clients", zero, nullptr},
    Parameter{"maxmemory-policy", maxmemory_policy, set_maxmemory_policy},
    Parameter{"maxmemory-samples", constant<'5'>, nullptr},
    Parameter{"notify-keyspace-events", empty, nullptr},
    Parameter{"port", port, nullptr},
    Parameter{"protected-mode", yes, nullptr},
    Parameter{"proto-max-bulk-len", bulk_size, nullptr},
    Parameter{"replica-read-only", yes, nullptr},
    Parameter{"requirepass", password, set_password},
    Parameter{"save", empty, nullptr},
    Parameter{"slave-read-only", yes, nullptr},
    Parameter{"slowlog-log-slower-than", slowlog_threshold, set_slowlog_threshold},
    Parameter{"slowlog-max-len", slowlog_size, set_slowlog_size},
    Parameter{"tcp-keepalive", constant<'3', '0', '0'>, nullptr},
    Parameter{"timeout", timeout, set_timeout},
};
static_assert(std::ranges::is_sorted(parameters, {}, &Parameter::name));
constexpr std::size_t parameter_name_size_max = 64;

const Parameter* find_parameter(Bytes name) {
  const auto found = std::ranges::find_if(
      parameters, [&](const Parameter& parameter) { return equals_ignoring_case(parameter.name, name); });
  return found == parameters.end() ? nullptr : &*found;
}

Refusal set_parameter(const Environment& environment, const Parameter& parameter, Bytes text, Pass pass) {
  if (parameter.set != nullptr) return parameter.set(environment, text, pass);
  if (equals_ignoring_case(parameter.value(environment), text)) return std::nullopt;
  return std::string(immutable);
}

}  // namespace

// By the names of Redis or patterns of them. A name that is no pattern comes back as it was written.
void handle_config_get(RespCall& call) {
  std::vector<std::pair<Bytes, const Parameter*>> found;
  const auto add = [&](Bytes name, const Parameter& parameter) {
    const bool is_known =
        std::ranges::any_of(found, [&](const auto& pair) { return pair.second == &parameter; });
    if (!is_known) found.emplace_back(name, &parameter);
  };
  for (const Bytes word : call.arguments.subspan(2)) {
    if (word.find_first_of("*?[\\") == Bytes::npos) {
      if (const Parameter* parameter = find_parameter(word)) add(word, *parameter);
      continue;
    }
    Glob glob(to_lower(word), parameter_name_size_max);
    for (const Parameter& parameter : parameters) {
      if (glob.matches(parameter.name)) add(parameter.name, parameter);
    }
  }
  call.reply.map(found.size());
  for (const auto& [name, parameter] : found) {
    call.reply.bulk(name);
    call.reply.bulk(parameter->value(call.environment));
  }
}

// All or nothing.
void handle_config_set(RespCall& call) {
  const auto words = call.arguments.subspan(2);
  if (words.size() % 2 != 0) return reply_wrong_argument_count(call, call.spec);
  std::vector<const Parameter*> found;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const Parameter* parameter = find_parameter(words[i]);
    if (parameter == nullptr) {
      return call.reply.error("ERR Unknown option or number of arguments for CONFIG SET - '" +
                              quotable(words[i]) + "'");
    }
    if (std::ranges::find(found, parameter) != found.end()) {
      return call.reply.error("ERR CONFIG SET failed (possibly related to argument '" +
                              std::string(parameter->name) + "') - duplicate parameter");
    }
    found.push_back(parameter);
  }
  for (const Pass pass : {Pass::asks, Pass::sets}) {
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (const Refusal refusal = set_parameter(call.environment, *found[i], words[2 * i + 1], pass)) {
        return call.reply.error("ERR CONFIG SET failed (possibly related to argument '" +
                                std::string(found[i]->name) + "') - " + *refusal);
      }
    }
  }
  call.reply.ok();
}

void handle_config_resetstat(RespCall& call) {
  reset_stats(call.keys, call.environment);
  call.reply.ok();
}

void handle_config_rewrite(RespCall& call) {
  call.reply.error("ERR The server is running without a config file");
}

}  // namespace larder::session
