#include "tools/bench/bench_options.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "program/password_option.h"
#include "tools/decimal.h"
#include "tools/option_refusal.h"
#include "tools/trace/value_size.h"
#include "tools/trace/zipf.h"

namespace larder::tools {
namespace {

using program::OptionKind;
using program::OptionTable;
using program::OptionValues;

// Larger ones make no figure more exact, and whatever is pending takes memory.
constexpr std::uint64_t connection_count_max = 100'000;
constexpr std::uint64_t pipeline_max = 10'000;
constexpr std::uint64_t keys_per_read_max = 10'000;
constexpr std::uint64_t pending_key_count_max = std::uint64_t{64} << 20;

constexpr std::uint64_t value_size_max = std::uint64_t{512} << 20;
constexpr Duration duration_default{10'000};

constexpr std::string_view bench_notes =
    "Each connection sends --pipeline requests at once and the next when all of them are\n"
    "answered. With --rate, requests are due at that rate whatever the server does, and a\n"
    "request's latency counts from when it was due. All requests of a connection's turn\n"
    "leave in one send.\n"
    "\n"
    "Keys are 23 bytes, \"object:\" and 16 hexadecimal digits, and a value is its key again\n"
    "and again: what one run has stored, any other run with the same sizes can check.\n"
    "\n"
    "  larder-bench resp://127.0.0.1:6379 --fill                        GET, one at a time\n"
    "  larder-bench resp://127.0.0.1:6379 --pipeline 16 --reads 0       SET\n"
    "  larder-bench resp://127.0.0.1:6379 --keys-per-read 100           MGET\n"
    "  larder-bench memcached://127.0.0.1:11211 --fill --key-choice zipf --reads 90\n"
    "  larder-bench resp://127.0.0.1:6379 --rate 20000 --duration 1m --json\n"
    "\n"
    "Exit status 1 says that the server was not there, went away, made no sense, refused\n"
    "something or answered with wrong values; 2 that an option is wrong. Ctrl-C ends a run\n"
    "early, with the figures so far.";

OptionTable make_bench_table() {
  static constexpr std::array<std::string_view, 4> schemes{"resp", "memcached", "resp+tls", "memcached+tls"};
  static constexpr std::array<std::string_view, 3> key_choices{"uniform", "zipf", "sequential"};
  OptionTable table{.program = "larder-bench",
                    .summary = "Measures what a cache server does under load: RESP, memcached",
                    .environment_prefix = "LARDER_BENCH_",
                    .positional = "server",
                    .notes = bench_notes};
  table.rows = {
      {.flag = "server",
       .kind = OptionKind::endpoint,
       .default_text = "resp://127.0.0.1:6379",
       .choices = schemes,
       .help =
           "Where it is and what it speaks: RESP (GET, MGET, SET) or memcached's text protocol (get, set); "
           "at a Unix socket resp+unix:///path, through TLS resp+tls://host:port"},
      {.flag = "user",
       .kind = OptionKind::text,
       .value_text = "NAME",
       .example = "bench",
       .help = "Who to log in as over RESP; with a password alone it is the default user"},
      {.flag = "password",
       .kind = OptionKind::text,
       .value_text = "PASSWORD",
       .example = "a long one",
       .help = "The password to log in with; who uses this machine can read a command line, so better "
               "LARDER_BENCH_PASSWORD or a file"},
      {.flag = "password-file",
       .kind = OptionKind::text,
       .value_text = "FILE",
       .example = "/etc/larder/bench.password",
       .help = "The same in the first line of a file that nobody else may read (mode 0600)"},
      {.flag = "tls-ca",
       .kind = OptionKind::text,
       .value_text = "FILE",
       .example = "/etc/larder/ca.crt",
       .help = "Who may have signed the server's certificate, in PEM, in place of the system's CAs"},
      {.flag = "tls-cert",
       .kind = OptionKind::text,
       .value_text = "FILE",
       .example = "/etc/larder/bench.crt",
       .help = "The certificate of this program, in PEM with its chain, for a server that asks for one"},
      {.flag = "tls-key",
       .kind = OptionKind::text,
       .value_text = "FILE",
       .example = "/etc/larder/bench.key",
       .help = "Its key, in PEM without a passphrase"},
      {.flag = "connections",
       .kind = OptionKind::count,
       .default_text = "50",
       .min = 1,
       .max = connection_count_max,
       .help = "How many, of all threads together"},
      {.flag = "threads",
       .kind = OptionKind::count,
       .default_text = "1",
       .min = 1,
       .max = 1024,
       .help = "Threads that send and receive, each with its share of the connections"},
      {.flag = "pipeline",
       .kind = OptionKind::count,
       .default_text = "1",
       .min = 1,
       .max = pipeline_max,
       .help = "Requests that a connection sends at once; with --rate, that it may have pending"},
      {.flag = "rate",
       .kind = OptionKind::count,
       .default_note = "as fast as the server answers",
       .example = "20000",
       .min = 1,
       .max = 100'000'000,
       .help = "Requests a second that are due, whatever the server does"},
      {.flag = "duration",
       .kind = OptionKind::duration,
       .default_note = "10s, without --requests",
       .example = "10s",
       .min = 1,
       .help = "How long to measure"},
      {.flag = "requests",
       .kind = OptionKind::count,
       .default_note = "as many as there is time for",
       .example = "1000000",
       .help = "How many requests to measure at most; 0 with --fill: fill and nothing else"},
      {.flag = "warm-up",
       .kind = OptionKind::duration,
       .default_text = "0",
       .help = "How long to send before measuring; not with --requests"},
      {.flag = "fill",
       .kind = OptionKind::toggle,
       .default_text = "false",
       .help = "First store every key once, with at least 16 requests pending on each connection"},
      {.flag = "reads",
       .kind = OptionKind::count,
       .default_text = "100",
       .max = 100,
       .help = "Percentage of requests that read; the others store"},
      {.flag = "keys-per-read",
       .kind = OptionKind::count,
       .default_text = "1",
       .min = 1,
       .max = keys_per_read_max,
       .help = "More than 1: MGET of so many keys, or a get of memcached with so many"},
      {.flag = "keys",
       .kind = OptionKind::count,
       .default_text = "1000000",
       .min = 1,
       .max = 10'000'000'000,
       .help = "How many different keys there are"},
      {.flag = "key-choice",
       .kind = OptionKind::choice,
       .default_text = "uniform",
       .choices = key_choices,
       .help = "Each as often as any other, the k-th as often as 1 / k^skew, or one after the other"},
      {.flag = "skew",
       .kind = OptionKind::text,
       .value_text = "NUMBER",
       .default_text = "0.99",
       .help = "Of --key-choice zipf, from 0 to 10"},
      {.flag = "seed",
       .kind = OptionKind::count,
       .default_text = "1",
       .help = "The same seed asks for the same keys in each connection's thread"},
      {.flag = "value-size",
       .kind = OptionKind::size,
       .default_note = "64b",
       .example = "64b",
       .min = 1,
       .max = value_size_max,
       .help = "Bytes of every value; a hit of another size is wrong"},
      {.flag = "value-mean",
       .kind = OptionKind::size,
       .example = "200b",
       .min = 1,
       .max = log_normal_value_size_max,
       .help = "Give each key a size of its own, log-normal with this mean"},
      {.flag = "verify",
       .kind = OptionKind::toggle,
       .default_text = "false",
       .help = "Compare every byte of every hit, not only its size"},
      {.flag = "timeout",
       .kind = OptionKind::duration,
       .default_text = "10s",
       .min = 1,
       .help = "How long a connection may owe replies and say nothing, or take to be made"},
      {.flag = "json",
       .kind = OptionKind::toggle,
       .default_text = "false",
       .help = "Print one JSON object in place of a table"},
      program::config_option_row(),
  };
  return table;
}

KeyChoice key_choice_of(std::string_view word) {
  if (word == "zipf") return KeyChoice::zipf;
  return word == "sequential" ? KeyChoice::sequential : KeyChoice::uniform;
}

Result<Workload> workload_of(const OptionValues& values) {
  Workload workload{
      .protocol = values.endpoint("server").scheme == "resp" ? BenchProtocol::resp : BenchProtocol::memcached,
      .key_count = values.number("keys"),
      .key_choice = key_choice_of(values.text("key-choice")),
      .seed = values.number("seed"),
      .read_percent = static_cast<unsigned>(values.number("reads")),
      .keys_per_read = static_cast<std::uint32_t>(values.number("keys-per-read")),
      .is_verified = values.toggle("verify")};
  const std::optional<double> skew = parse_decimal(values.text("skew"));
  if (!skew || *skew < 0 || *skew > Zipf::skew_max) {
    return refused(values, "skew", "'" + values.text("skew") + "' is not a number from 0 to 10");
  }
  workload.skew = *skew;
  if (values.is_given("skew") && workload.key_choice != KeyChoice::zipf) {
    return refused(values, "skew", "is for --key-choice zipf");
  }
  if (values.is_given("value-mean")) {
    if (values.is_given("value-size"))
      return refused(values, "value-mean", "cannot go together with --value-size");
    workload.value_rule = {.kind = ValueRuleKind::log_normal, .size = values.number("value-mean")};
  } else if (values.is_given("value-size")) {
    workload.value_rule.size = values.number("value-size");
  }
  return workload;
}

// How long, and how much.
Result<void> fill_extent(BenchOptions& options, const OptionValues& values) {
  const bool is_counted = values.is_given("requests");
  if (is_counted) options.request_count_max = values.number("requests");
  if (options.request_count_max == 0 && !options.is_filled_first) {
    return refused(values, "requests", "0 leaves nothing to do, unless --fill is given");
  }
  options.duration = values.is_given("duration") ? values.duration("duration")
                                                 : (is_counted ? Duration{0} : duration_default);
  options.warm_up = values.duration("warm-up");
  if (is_counted && options.warm_up > Duration{0}) {
    return refused(values, "warm-up", "cannot go together with --requests");
  }
  return {};
}

// Who is asked for, and who asks.
Result<void> fill_trust(BenchOptions& options, const OptionValues& values) {
  auto password = program::given_password(values, "password", "password-file");
  if (!password) return std::unexpected(password.error());
  options.login = {.user = program::given_text(values, "user"), .password = std::move(password->text)};
  options.warnings = std::move(password->warnings);
  if (options.login.is_given() && options.workload.protocol != BenchProtocol::resp)
    return refused(values, values.is_given("user") ? "user" : "password", "memcached's text has no login");
  for (const std::string_view flag : {"tls-ca", "tls-cert", "tls-key"}) {
    if (values.is_given(flag) && !options.server.tls)
      return refused(values, flag, "is for a server with TLS, as resp+tls://host:port");
  }
  // Every handshake is a whole one, so that they can be counted as such.
  options.tls = {.ca_file = program::given_text(values, "tls-ca"),
                 .certificate_file = program::given_text(values, "tls-cert"),
                 .key_file = program::given_text(values, "tls-key"),
                 .resumes = false};
  return {};
}

}  // namespace

std::size_t BenchOptions::pending_count_max() const {
  return is_filled_first ? std::max(pipeline, filling_pipeline_min) : pipeline;
}

const OptionTable& bench_option_table() {
  static const OptionTable table = make_bench_table();
  return table;
}

Result<BenchOptions> bench_options(const OptionValues& values) {
  const Result<Workload> workload = workload_of(values);
  if (!workload) return std::unexpected(workload.error());
  BenchOptions options{.server = values.endpoint("server"),
                       .login = {},
                       .tls = {},
                       .warnings = {},
                       .workload = *workload,
                       .connection_count = values.number("connections"),
                       .thread_count = values.number("threads"),
                       .pipeline = values.number("pipeline"),
                       .rate = values.is_given("rate") ? values.number("rate") : 0,
                       .timeout = values.duration("timeout"),
                       .is_filled_first = values.toggle("fill"),
                       .is_json = values.toggle("json")};
  if (const Result<void> filled = fill_extent(options, values); !filled)
    return std::unexpected(filled.error());
  if (const Result<void> filled = fill_trust(options, values); !filled)
    return std::unexpected(filled.error());
  if (options.thread_count > options.connection_count) {
    return refused(values, "threads",
                   "more than the " + std::to_string(options.connection_count) +
                       " connections: some would have nothing to do");
  }
  const std::uint64_t pending_key_count =
      options.connection_count * options.pending_count_max() * workload->keys_per_read;
  if (pending_key_count > pending_key_count_max) {
    return refused(values, "pipeline",
                   "with so many connections and keys, " + std::to_string(pending_key_count) +
                       " keys could be pending; " + std::to_string(pending_key_count_max) + " is the most");
  }
  return options;
}

}  // namespace larder::tools
