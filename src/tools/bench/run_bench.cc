#include "tools/bench/run_bench.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/function_ref.h"
#include "client/connection.h"
#include "client/deadline.h"
#include "client/login.h"
#include "client/resolver.h"
#include "client/stream.h"
#include "program/file_limit.h"
#include "program/run_program.h"
#include "program/stop_signals.h"
#include "tools/bench/bench_options.h"
#include "tools/bench/bench_report.h"
#include "tools/bench/driver.h"
#include "tools/bench/request_source.h"
#include "tools/decimal.h"
#include "tools/progress.h"

namespace larder::tools {
namespace {

using program::StopSignals;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr Duration tick{1000};

// Descriptors beside the connections: standard streams, signals, an epoll for each thread.
constexpr std::uint64_t descriptor_count_reserved = 16;

// Time for the threads of an open loop to be there when its first request is due.
constexpr Duration open_loop_start_delay{5};

// From here on the figures may be those of larder-bench and not of the server.
constexpr double busy_share_max = 0.9;

using Drivers = std::vector<std::unique_ptr<Driver>>;

int bench_complains(const std::string& sentence, int status) {
  std::fprintf(stderr, "%s: %s\n", std::string(bench_option_table().program).c_str(), sentence.c_str());
  return status;
}

std::uint64_t share_of(std::uint64_t count, std::size_t index, std::size_t part_count) {
  return share_of_stream(count, index, part_count);
}

// What is there before the first request.
struct Connected {
  std::unique_ptr<client::TlsContext> context{};  // outlives the drivers
  Drivers drivers{};
  std::optional<TlsFigures> tls{};
};

// One connection, logged in. What its handshake took is counted.
Result<client::Stream> connect(client::Resolver& resolver, const BenchOptions& options,
                               Connected& connected) {
  const client::Deadline deadline = client::Deadline::after(options.timeout);
  const BenchTime start = steady_clock::now();
  Result<client::Stream> stream = client::Stream::open(resolver, connected.context.get(), deadline);
  if (!stream) return stream;
  if (connected.tls) {
    connected.tls->handshake_time += steady_clock::now() - start;
    ++connected.tls->handshake_count;
    connected.tls->version = stream->tls()->version();
    connected.tls->cipher = stream->tls()->cipher();
  }
  if (!options.login.is_given()) return stream;
  client::Connection connection(*std::move(stream), {});
  if (auto logged_in = client::log_in(connection, options.login, deadline); !logged_in)
    return std::unexpected(logged_in.error());
  return std::move(connection).release();
}

// Everything is connected before anything is asked: a server that refuses the last connection is no server
// to measure with fewer.
Result<Connected> connect_all(const BenchOptions& options) {
  const std::uint64_t limit = program::raise_file_limit();
  const std::uint64_t wanted = options.connection_count + options.thread_count + descriptor_count_reserved;
  if (wanted > limit) {
    return failure(ErrorKind::overloaded, "this process may have " + std::to_string(limit) +
                                              " descriptors, too few for so many connections");
  }
  Connected connected;
  if (options.server.tls) {
    auto context = client::TlsContext::make(options.tls, options.server.host);
    if (!context) return std::unexpected(context.error());
    connected.context = *std::move(context);
    connected.tls.emplace();
  }
  client::Resolver resolver(options.server);
  for (std::size_t index = 0; index < options.thread_count; ++index) {
    std::vector<client::Stream> streams;
    const std::uint64_t count = share_of(options.connection_count, index, options.thread_count);
    streams.reserve(count);
    while (streams.size() < count) {
      Result<client::Stream> stream = connect(resolver, options, connected);
      if (!stream) return std::unexpected(stream.error());
      streams.push_back(*std::move(stream));
    }
    connected.drivers.push_back(
        std::make_unique<Driver>(std::move(streams), options.workload, options.pending_count_max()));
  }
  return connected;
}

// The drivers at work, each in a thread of its own, on one part of the run.
class Phase final {
 public:
  Phase(Drivers& drivers, const Workload& workload, StopSignals& signals)
      : drivers_(drivers), workload_(workload), signals_(signals) {}

