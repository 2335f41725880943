#include "session/resp_session.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "session/http_sniff.h"
#include "session/resp_handlers.h"
#include "session/resp_run.h"
#include "session/resp_tables.h"

namespace larder::session {
namespace {

// What a page sends that got around the first line: Redis ends these connections at any line.
bool is_http_word(Bytes name) {
  return equals_ignoring_case(name, "post") || equals_ignoring_case(name, "host:");
}

}  // namespace

protocol::CommandLimits command_limits(const Limits& limits) {
  protocol::CommandLimits command;
  command.bulk_size_max = std::max(limits.key_size_max, limits.value_size_max);
  command.command_size_max =
      std::max(2 * command.bulk_size_max, std::size_t{16} << 20) + command.inline_size_max;
  command.passed_size_max = limits.key_size_max;
  return command;
}

RespSession::RespSession(const Environment& environment, ConnectionFacts facts)
    : environment_(environment),
      quiet_keys_(environment.cache),
      decoder_(command_limits(environment.limits), this),
      meter_(environment, facts) {
  state_.client = environment.service.clients.add(std::move(facts));
  state_.login = Login(environment.service.accounts);
}

RespSession::~RespSession() { environment_.service.clients.remove(state_.client); }

// What comes before the next command, if it comes now: a connection that was killed has no more of them, one
// that monitors has news to send, and one that sleeps goes on sleeping.
std::optional<Progress> RespSession::wait_first(TimePoint now, Output& output) {
  const Client& client = *state_.client;
  if (client.is_killed.load(std::memory_order_relaxed)) return Progress{.consumed = 0, .wait = Wait::close};
  send_left(output);
  if (!state_.sleeps_until) return std::nullopt;
  if (now < *state_.sleeps_until) {
    environment_.service.clients.wake_at(*state_.sleeps_until, state_.client);
    return Progress{.consumed = 0, .wait = Wait::pause};
  }
  state_.sleeps_until.reset();
  if (!is_silent_) protocol::ReplyEncoder(output, state_.version).ok();
  return std::nullopt;
}

// What monitors are told, between replies: a task may have sent a part of its own.
void RespSession::send_left(Output& output) {
  if (state_.task != nullptr || state_.closing || !is_monitor()) return;
  const std::string left = state_.client->take_left();
  if (state_.reply_mode != ReplyMode::off) output.append(left);
}

// CLIENT PAUSE, as in Redis: what is wrong with a command is said at once, a write waits before it is kept
// for EXEC, and who monitors waits for nothing.
bool RespSession::is_paused(std::span<const Bytes> arguments, TimePoint now) const {
  const Clients::Pause pause = environment_.service.clients.paused(now);
  if (pause == Clients::Pause::nothing || !state_.client->can_be_woken() || is_monitor()) return false;
  const Row row = find_row(arguments);
  if (!error_in(arguments, row).empty()) return false;
  if (pause == Clients::Pause::all || row.spec->is_write) return true;
  return row.spec->name == "exec" && state_.transaction != nullptr && state_.transaction->writes();
}

bool RespSession::has_to_wait(std::span<const Bytes> arguments, TimePoint now) {
  return meter_.holds_up(state_.login, now) ||
         (is_paused(arguments, now) &&
          environment_.service.clients.wait_for_end_of_pause(state_.client, now));
}

bool RespSession::keys_fit(const CommandSpec& spec, std::span<const Bytes> arguments) const {
  bool all_fit = true;
  for_each_key(spec, arguments,
               [&](Bytes key) { all_fit &= key.size() <= environment_.limits.key_size_max; });
  return all_fit;
}

RespSession::Row RespSession::find_row(std::span<const Bytes> arguments) {
  const CommandSpec* spec = find_command(arguments.front());
  if (spec == nullptr || spec->subcommands.empty() || arguments.size() < 2) return {.spec = spec};
  const CommandSpec* subcommand = find_subcommand(*spec, arguments[1]);
  if (subcommand == nullptr) subcommand = find_absent_subcommand(*spec, arguments[1]);
  return {.spec = subcommand, .container = spec};
}

Progress RespSession::advance(Bytes input, TimePoint now, Output& output) {
  std::size_t consumed = 0;
  protocol::CommandBatch batch;
  now_ = now;
  environment_.foresight.fetch();
  if (!state_.login.is_still_valid(environment_.service.accounts) ||
      (is_monitor() && !state_.login.may(admin_right))) {
    state_.failed = true;
    return {.consumed = input.size(), .wait = Wait::close};
  }
  if (const std::optional<Progress> waits = wait_first(now, output)) return *waits;
  if (state_.task != nullptr && !output.full()) {
    if (task_is_paused(now)) return {.consumed = 0, .wait = Wait::pause};
    go_on_with_task(now, output);
    send_left(output);
    if (state_.closing) return {.consumed = input.size(), .wait = Wait::close};
    note_state(state_);
  }
  while (!output.full() && state_.task == nullptr) {
    if (waits_to_forget(now)) return {.consumed = consumed, .wait = Wait::pause};
    if (refusal_ && meter_.holds_up(state_.login, now)) return {.consumed = consumed, .wait = Wait::pause};
    if (refusal_) {
      const RefusedCommand refusal = std::move(*refusal_);
      refusal_.reset();
      if (answer_refusal(refusal, now, output)) continue;
      return {.consumed = input.size(), .wait = Wait::close};
    }
    const Bytes rest = input.substr(consumed);
    const auto next = next_command(rest, batch, now);
    if (next && !*next) {
      // A peer gets a buffer for what it announces only as fast as it pays for it with bytes.
      const std::size_t affordable = 2 * rest.size() + (std::size_t{64} << 10);
      return {.consumed = consumed,
              .wait = Wait::input,
              .input_size_min = std::min(decoder_.input_size_min(), affordable)};
    }
    if (std::exchange(is_first_command_, false) && looks_like_http(rest.substr(0, rest.find('\n')))) {
      environment_.counters.http_on_wrong_port.add();
      state_.failed = true;
      return {.consumed = input.size(), .wait = Wait::close};
    }
    if (!next) {
      refuse(next.error());
      state_.drafts.clear();
      continue;
    }
    const std::optional<protocol::Command>& command = *next;
    const bool is_asked = command && !command->arguments.empty();
    if (is_asked && has_to_wait(command->arguments, now)) {
      decoder_.repeat();
      return {.consumed = consumed, .wait = Wait::pause};
    }
    if (is_asked) {
      answer(command->arguments, now, output);
      if (is_monitor()) send_left(output);
      if (!state_.drafts.empty()) state_.drafts.clear();
    }
    consumed += command ? command->size : 0;
    if (state_.closing) return {.consumed = input.size(), .wait = Wait::close};
    if (state_.sleeps_until) {
      environment_.service.clients.wake_at(*state_.sleeps_until, state_.client);
      return {.consumed = consumed, .wait = Wait::pause};
    }
  }
  return {.consumed = consumed, .wait = state_.task != nullptr ? state_.task->wait() : Wait::output};
}

// A stranger's commands are the decoder's, which knows the tighter bounds.
Result<std::optional<protocol::Command>> RespSession::next_command(Bytes rest, protocol::CommandBatch& batch,
                                                                   TimePoint now) {
  const bool is_plain_allowed = !is_stranger();
  if (!is_plain_allowed) batch.clear();
  if (batch.empty() && is_plain_allowed && decoder_.is_between_commands()) {
    batch.decode(rest, decoder_.limits());
    if (batch.size() > 1) {
      for (std::size_t i = 0; i < batch.size(); ++i) foresee(batch.arguments(i));
      environment_.foresight.fetch();
    }
  }
  if (!batch.empty()) return batch.take();
  decoder_.set_stranger(!is_plain_allowed);
  auto next = decoder_.next(rest);
  forget_passed(now);
  return next;
}

// Of nearly every command the first argument is a key, and a wrong guess does no harm.
void RespSession::foresee(std::span<const Bytes> arguments) const {
  if (arguments.size() > 1) environment_.foresight.add(state_.database, arguments[1]);
}

// A pipeline is a batch of its own: decoding it here as well gains no more than it costs.
void RespSession::announced(Bytes input) {
  if (!decoder_.is_between_commands() || state_.transaction != nullptr || is_stranger()) return;
  std::array<Bytes, 8> arguments;
  const protocol::Command command = protocol::plain_command(input, decoder_.limits(), arguments);
  if (command.size != input.size()) return;
  foresee(command.arguments);
  environment_.foresight.ask();
}

// A write that is under way when a pause begins happens after it: its last step is what everybody sees.
bool RespSession::task_is_paused(TimePoint now) const {
  Clients& clients = environment_.service.clients;
  return state_.task->spec().is_write && clients.paused(now) != Clients::Pause::nothing &&
         state_.client->can_be_woken() && clients.wait_for_end_of_pause(state_.client, now);
}

// One step a call: the connection is called again when the others have had their turns.
void RespSession::go_on_with_task(TimePoint now, Output& output) {
  RespCall call{.spec = state_.task->spec(),
                .arguments = {},
                .now = now,
                .environment = environment_,
                .keys = environment_.cache,
                .state = state_,
                .output = output,
                .reply = {output, state_.version}};
  const std::size_t size = output.size();
  run_task_step(call);
  if (is_silent_) output.shrink_to(size);
}

void RespSession::answer(std::span<const Bytes> arguments, TimePoint now, Output& output) {
  const std::size_t size = output.size();
  if (state_.reply_mode == ReplyMode::skip_next) state_.reply_mode = ReplyMode::skip_this;
  answer_aloud(arguments, now, output);
  note_state(state_);
  // Of CLIENT REPLY itself, only ON is answered.
  is_silent_ = state_.reply_mode != ReplyMode::on;
  if (state_.reply_mode == ReplyMode::skip_this) state_.reply_mode = ReplyMode::on;
  if (is_silent_) output.shrink_to(size);
}

void RespSession::answer_aloud(std::span<const Bytes> arguments, TimePoint now, Output& output) {
  static constexpr CommandSpec unknown = row("", -1, "", no_keys, "", nullptr, "", "", "");
  const Row row = find_row(arguments);
  const CommandSpec* spec = row.spec;
  if (spec == nullptr && row.container == nullptr && is_http_word(arguments.front())) {
    environment_.counters.http_on_wrong_port.add();
    state_.closing = state_.failed = true;
    return;
  }
  RespCall call{.spec = spec != nullptr ? *spec : unknown,
                .arguments = arguments,
                .now = now,
                .environment = environment_,
                .keys = spec != nullptr ? keys_for(*spec) : environment_.cache,
                .state = state_,
                .output = output,
                .reply = {output, state_.version}};
  environment_.counters.commands.add();
  meter_.charge(state_.login, now);
  if (spec != nullptr) note(*spec, now);
  if (const std::string error = error_in(arguments, row); !error.empty()) return reject(call, row, error);
  if (!keys_fit(*spec, arguments)) return reject(call, row, refuse_long_keys(call));
  if (state_.transaction != nullptr && !runs_inside_transaction(*spec)) {
    const std::size_t size = output.size();
    keep(call);
    return count_rejection(call, true, size);
  }
  run_command(call);
}

void RespSession::reject(RespCall& call, const Row& row, Bytes error) {
  const std::size_t size = call.output.size();
  if (row.spec != nullptr && row.spec->name == "exec") {
    abort_transaction(call, error);
  } else {
    if (state_.transaction != nullptr) state_.transaction->spoil();
    call.reply.error(error);
  }
  count_rejection(call, row.spec != nullptr && row.spec->is_served, size);
}

// Of a command that was answered without being called; no matter if it was kept for EXEC.
void RespSession::count_rejection(const RespCall& call, bool is_known, std::size_t size) {
  if (count_if_error(call, size) && is_known) environment_.command_stats.of(call.spec).rejections.add();
}

cache::Keyspace& RespSession::keys_for(const CommandSpec& spec) {
  if (reads_quietly(state_, spec)) return quiet_keys_;
  return environment_.cache;
}

// For CLIENT LIST.
void RespSession::note(const CommandSpec& spec, TimePoint now) {
  Client& client = *state_.client;
  client.active_at_ms.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  client.last_command.store(&spec.name, std::memory_order_relaxed);
}

// EXEC itself was wrong. As in Redis, no other command that is refused is shown by MONITOR.
void RespSession::abort_transaction(RespCall& call, Bytes error) {
  state_.transaction.reset();
  state_.watched.clear();
  if (environment_.service.clients.anybody_monitors()) {
    tell_monitors(call, monitor_words(call.spec, call.arguments));
  }
  if (error.starts_with("ERR ")) error.remove_prefix(4);
  call.reply.error("EXECABORT Transaction discarded because of: " + std::string(error));
}

// Between MULTI and EXEC these act at once.
bool RespSession::runs_inside_transaction(const CommandSpec& spec) {
  static constexpr Bytes names[] = {"discard", "exec", "multi", "quit", "reset", "watch"};
  return std::ranges::find(names, spec.name) != std::end(names);
}

void RespSession::keep(RespCall& call) {
  if (has_flag(call.spec, "no_multi")) {
    state_.transaction->spoil();
    return call.reply.error("ERR Command not allowed inside a transaction");
  }
  if (!state_.transaction->add(call.spec, call.arguments, transaction_size_max(environment_.limits))) {
    state_.transaction->spoil();
    return call.reply.error("ERR the transaction is larger than this server keeps for one connection");
  }
  call.reply.simple_string("QUEUED");
}

// What is wrong with a command before it is known what it would do; empty: nothing. In the order of Redis: a
// stranger is told what is no command before he is told to log in. Nothing he sends touches a key.
std::string RespSession::error_in(std::span<const Bytes> arguments, const Row& row) const {
  const auto& [spec, container] = row;
  if (spec == nullptr && container != nullptr) {
    return "ERR unknown subcommand '" + quotable(arguments[1]) + "'. Try " + to_upper(container->name) +
           " HELP.";
  }
  if (spec == nullptr) return unknown_command_error(arguments);
  const bool is_right_count = accepts_argument_count(*spec, arguments.size()) && spec->handler != nullptr;
  if (spec->is_served && !is_right_count) return wrong_argument_count_error(*spec);
  if (is_stranger() && !has_flag(*spec, "no_auth")) return "NOAUTH Authentication required.";
  if (!spec->is_served) return absent_command_error(*spec);
  switch (denial_of(state_.login, *spec, arguments)) {
    case Denial::nothing:
      break;
    case Denial::command:
      return "NOPERM this user has no permissions to run the '" + std::string(spec->name) + "' command";
    case Denial::key:
      return "NOPERM this user has no permissions to access one of the keys used as arguments";
  }
  if (is_monitor() && (spec->is_write || has_flag(*spec, "readonly"))) {
    return "ERR Replica can't interact with the keyspace";  // Redis' text: to it, who monitors is a replica
  }
  return {};
}

// A key is beyond its limit: a store leaves none of the others.
std::string RespSession::refuse_long_keys(RespCall& call) {
  if (call.spec.is_store) {
    std::vector<Bytes> keys;
    for_each_key(call.spec, call.arguments, [&](Bytes key) { keys.push_back(key); });
    forget(std::move(keys), call.now);
  }
  environment_.counters.protocol_errors.add();
  return "ERR a key is longer than " + std::to_string(environment_.limits.key_size_max) + " bytes";
}

// Begins as the error for what is unknown does: a client that tries whether a server has a command looks for
// that. About clusters, Redis' text is as plain.
std::string RespSession::absent_command_error(const CommandSpec& spec) {
  if (spec.group == "clusters are") return std::string(no_cluster_error);
  const std::size_t bar = spec.name.find('|');
  const bool is_subcommand = bar != Bytes::npos;
  return "ERR unknown " + std::string(is_subcommand ? "subcommand '" : "command '") +
         std::string(spec.name.substr(is_subcommand ? bar + 1 : 0)) + "': " + std::string(spec.group) +
         " not served yet";
}

std::string RespSession::unknown_command_error(std::span<const Bytes> arguments) {
  const Bytes name = arguments.front();
  const std::string text = "ERR unknown command '" + quotable(name) + "', with args beginning with: ";
  constexpr std::size_t shown_size_max = 128;
  std::string shown;
  for (const Bytes argument : arguments.subspan(1)) {
    if (shown.size() >= shown_size_max) break;
    shown += "'" + quotable(argument, shown_size_max - shown.size()) + "' ";
  }
  return text + shown;
}

}  // namespace larder::session
