#include "tools/replay/run_replay.h"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <thread>

#include "base/clock.h"
#include "cache/policy/policy.h"
#include "larder/client.h"
#include "program/run_program.h"
#include "tools/decimal.h"
#include "tools/progress.h"
#include "tools/replay/curve_chart.h"
#include "tools/replay/miss_table.h"
#include "tools/replay/replay_options.h"
#include "tools/replay/server_replay.h"
#include "tools/replay/simulation.h"
#include "tools/trace/byte_source.h"
#include "tools/trace/trace_reader.h"
#include "tools/trace/trace_writer.h"

namespace larder::tools {
namespace {

// A server that is busy with others may take its time; one that has stopped ends the run.
constexpr Duration server_call_timeout{30'000};

int replay_complains(const std::string& sentence, int status) {
  std::fprintf(stderr, "%s: %s\n", std::string(replay_option_table().program).c_str(), sentence.c_str());
  return status;
}

bool print(const std::string& text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
}

int failed_to_print() { return replay_complains("standard output cannot be written", program::exit_failed); }

Result<Trace> trace_of(const ReplayOptions& options, Progress& progress) {
  if (options.trace_path.empty()) {
    return make_trace(options.patterns, options.seed, options.request_count_max, [&](std::uint64_t count) {
      progress.report("making", count, options.request_count_max);
    });
  }
  const Result<std::unique_ptr<ByteSource>> source = open_bytes(options.trace_path);
  if (!source) return std::unexpected(source.error());
  return read_trace(**source, source_name(options.trace_path), options.request_count_max,
                    [&](std::uint64_t count) { progress.report("reading", count, 0); });
}

std::string trace_name(const ReplayOptions& options) {
  if (options.trace_path.empty()) return options.made_text + ", seed " + std::to_string(options.seed);
  if (options.trace_path == "-") return source_name(options.trace_path);
  return std::filesystem::path(options.trace_path).filename().string();
}

// The sizes of a curve that nobody asked for are left out where they mean nothing: less than one object, or
// as many as the size before.
Result<void> fill_capacities(MissFigures& figures, const ReplayOptions& options, const TraceTotals& totals,
                             bool are_asked_for) {
  for (const CacheSize& size : options.sizes) {
    const Result<std::uint64_t> capacity = capacity_of(size, totals, figures.has_sizes);
    if (are_asked_for) {
      if (!capacity) return std::unexpected(capacity.error());
    } else if (!capacity || (!figures.capacities.empty() && figures.capacities.back() == *capacity)) {
      continue;
    }
    figures.size_texts.push_back(size.text);
    figures.capacities.push_back(*capacity);
  }
  return {};
}

int write_curve(const std::string& path, const std::string& picture) {
  std::FILE* file = std::fopen(path.c_str(), "wbe");
  if (file == nullptr) return replay_complains(path + ": cannot be written", program::exit_failed);
  const bool is_written = std::fwrite(picture.data(), 1, picture.size(), file) == picture.size();
  const bool is_closed = std::fclose(file) == 0;
  return is_written && is_closed
             ? program::exit_clean
             : replay_complains(path + ": cannot be written to its end", program::exit_failed);
}

int simulate_trace(const ReplayOptions& options, const program::OptionValues& values, const Trace& trace,
                   Progress& progress) {
  const TraceTotals totals = totals_of(trace);
  MissFigures figures{.request_count = trace.request_count(),
                      .object_count = totals.object_count,
                      .has_sizes = trace.has_sizes(),
                      .policies = options.policies};
  const bool are_sizes_asked_for = values.is_given("size") || options.curve_path.empty();
  if (const Result<void> filled = fill_capacities(figures, options, totals, are_sizes_asked_for); !filled) {
    return replay_complains(values.origin("size") + ": " + filled.error().message, program::exit_bad_option);
  }
  if (!options.curve_path.empty() && (totals.capacity == 0 || figures.capacities.empty())) {
    return replay_complains(
        "the objects of this trace have no size, so that there is no curve of sizes to draw",
        program::exit_bad_option);
  }
  const std::uint64_t run_count = figures.policies.size() * figures.capacities.size();
  auto misses = simulate(trace,
                         {.policies = figures.policies,
                          .capacities = figures.capacities,
                          .thread_count = std::max(1U, std::thread::hardware_concurrency())},
                         cache::policy::make_policy, [&](std::uint64_t done) {
                           progress.report("simulating", done, run_count * trace.request_count());
                         });
  progress.finish();
  // A policy refuses nothing but its capacity.
  if (!misses) {
    return replay_complains(values.origin("size") + ": " + misses.error().message, program::exit_bad_option);
  }
  figures.misses = *std::move(misses);
  if (!print(miss_table(figures))) return failed_to_print();
  if (options.curve_path.empty()) return program::exit_clean;
  return write_curve(options.curve_path, curve_chart(figures, totals.capacity, trace_name(options)));
}

std::string report_of(const ServerReplay& replay, std::chrono::duration<double> elapsed) {
  const auto requests = static_cast<double>(replay.request_count);
  return "requests    " + std::to_string(replay.request_count) + "\nmisses      " +
         std::to_string(replay.miss_count) + "\nmiss ratio  " +
         fixed_text(static_cast<double>(replay.miss_count) / requests, 4) + "\nrequests/s  " +
         fixed_text(requests / elapsed.count(), 0) + "\nwrong       " + std::to_string(replay.wrong_count) +
         "\nrefused     " + std::to_string(replay.refused_count) + "\n";
}

int replay_trace(const ReplayOptions& options, const Trace& trace, Progress& progress) {
  ValueRule rule = options.value_rule;
  if (rule.kind == ValueRuleKind::own && !trace.has_sizes()) {
    rule = {.kind = ValueRuleKind::log_normal, .size = value_mean_default};
  }
  const ObjectSizes sizes(rule, trace);
  if (sizes.size_max() > replay_value_size_max) {
    return replay_complains(
        "the trace has values of more than 512mb, which no server takes; see --value-mean",
        program::exit_bad_option);
  }
  Result<Client> client = make_client({.address = options.server.url(), .call_timeout = server_call_timeout});
  if (!client) return replay_complains("--server: " + client.error().message, program::exit_bad_option);
  const auto start = std::chrono::steady_clock::now();
  const Result<ServerReplay> replay = replay_on_server(*client, trace.ids, sizes, [&](std::uint64_t done) {
    progress.report("replaying", done, trace.request_count());
  });
  const auto elapsed = std::chrono::steady_clock::now() - start;
  progress.finish();
  if (!replay) return replay_complains("--server: " + replay.error().message, program::exit_failed);
  if (!print(report_of(*replay, elapsed))) return failed_to_print();
  if (replay->refused_count > 0)
    replay_complains("the first SET that was refused: " + replay->first_refusal, 0);
  return replay->wrong_count == 0 ? program::exit_clean : program::exit_failed;
}

}  // namespace

int run_replay(const program::OptionValues& values) {
  const Result<ReplayOptions> options = replay_options(values);
  if (!options) return program::refuse_option(replay_option_table(), options.error());
  Progress progress = Progress::on_standard_error();
  Result<Trace> trace = trace_of(*options, progress);
  if (!trace) {
    progress.finish();
    return replay_complains(trace.error().message, program::exit_bad_option);
  }
  if (options->action == ReplayAction::serve) return replay_trace(*options, *trace, progress);
  apply_value_rule(options->value_rule, *trace);
  if (options->action == ReplayAction::simulate) return simulate_trace(*options, values, *trace, progress);
  const Result<void> written = write_trace(*trace, options->output_path, [&](std::uint64_t count) {
    progress.report("writing", count, trace->request_count());
  });
  progress.finish();
  return written ? program::exit_clean : replay_complains(written.error().message, program::exit_failed);
}

}  // namespace larder::tools