  // `plan_of` makes the plan of a thread. `say` is called each second. Returns what each thread did; the
  // first error ends them all.
  Result<std::vector<DriveOutcome>> run(FunctionRef<DrivePlan(std::size_t)> plan_of,
                                        FunctionRef<void()> say) {
    std::vector<Result<DriveOutcome>> outcomes(drivers_.size());
    controls_ = std::deque<DriveControl>(drivers_.size());
    running_count_ = drivers_.size();
    {
      std::vector<std::jthread> threads;
      threads.reserve(drivers_.size());
      for (std::size_t index = 0; index < drivers_.size(); ++index) {
        threads.emplace_back([&, index, plan = plan_of(index)] { outcomes[index] = drive(index, plan); });
      }
      wait(say);
    }
    std::vector<DriveOutcome> good;
    good.reserve(outcomes.size());
    for (Result<DriveOutcome>& outcome : outcomes) {
      if (!outcome) return std::unexpected(first_error_.value_or(outcome.error()));
      good.push_back(*std::move(outcome));
    }
    return good;
  }

  [[nodiscard]] bool is_interrupted() const { return stop_count_ > 0; }
  [[nodiscard]] std::uint64_t replied_count() const {
    std::uint64_t count = 0;
    for (const DriveControl& control : controls_)
      count += control.replied_count.load(std::memory_order_relaxed);
    return count;
  }

 private:
  Result<DriveOutcome> drive(std::size_t index, const DrivePlan& plan) {
    RequestSource source(workload_, index, drivers_.size());
    Result<DriveOutcome> outcome = drivers_[index]->run(source, plan, controls_[index]);
    if (!outcome) {
      const std::lock_guard lock(mutex_);
      if (!first_error_) first_error_ = outcome.error();
      for (DriveControl& control : controls_) control.is_aborted = true;
    }
    if (--running_count_ == 0) signals_.notify();
    return outcome;
  }

  void wait(FunctionRef<void()> say) {
    while (running_count_ > 0) {
      const std::optional<StopSignals::Event> event = signals_.wait_for(tick);
      if (!event) {
        say();
      } else if (*event == StopSignals::Event::stop_signal) {
        // Whoever asks twice does not want to wait for what is pending.
        ++stop_count_;
        for (DriveControl& control : controls_)
          (stop_count_ == 1 ? control.is_stopping : control.is_aborted) = true;
      }
    }
  }

  Drivers& drivers_;
  const Workload& workload_;
  StopSignals& signals_;
  std::deque<DriveControl> controls_;
  std::atomic<std::size_t> running_count_ = 0;
  int stop_count_ = 0;
  std::mutex mutex_;
  std::optional<Error> first_error_;
};

// What the threads did, as one.
struct Together {
  Tally tally;
  BenchTime last_reply;
  std::uint64_t overdue_count = 0;
  nanoseconds processor_time{};
};

Together together(const std::vector<DriveOutcome>& outcomes) {
  Together all;
  for (const DriveOutcome& outcome : outcomes) {
    all.tally.merge(outcome.books.measured);
    all.last_reply = std::max(all.last_reply, outcome.books.last_reply);
    all.overdue_count += outcome.overdue_count;
    all.processor_time += outcome.processor_time;
  }
  return all;
}

class Bench final {
 public:
  Bench(const BenchOptions& options, Connected connected, StopSignals& signals)
      : options_(options), connected_(std::move(connected)), signals_(signals) {
    figures_.tls = connected_.tls;
  }

  int run() {
    if (options_.is_filled_first) {
      if (const int status = fill(); status != program::exit_clean) return status;
    }
    if (options_.request_count_max > 0 && !figures_.is_interrupted) {
      if (const int status = measure(); status != program::exit_clean) return status;
    }
    progress_.finish();
    const std::string text =
        options_.is_json ? bench_json(options_, figures_) : bench_table(options_, figures_);
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
      return bench_complains("standard output cannot be written", program::exit_failed);
    return judge();
  }

 private:
  // The threads take the keys between them, each with as many connections as later.
  int fill() {
    const Workload workload = filling_workload(options_.workload);
    Phase phase(drivers_, workload, signals_);
    const BenchTime start = steady_clock::now();
    const auto plan_of = [&](std::size_t index) {
      return DrivePlan{.pipeline = options_.pending_count_max(),
                       .request_count_max = share_of(workload.key_count, index, drivers_.size()),
                       .start = start,
                       .measured_from = start,
                       .reply_timeout = options_.timeout};
    };
    const auto outcomes =
        phase.run(plan_of, [&] { progress_.report("filling", phase.replied_count(), workload.key_count); });
    if (!outcomes) return failed(phase.replied_count(), outcomes.error());
    const Together all = together(*outcomes);
    figures_.is_interrupted = phase.is_interrupted();
    figures_.filled_count = all.tally.stored_count;
    figures_.fill_elapsed = all.last_reply - start;
    if (all.tally.refused_count == 0) return program::exit_clean;
    progress_.finish();
    return bench_complains("of the keys to fill in, the server refused " +
                               std::to_string(all.tally.refused_count) +
                               "; the first time it said: " + all.tally.first_refusal,
                           program::exit_failed);
  }

