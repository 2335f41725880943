#include "tools/bench/bench_report.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "program/size_text.h"
#include "protocol/http/json_object.h"
#include "tools/decimal.h"

namespace larder::tools {
namespace {

using protocol::http::JsonObject;
using std::chrono::nanoseconds;

constexpr std::size_t name_width = 13;
constexpr std::size_t latency_width = 11;

constexpr std::array<std::pair<std::string_view, double>, 5> quantiles{
    {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}}};

double seconds_of(nanoseconds time) { return std::chrono::duration<double>(time).count(); }

double per_second(std::uint64_t count, nanoseconds time) {
  return time <= nanoseconds{0} ? 0 : static_cast<double>(count) / seconds_of(time);
}

// Of larder-bench's own processor time.
double microseconds_a_request(const BenchFigures& figures) {
  const std::uint64_t count = figures.tally.replied_count;
  return count == 0 ? 0 : seconds_of(figures.processor_time) * 1e6 / static_cast<double>(count);
}

std::string microseconds(std::uint64_t time_ns) { return fixed_text(static_cast<double>(time_ns) / 1e3, 1); }

std::string_view choice_word(KeyChoice choice) {
  switch (choice) {
    case KeyChoice::zipf:
      return "zipf";
    case KeyChoice::sequential:
      return "sequential";
    case KeyChoice::uniform:
      break;
  }
  return "uniform";
}

Histogram all_of(const Tally& tally) {
  Histogram all = tally.reads;
  all.merge(tally.stores);
  return all;
}

void add_line(std::string& text, std::string_view name, const std::string& value) {
  text += name;
  text.append(name_width - name.size(), ' ');
  text += value + "\n";
}

// "GET, 1000000 keys of 64b by uniform choice, 50 connections, pipeline 16, 1 thread, as fast as it goes"
std::string description_of(const BenchOptions& options) {
  const Workload& workload = options.workload;
  const std::string read =
      workload.keys_per_read == 1 ? "reads" : "reads of " + std::to_string(workload.keys_per_read) + " keys";
  std::string text = workload.read_percent == 0 ? "stores" : read;
  if (workload.read_percent > 0 && workload.read_percent < 100)
    text = std::to_string(workload.read_percent) + " % " + read + ", the others stores";
  text +=
      "; " + std::to_string(workload.key_count) + " keys, " + std::string(choice_word(workload.key_choice));
  if (workload.key_choice == KeyChoice::zipf) text += " " + fixed_text(workload.skew, 2);
  text += "; values of " + program::size_text(workload.value_rule.size);
  if (workload.value_rule.kind == ValueRuleKind::log_normal) text += " on average";
  return text;
}

std::string load_of(const BenchOptions& options) {
  std::string text = std::to_string(options.connection_count) + " connections, pipeline " +
                     std::to_string(options.pipeline) + ", " + std::to_string(options.thread_count) +
                     (options.thread_count == 1 ? " thread" : " threads");
  if (options.rate > 0) text += ", " + std::to_string(options.rate) + " requests/s due";
  return text;
}

void add_latencies(std::string& text, std::string_view name, const Histogram& times) {
  text += name;
  text.append(name_width - name.size(), ' ');
  const auto add = [&](const std::string& cell) {
    text.append(latency_width - std::min(cell.size(), latency_width - 1), ' ');
    text += cell;
  };
  add(fixed_text(times.mean() / 1e3, 1));
  for (const auto& [word, share] : quantiles) add(microseconds(times.quantile(share)));
  add(microseconds(times.max()));
  text += "\n";
}

std::string latency_table(const Tally& tally) {
  std::string text = "latency, us ";
  text.append(name_width - text.size(), ' ');
  const auto add_head = [&](std::string_view word) {
    text.append(latency_width - word.size(), ' ');
    text += word;
  };
  add_head("mean");
  for (const auto& [word, share] : quantiles) add_head(word);
  add_head("max");
  text += "\n";
  if (tally.reads.count() > 0) add_latencies(text, "reads", tally.reads);
  if (tally.stores.count() > 0) add_latencies(text, "stores", tally.stores);
  if (tally.reads.count() > 0 && tally.stores.count() > 0) add_latencies(text, "all", all_of(tally));
  return text;
}

std::string latency_json(const Histogram& times) {
  JsonObject object;
  object.add("count", times.count()).add_raw("mean", fixed_text(times.mean() / 1e3, 3));
  for (const auto& [word, share] : quantiles)
    object.add_raw(word, fixed_text(static_cast<double>(times.quantile(share)) / 1e3, 3));
  object.add_raw("max", fixed_text(static_cast<double>(times.max()) / 1e3, 3));
  return object.text();
}

void add_request_figures(JsonObject& object, const Tally& tally) {
  object.add("sent", tally.sent_count)
      .add("replied", tally.replied_count)
      .add("succeeded", tally.success_count())
      .add("hits", tally.hit_count)
      .add("misses", tally.miss_count)
      .add("stored", tally.stored_count)
      .add("refused", tally.refused_count)
      .add("wrong", tally.wrong_count)
      .add("sent_bytes", tally.sent_size)
      .add("received_bytes", tally.received_size);
  if (tally.refused_count > 0) object.add("first_refusal", Bytes(tally.first_refusal));
  if (tally.wrong_count > 0) object.add("first_wrong", Bytes(tally.first_wrong));
}

void add_options(JsonObject& object, const BenchOptions& options) {
  const Workload& workload = options.workload;
  object.add("server", Bytes(options.server.url()))
      .add("connections", std::uint64_t{options.connection_count})
      .add("threads", std::uint64_t{options.thread_count})
      .add("pipeline", std::uint64_t{options.pipeline});
  if (options.rate > 0) {
    object.add("rate", options.rate);
  } else {
    object.add_null("rate");
  }
  object.add("read_percent", std::uint64_t{workload.read_percent})
      .add("keys_per_read", std::uint64_t{workload.keys_per_read})
      .add("keys", workload.key_count)
      .add("key_choice", choice_word(workload.key_choice));
  if (workload.key_choice == KeyChoice::zipf) object.add_raw("skew", fixed_text(workload.skew, 4));
  object.add("seed", workload.seed)
      .add(workload.value_rule.kind == ValueRuleKind::fixed ? "value_size" : "value_mean",
           workload.value_rule.size)
      .add("verified", workload.is_verified);
}

}  // namespace

