#include "session/resp_session.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "session/http_sniff.h"
#include "session/resp_handlers.h"

namespace larder::session {
namespace {

std::string upper(Bytes text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), ascii_upper);
  return result;
}

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

RespSession::RespSession(const Environment& environment, std::uint64_t connection_id)
    : environment_(environment), decoder_(command_limits(environment.limits)) {
  state_.connection_id = connection_id;
}

Progress RespSession::advance(Bytes input, TimePoint now, Output& output) {
  std::size_t consumed = 0;
  while (!output.full()) {
    const Bytes rest = input.substr(consumed);
    const auto next = decoder_.next(rest);
    forget_passed(now);
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
      refuse(next.error(), now, output);
      if (next.error().kind == ErrorKind::too_large) continue;
      state_.failed = true;
      return {.consumed = input.size(), .wait = Wait::close};
    }
    const std::optional<protocol::Command>& command = *next;
    if (command && !command->arguments.empty()) answer(command->arguments, now, output);
    consumed += command ? command->size : 0;
    if (state_.closing) return {.consumed = input.size(), .wait = Wait::close};
  }
  return {.consumed = consumed, .wait = Wait::output};
}

void RespSession::answer(std::span<const Bytes> arguments, TimePoint now, Output& output) {
  static constexpr CommandSpec unknown = row("", -1, "", no_keys, "", nullptr, "", "", "");
  const CommandSpec* spec = find_command(arguments.front());
  const CommandSpec* container = nullptr;
  if (spec != nullptr && !spec->subcommands.empty() && arguments.size() > 1) {
    container = spec;
    spec = find_subcommand(*container, arguments[1]);
  }
  if (spec == nullptr && container == nullptr && is_http_word(arguments.front())) {
    environment_.counters.http_on_wrong_port.add();
    state_.closing = state_.failed = true;
    return;
  }
  RespCall call{.spec = spec != nullptr ? *spec : unknown,
                .arguments = arguments,
                .now = now,
                .environment = environment_,
                .keys = environment_.cache,
                .state = state_,
                .output = output,
                .reply = {output, state_.version}};
  environment_.counters.commands.add();
  if (const std::string error = error_before(call, spec, container); !error.empty()) {
    if (state_.transaction != nullptr) state_.transaction->spoil();
    return call.reply.error(error);
  }
  if (state_.transaction != nullptr && !runs_inside_transaction(*spec)) return keep(call);
  spec->handler(call);
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

// What is wrong with a command before it is known what it would do; empty: nothing.
std::string RespSession::error_before(RespCall& call, const CommandSpec* spec, const CommandSpec* container) {
  if (spec == nullptr && container != nullptr) {
    return "ERR unknown subcommand '" + quotable(call.arguments[1]) + "'. Try " + upper(container->name) +
           " HELP.";
  }
  if (spec == nullptr) return unknown_command_error(call.arguments);
  if (!spec->is_served) return absent_command_error(*spec);
  if (!accepts_argument_count(*spec, call.arguments.size()) || spec->handler == nullptr) {
    return wrong_argument_count_error(*spec);
  }
  bool keys_fit = true;
  for_each_key(*spec, call.arguments,
               [&](Bytes key) { keys_fit &= key.size() <= environment_.limits.key_size_max; });
  if (!keys_fit) {
    forget(*spec, call.arguments, call.now);
    environment_.counters.protocol_errors.add();
    return "ERR a key is longer than " + std::to_string(environment_.limits.key_size_max) + " bytes";
  }
  return {};
}

// Begins as the error for an unknown command does: a client that tries whether a server has a command looks
// for that.
std::string RespSession::absent_command_error(const CommandSpec& spec) {
  return "ERR unknown command '" + std::string(spec.name) + "': " + std::string(spec.group) +
         " are not served yet";
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

// The decoder would not have it: the protocol is broken, or an argument is too large.
void RespSession::refuse(const Error& error, TimePoint now, Output& output) {
  environment_.counters.commands.add();
  environment_.counters.protocol_errors.add();
  protocol::ReplyEncoder(output, state_.version).error("ERR " + error.message);
  const auto before = decoder_.refused_arguments();
  if (state_.transaction != nullptr) state_.transaction->spoil();
  passed_spec_ = before.empty() ? nullptr : find_command(before.front());
  passed_index_ = before.size();
  if (passed_spec_ != nullptr) forget(*passed_spec_, before, now);
}

// The keys behind the argument for which a command was refused. The decoder passes over nothing else, so that
// passed_spec_ need not be reset when that command ends. A key beyond its limit is shown as an empty one, and
// the empty key goes with it.
void RespSession::forget_passed(TimePoint now) {
  for (const Bytes argument : decoder_.passed()) {
    const std::size_t index = passed_index_++;
    if (passed_spec_ == nullptr || passed_spec_->handler != handle_mset || index % 2 == 0) continue;
    if (argument.size() > environment_.limits.key_size_max) continue;
    environment_.cache.remove(state_.database, argument, cache::Condition::always(), now);
  }
}

// A store that is refused for its size leaves nothing under its keys, here as in the cache. `arguments` may
// be the front of a command only: an option that would have kept the store from happening may stand behind
// it, and the value goes all the same. A cache may forget, but must not show what was meant to be gone.
void RespSession::forget(const CommandSpec& spec, std::span<const Bytes> arguments, TimePoint now) {
  if (spec.handler != handle_set && spec.handler != handle_mset) return;
  std::vector<Bytes> keys;
  for_each_key(spec, arguments, [&](Bytes key) {
    if (key.size() <= environment_.limits.key_size_max) keys.push_back(key);
  });
  if (keys.empty()) return;
  environment_.cache.with_keys(keys, [&](cache::KeyedCalls& locked) {
    for (const Bytes key : keys) locked.remove(state_.database, key, cache::Condition::always(), now);
  });
}

}  // namespace larder::session