  int measure() {
    Phase phase(drivers_, options_.workload, signals_);
    const bool is_open = options_.rate > 0;
    const BenchTime start = steady_clock::now() + (is_open ? open_loop_start_delay : Duration{0});
    const BenchTime measured_from = start + options_.warm_up;
    const double rate = static_cast<double>(options_.rate);
    const auto plan_of = [&](std::size_t index) {
      DrivePlan plan{.pipeline = options_.pipeline,
                     .request_count_max = options_.request_count_max,
                     .rate = rate / static_cast<double>(drivers_.size()),
                     .start = start,
                     .measured_from = measured_from,
                     .reply_timeout = options_.timeout};
      if (options_.request_count_max != BenchOptions{}.request_count_max)
        plan.request_count_max = share_of(options_.request_count_max, index, drivers_.size());
      if (is_open)
        plan.rate_delay = nanoseconds{static_cast<std::int64_t>(1e9 / rate * static_cast<double>(index))};
      if (options_.duration > Duration{0}) plan.end = measured_from + options_.duration;
      return plan;
    };
    std::uint64_t told_count = 0;
    BenchTime told_at = steady_clock::now();
    const auto outcomes = phase.run(plan_of, [&] {
      const std::uint64_t count = phase.replied_count();
      const BenchTime now = steady_clock::now();
      const double seconds = std::chrono::duration<double>(now - std::exchange(told_at, now)).count();
      const double speed = static_cast<double>(count - std::exchange(told_count, count)) / seconds;
      progress_.report([&] { return progress_line(count, speed); });
    });
    if (!outcomes) return failed(phase.replied_count(), outcomes.error());
    Together all = together(*outcomes);
    figures_.is_interrupted = phase.is_interrupted();
    if (all.tally.replied_count > 0) figures_.elapsed = all.last_reply - measured_from;
    figures_.tally = std::move(all.tally);
    figures_.overdue_count = all.overdue_count;
    figures_.processor_time = all.processor_time;
    return program::exit_clean;
  }

  [[nodiscard]] std::string progress_line(std::uint64_t count, double speed) const {
    std::string line =
        "measuring: " + std::to_string(count) + " requests, " + fixed_text(speed, 0) + " a second";
    if (options_.request_count_max != BenchOptions{}.request_count_max)
      line += ", of " + std::to_string(options_.request_count_max);
    return line;
  }

  int failed(std::uint64_t replied_count, const Error& error) {
    progress_.finish();
    return bench_complains(
        options_.server.url() + ": after " + std::to_string(replied_count) + " replies: " + error.message,
        program::exit_failed);
  }

  // What the figures do not say by themselves.
  [[nodiscard]] int judge() const {
    const double busy_share = figures_.busy_share(options_.thread_count);
    if (busy_share > busy_share_max) {
      bench_complains(
          "its own threads were busy " + fixed_text(busy_share * 100, 0) +
              " % of the time: the figures may be its own limit and not the server's; see --threads",
          program::exit_clean);
    }
    const Tally& tally = figures_.tally;
    int status = program::exit_clean;
    if (tally.refused_count > 0) {
      status = bench_complains("the server refused " + std::to_string(tally.refused_count) +
                                   " requests; the first time it said: " + tally.first_refusal,
                               program::exit_failed);
    }
    if (tally.wrong_count > 0) {
      status = bench_complains(
          std::to_string(tally.wrong_count) +
              " values were not those that belong to their keys; the first one: " + tally.first_wrong,
          program::exit_failed);
    }
    return status;
  }

  const BenchOptions& options_;
  Connected connected_;
  Drivers& drivers_ = connected_.drivers;
  StopSignals& signals_;
  Progress progress_ = Progress::on_standard_error(tick);
  BenchFigures figures_;
};

}  // namespace

int run_bench(const program::OptionValues& values) {
  const Result<BenchOptions> options = bench_options(values);
  if (!options) return program::refuse_option(bench_option_table(), options.error());
  Result<StopSignals> signals = StopSignals::make();
  if (!signals) return bench_complains(signals.error().message, program::exit_failed);
  for (const std::string& warning : options->warnings) bench_complains(warning, program::exit_clean);
  Result<Connected> connected = connect_all(*options);
  if (!connected)
    return bench_complains(options->server.url() + ": " + connected.error().message, program::exit_failed);
  return Bench(*options, *std::move(connected), *signals).run();
}

}  // namespace larder::tools