double BenchFigures::success_rate() const { return per_second(tally.success_count(), elapsed); }

double TlsFigures::handshake_rate() const { return per_second(handshake_count, handshake_time); }

double BenchFigures::busy_share(std::size_t thread_count) const {
  if (elapsed <= nanoseconds{0}) return 0;
  return seconds_of(processor_time) / seconds_of(elapsed) / static_cast<double>(thread_count);
}

std::string bench_table(const BenchOptions& options, const BenchFigures& figures) {
  const Tally& tally = figures.tally;
  std::string text;
  add_line(text, "server", options.server.url());
  if (figures.tls) {
    add_line(text, "TLS",
             figures.tls->version + ", " + figures.tls->cipher + ", " +
                 fixed_text(figures.tls->handshake_rate(), 0) + " handshakes/s, one at a time");
  }
  if (figures.filled_count > 0) {
    add_line(text, "filled",
             std::to_string(figures.filled_count) + " keys in " +
                 fixed_text(seconds_of(figures.fill_elapsed), 3) + " s");
  }
  if (tally.sent_count == 0) {
    if (figures.is_interrupted) add_line(text, "measured", "nothing, interrupted");
    return text;
  }
  add_line(text, "asked", description_of(options));
  add_line(text, "load", load_of(options));
  text += "\n";
  add_line(text, "requests/s", fixed_text(figures.success_rate(), 0));
  add_line(text, "requests",
           std::to_string(tally.replied_count) + " in " + fixed_text(seconds_of(figures.elapsed), 3) + " s" +
               (figures.is_interrupted ? ", interrupted" : ""));
  if (figures.overdue_count > 0) {
    add_line(text, "overdue", std::to_string(figures.overdue_count) + " were due and never sent");
  }
  if (options.workload.read_percent > 0) {
    add_line(text, "hits", std::to_string(tally.hit_count));
    add_line(text, "misses", std::to_string(tally.miss_count));
  }
  if (options.workload.read_percent < 100) add_line(text, "stored", std::to_string(tally.stored_count));
  add_line(text, "refused", std::to_string(tally.refused_count));
  add_line(text, "wrong", std::to_string(tally.wrong_count));
  add_line(text, "sent", fixed_text(per_second(tally.sent_size, figures.elapsed) / 1e6, 2) + " MB/s");
  add_line(text, "received", fixed_text(per_second(tally.received_size, figures.elapsed) / 1e6, 2) + " MB/s");
  add_line(text, "own time",
           fixed_text(microseconds_a_request(figures), 3) + " us a request, threads busy " +
               fixed_text(figures.busy_share(options.thread_count) * 100, 0) + " %");
  return text + "\n" + latency_table(tally);
}

std::string bench_json(const BenchOptions& options, const BenchFigures& figures) {
  const Tally& tally = figures.tally;
  JsonObject object;
  add_options(object, options);
  if (figures.tls) {
    JsonObject tls;
    tls.add("version", Bytes(figures.tls->version))
        .add("cipher", Bytes(figures.tls->cipher))
        .add("handshakes", figures.tls->handshake_count)
        .add_raw("handshakes_per_s", fixed_text(figures.tls->handshake_rate(), 1));
    object.add_raw("tls", tls.text());
  } else {
    object.add_null("tls");
  }
  object.add("interrupted", figures.is_interrupted)
      .add("filled", figures.filled_count)
      .add_raw("fill_s", fixed_text(seconds_of(figures.fill_elapsed), 6))
      .add_raw("elapsed_s", fixed_text(seconds_of(figures.elapsed), 6))
      .add_raw("requests_per_s", fixed_text(figures.success_rate(), 1))
      .add("overdue", figures.overdue_count);
  add_request_figures(object, tally);
  object.add_raw("own_cpu_s", fixed_text(seconds_of(figures.processor_time), 6))
      .add_raw("own_cpu_us_per_request", fixed_text(microseconds_a_request(figures), 4))
      .add_raw("own_busy", fixed_text(figures.busy_share(options.thread_count), 4));
  JsonObject latencies;
  latencies.add_raw("all", latency_json(all_of(tally)))
      .add_raw("reads", latency_json(tally.reads))
      .add_raw("stores", latency_json(tally.stores));
  return object.add_raw("latency_us", latencies.text()).text() + "\n";
}

}  // namespace larder::tools
