#include "session/line_session.h"

#include <algorithm>
#include <optional>
#include <string>

#include "protocol/line/line_encoder.h"
#include "session/http_sniff.h"

namespace larder::session {
namespace {

using protocol::LineRequest;
using Verb = LineRequest::Verb;

constexpr cache::Database line_database = 0;

}  // namespace

Progress LineSession::advance(Bytes input, TimePoint now, Output& output) {
  std::size_t consumed = 0;
  if (!login_.is_still_valid()) return {.consumed = input.size(), .wait = Wait::close};
  while (!output.full()) {
    const std::size_t line_size_max = environment_.limits.line_size_max;
    decoder_.set_line_size_max(is_stranger() ? std::min(line_size_max, stranger_size_max) : line_size_max);
    const auto next = decoder_.next(input.substr(consumed));
    const bool is_request = !next || next->has_value();
    if (is_request && meter_.holds_up(login_.login(), now))
      return {.consumed = consumed, .wait = Wait::pause};
    if (!next) {
      if (waits(Verb::set, now)) return {.consumed = consumed, .wait = Wait::pause};
      count(now);
      if (!is_stranger()) forget(decoder_.refused_key(), now);
      refuse(output, next.error().message);
      return {.consumed = input.size(), .wait = Wait::close};
    }
    const std::optional<LineRequest>& request = *next;
    if (!request) return {.consumed = consumed, .wait = Wait::input};
    if (waits(request->verb, now)) return {.consumed = consumed, .wait = Wait::pause};
    if (request->verb == Verb::auth) {
      const LoginGate::State state = login_.ask(request->key, request->value, now);
      if (state == LoginGate::State::waits) return {.consumed = consumed, .wait = login_.wait()};
      consumed += request->size;
      count(now);
      answer_login(state, output);
      continue;
    }
    const Bytes line = input.substr(consumed, request->size);
    consumed += request->size;
    if (request->verb == Verb::invalid && looks_like_http(line)) {
      environment_.counters.http_on_wrong_port.add();
      return {.consumed = input.size(), .wait = Wait::close};
    }
    count(now);
    if (request->verb == Verb::quit) return {.consumed = input.size(), .wait = Wait::close};
    if (is_stranger()) {
      protocol::append_line_error(output, "log in first: auth USER PASSWORD");
    } else {
      answer(*request, now, output);
    }
  }
  return {.consumed = consumed, .wait = Wait::output};
}

void LineSession::count(TimePoint now) {
  environment_.counters.commands.add();
  meter_.charge(login_.login(), now);
}

// CLIENT PAUSE. What waits is not consumed, and read again. A line that is too long empties a key.
bool LineSession::waits(Verb verb, TimePoint now) {
  const bool reaches_a_key = verb == Verb::get || verb == Verb::set || verb == Verb::remove;
  return reaches_a_key && !is_stranger() && gate_.holds_up(verb != Verb::get, now);
}

void LineSession::answer(const LineRequest& request, TimePoint now, Output& output) {
  if (request.verb == Verb::invalid) return refuse(output, request.reason);
  if (const char* const denial = denial_of(request); denial != nullptr) {
    return protocol::append_line_error(output, denial);
  }
  const std::size_t key_size_max = environment_.limits.key_size_max;
  if (request.key.size() > key_size_max) {
    return refuse(output, "a key is longer than " + std::to_string(key_size_max) + " bytes");
  }
  switch (request.verb) {
    case Verb::get: {
      const bool found = environment_.cache.get(
          line_database, request.key, now,
          [&output](const cache::ItemView& item) { protocol::append_line_value(output, item.value); });
      if (!found) protocol::append_line_end(output);
      return;
    }
    case Verb::set:
      return set(request, now, output);
    case Verb::remove:
      environment_.cache.remove(line_database, request.key, cache::Condition::always(), now);
      return protocol::append_line_end(output);
    case Verb::auth:
    case Verb::quit:
    case Verb::invalid:
      return;
  }
}

void LineSession::answer_login(LoginGate::State state, Output& output) {
  if (state == LoginGate::State::right) return protocol::append_line_ok(output);
  protocol::append_line_error(output, state == LoginGate::State::wrong
                                          ? "wrong user or password"
                                          : "too many logins wait for their turn; try again later");
}

// Null: whoever is logged in may do it.
const char* LineSession::denial_of(const LineRequest& request) const {
  const Login& login = login_.login();
  if (!login.may(request.verb == Verb::get ? read_right : write_right)) return "this user may not do that";
  return login.may_reach(request.key) ? nullptr : "this user may not reach this key";
}

void LineSession::set(const LineRequest& request, TimePoint now, Output& output) {
  const std::size_t value_size_max = environment_.limits.value_size_max;
  if (request.value.size() > value_size_max) {
    forget(request.key, now);
    return refuse(output, "a value is longer than " + std::to_string(value_size_max) + " bytes");
  }
  switch (environment_.cache.set(line_database, request.key, request.value, cache::Expiry::none(),
                                 cache::Condition::always(), now)) {
    case cache::StoreOutcome::stored:
    case cache::StoreOutcome::condition_failed:  // there is no condition
      return protocol::append_line_end(output);
    case cache::StoreOutcome::too_large:
      return protocol::append_line_error(output, "the item is larger than this cache ever holds");
    case cache::StoreOutcome::no_memory:
      return protocol::append_line_error(output, "out of memory; the value was not stored");
  }
}

// What stood there was meant to go, as with any store that the cache itself refuses. A key that is empty or
// beyond its limit names nothing.
void LineSession::forget(Bytes key, TimePoint now) {
  if (key.empty() || key.size() > environment_.limits.key_size_max) return;
  if (!login_.login().may(write_right) || !login_.login().may_reach(key)) return;
  environment_.cache.remove(line_database, key, cache::Condition::always(), now);
}

// A line that breaks the grammar or a bound.
void LineSession::refuse(Output& output, Bytes reason) {
  environment_.counters.protocol_errors.add();
  protocol::append_line_error(output, reason);
}

}  // namespace larder::session
