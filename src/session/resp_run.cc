#include "session/resp_run.h"

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "session/command_stats.h"
#include "session/resp_handlers.h"

namespace larder::session {
namespace {

constexpr std::uint64_t calls_per_sample = 64;

bool can_take_long(const RespCall& call) {
  constexpr std::size_t many_arguments = 16;
  constexpr std::size_t long_argument = std::size_t{64} << 10;
  return call.spec.reach == Reach::everything || call.arguments.size() > many_arguments ||
         call.arguments.back().size() > long_argument;
}

bool is_for_monitors(const CommandSpec& spec) {
  return !has_flag(spec, "skip_monitor") && !has_flag(spec, "admin");
}

void note_slow(const RespCall& call, std::int64_t duration_us, std::vector<std::string> arguments) {
  const Client& client = *call.state.client;
  call.environment.service.slow_log.add({.at = call.now,
                                         .duration_us = duration_us,
                                         .arguments = std::move(arguments),
                                         .address = client.facts.address,
                                         .client_name = client.names().name});
}

// A command is one step to everybody else, however many keys it has.
void call_handler(RespCall& call) {
  const bool has_one_key = call.spec.keys.first == call.spec.keys.last && !call.spec.keys.is_counted;
  const bool sees_to_it =
      call.is_in_transaction || call.spec.group == "transactions";  // WATCH keeps its keyspace
  if (has_one_key || sees_to_it) return call.spec.handler(call);
  const KeyRange range = key_range(call.spec, call.arguments);
  if (range.first + range.step >= range.end) return call.spec.handler(call);
  std::span<const Bytes> keys = call.arguments.subspan(range.first, range.end - range.first);
  std::vector<Bytes> picked;  // from among values
  if (range.step > 1) {
    for (std::size_t i = range.first; i < range.end; i += range.step) picked.push_back(call.arguments[i]);
    keys = picked;
  }
  call.keys.with_keys(keys, [&](cache::Keyspace& locked) {
    RespCall inside{.spec = call.spec,
                    .arguments = call.arguments,
                    .now = call.now,
                    .environment = call.environment,
                    .keys = locked,
                    .state = call.state,
                    .output = call.output,
                    .reply = call.reply};
    call.spec.handler(inside);
  });
}

// A task goes on when its arguments are gone: how they look in the log goes along with it.
void name_for_log(const RespCall& call, Task& task) {
  task.show_arguments(SlowLog::shown(without_secrets(call.spec, call.arguments)));
}

void run_timed(RespCall& call, CommandCounter& counter) {
  Service& service = call.environment.service;
  const std::int64_t started_us = service.stopwatch_us();
  call_handler(call);
  const std::int64_t duration_us = service.stopwatch_us() - started_us;
  counter.duration_us.add(static_cast<std::uint64_t>(duration_us));
  if (has_flag(call.spec, "skip_slowlog")) return;
  if (call.state.task != nullptr) {
    call.state.task->add_time(duration_us);
  } else if (service.slow_log.notes(duration_us)) {
    note_slow(call, duration_us, SlowLog::shown(without_secrets(call.spec, call.arguments)));
  }
}

void run_as_sample(RespCall& call, CommandCounter& counter) {
  const auto stopwatch_us = call.environment.service.stopwatch_us;
  const std::int64_t started_us = stopwatch_us();
  call_handler(call);
  counter.duration_us.add(static_cast<std::uint64_t>(stopwatch_us() - started_us) * calls_per_sample);
}

void run_unseen(RespCall& call) {
  CommandCounter& counter = call.environment.command_stats.of(call.spec);
  const std::size_t size = call.output.size();
  const bool has_stopwatch = call.environment.service.stopwatch_us != nullptr;
  if (has_stopwatch && can_take_long(call)) {
    run_timed(call, counter);
  } else if (has_stopwatch && counter.calls.value() % calls_per_sample == calls_per_sample - 1) {
    run_as_sample(call, counter);
  } else {
    call_handler(call);
  }
  if (has_stopwatch && call.state.task != nullptr) name_for_log(call, *call.state.task);
  counter.calls.add();
  if (count_if_error(call, size)) counter.failures.add();
}

void run_seen(RespCall& call) {
  const std::string words = monitor_words(call.spec, call.arguments);
  run_unseen(call);
  tell_monitors(call, words);
}

}  // namespace

bool count_if_error(const RespCall& call, std::size_t size) {
  const Bytes reply = call.output.own_tail(size);
  if (!reply.starts_with('-')) return false;
  call.environment.command_stats.count_error(reply);
  return true;
}

void run_command(RespCall& call) {
  const bool is_seen = call.environment.service.clients.anybody_monitors() && is_for_monitors(call.spec);
  return is_seen ? run_seen(call) : run_unseen(call);
}

// What is wrong with its words a command finds out before it begins a task; a task may end without memory.
void run_task_step(RespCall& call) {
  Service& service = call.environment.service;
  CommandCounter& counter = call.environment.command_stats.of(call.spec);
  Task& task = *call.state.task;
  const std::size_t size = call.output.size();
  const std::int64_t started_us = service.stopwatch_us != nullptr ? service.stopwatch_us() : 0;
  const bool is_done = task.step(call);
  if (service.stopwatch_us != nullptr) {
    const std::int64_t duration_us = service.stopwatch_us() - started_us;
    counter.duration_us.add(static_cast<std::uint64_t>(duration_us));
    task.add_time(duration_us);
  }
  if (!is_done) return;
  if (count_if_error(call, size)) counter.failures.add();
  if (service.stopwatch_us != nullptr && !has_flag(call.spec, "skip_slowlog") &&
      service.slow_log.notes(task.duration_us())) {
    note_slow(call, task.duration_us(), task.take_shown_arguments());
  }
  call.state.task.reset();
}

}  // namespace larder::session
