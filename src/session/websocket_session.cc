#include "session/websocket_session.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/utf8.h"
#include "protocol/websocket/json_message.h"
#include "session/resp_session.h"

namespace larder::session {
namespace {

namespace websocket = protocol::websocket;

/// Of a RESP session's input that is used up; a larger one gives its memory back.
constexpr std::size_t kept_input_capacity_max = std::size_t{16} << 10;

constexpr cache::Database text_database = 0;  // of text messages; binary ones have SELECT

/// JSON is read in one piece, at up to 0.1 us a byte for numbers that no double holds, while the worker's
/// other connections wait. What does not fit goes over binary messages.
constexpr std::size_t text_size_max = std::size_t{1} << 20;

/// Binary: the largest value with the largest key, and room for what stands around them in RESP.
websocket::MessageLimits message_limits(const Limits& limits) {
  const std::size_t size_max = limits.value_size_max + limits.key_size_max + (std::size_t{64} << 10);
  return {.text_size_max = std::min(size_max, text_size_max), .binary_size_max = size_max};
}

/// Before somebody has logged in.
constexpr websocket::MessageLimits stranger_limits{.text_size_max = stranger_size_max,
                                                   .binary_size_max = stranger_size_max};

/// The most that a RESP session leaves unconsumed when it waits for input: a command just within its limit,
/// and a header line that would break it.
std::size_t resp_input_size_max(const Limits& limits) {
  const protocol::CommandLimits command = command_limits(limits);
  return command.command_size_max + command.inline_size_max;
}

}  // namespace

WebSocketSession::WebSocketSession(const Environment& environment, MakeSession make_resp_session,
                                   PauseGate& gate, LoginGate& login, RequestMeter& meter)
    : environment_(environment),
      make_resp_session_(std::move(make_resp_session)),
      gate_(gate),
      login_(login),
      meter_(meter),
      codec_(message_limits(environment.limits)) {}

Progress WebSocketSession::advance(Bytes input, TimePoint now, Output& output) {
  const std::size_t size = input.size();
  if (!login_.is_still_valid()) {
    codec_.close(websocket::CloseCode::policy_violation, "the login has ended", output);
  }
  if (resp_waits_.has_value() && !codec_.closed()) run_resp(now, output);
  while (!codec_.closed()) {
    if (output.full()) return {.consumed = size - input.size(), .wait = Wait::output};
    if (resp_waits_.has_value()) return {.consumed = size - input.size(), .wait = *resp_waits_};
    if (resp_runs_) {
      // What the RESP session would do next is its own affair: it waits as if it would write.
      if (gate_.holds_up(true, now)) return {.consumed = size - input.size(), .wait = Wait::pause};
      run_resp(now, output);
      // It has stopped by itself: the other connections have their turns first.
      if (resp_runs_) return {.consumed = size - input.size(), .wait = Wait::output};
      continue;
    }
    codec_.set_limits(is_stranger() ? stranger_limits : message_limits(environment_.limits));
    std::optional<websocket::Message> message = std::exchange(held_, std::nullopt);
    if (!message.has_value()) message = codec_.next(input, output);
    if (!message.has_value()) {
      if (codec_.closed() || output.full()) continue;
      return {.consumed = size - input.size(), .wait = Wait::input};
    }
    const bool is_over_rate =
        message->kind == websocket::MessageKind::text && meter_.holds_up(login_.login(), now);
    if (is_over_rate || waits(*message, now)) {
      held_ = std::move(message);
      return {.consumed = size - input.size(), .wait = Wait::pause};
    }
    if (message->kind == websocket::MessageKind::text) {
      const std::optional<std::string> reply = answer_text(message->payload, now);
      if (!reply) {
        held_ = std::move(message);
        return {.consumed = size - input.size(), .wait = login_.wait()};
      }
      codec_.write(websocket::MessageKind::text, *reply, output);
    } else {
      take_binary(std::move(message->payload));
    }
  }
  if (codec_.failed()) environment_.counters.protocol_errors.add();
  return {.consumed = size - input.size(), .wait = Wait::close};
}

void WebSocketSession::closing(Output& output) {
  codec_.close(websocket::CloseCode::going_away, "the server closes this connection", output);
}

void WebSocketSession::count(TimePoint now) {
  environment_.counters.commands.add();
  meter_.charge(login_.login(), now);
}

/// CLIENT PAUSE. Of a text message that is wrong nothing waits, nor of a binary one before it is RESP's turn.
bool WebSocketSession::waits(const websocket::Message& message, TimePoint now) {
  if (message.kind != websocket::MessageKind::text || !gate_.may_hold_up(now)) return false;
  const websocket::JsonRequest request = websocket::parse_json_request(message.payload);
  return request.error.empty() && request.verb != websocket::JsonVerb::auth && !login_.is_stranger() &&
         gate_.holds_up(request.verb != websocket::JsonVerb::get, now);
}

// nullopt: whether it is right is not known yet.
std::optional<std::string> WebSocketSession::answer_login(const websocket::JsonRequest& request,
                                                          TimePoint now) {
  switch (login_.ask(request.key, request.value, now)) {
    case LoginGate::State::waits:
      return std::nullopt;
    case LoginGate::State::right:
      return websocket::json_ok_reply(request.id);
    case LoginGate::State::wrong:
      return websocket::json_error_reply(request.id, "This is no user, or not his password.");
    case LoginGate::State::crowded:
      break;
  }
  return websocket::json_error_reply(request.id, "Too many logins wait for their turn; try again later.");
}

// nullopt: it is a login, and whether it is right is not known yet.
std::optional<std::string> WebSocketSession::answer_text(Bytes text, TimePoint now) {
  const websocket::JsonRequest request = websocket::parse_json_request(text);
  if (request.error.empty() && request.verb == websocket::JsonVerb::auth) {
    std::optional<std::string> reply = answer_login(request, now);
    if (reply) count(now);
    return reply;
  }
  count(now);
  const auto refuse = [&](Bytes sentence) {
    environment_.counters.protocol_errors.add();
    return websocket::json_error_reply(request.id, sentence);
  };
  if (!request.error.empty()) return refuse(request.error);
  if (login_.is_stranger()) {
    return websocket::json_error_reply(request.id, R"(Log in first: {"id":0,"auth":["USER","PASSWORD"]}.)");
  }
  if (request.key.empty()) return refuse("The key is empty.");
  if (request.key.size() > environment_.limits.key_size_max) {
    return refuse("The key is longer than this server stores.");
  }
  const Login& login = login_.login();
  if (!login.may(request.verb == websocket::JsonVerb::get ? read_right : write_right) ||
      !login.may_reach(request.key)) {
    return websocket::json_error_reply(request.id, "This user may not do that.");
  }
  cache::Cache& cache = environment_.cache;
  switch (request.verb) {
    case websocket::JsonVerb::get: {
      std::string value;
      if (!cache.get(text_database, request.key, now,
                     [&](const cache::ItemView& item) { value = item.value; })) {
        return websocket::json_value_reply(request.id, std::nullopt);
      }
      if (!is_utf8(value)) {
        return websocket::json_error_reply(
            request.id, "The value is not UTF-8; read it with a RESP GET in binary frames.");
      }
      return websocket::json_value_reply(request.id, value);
    }
    case websocket::JsonVerb::set: {
      if (request.value.size() > environment_.limits.value_size_max) {
        // The writer meant the old value to be gone (cache/backend.h).
        cache.remove(text_database, request.key, cache::Condition::always(), now);
        return refuse("The value is larger than this server stores; the key is empty now.");
      }
      const cache::Expiry expiry =
          request.ttl.has_value() ? cache::Expiry::at(now + *request.ttl) : cache::Expiry::none();
      switch (cache.set(text_database, request.key, request.value, expiry, cache::Condition::always(), now)) {
        case cache::StoreOutcome::stored:
        case cache::StoreOutcome::condition_failed:  // there was none
          return websocket::json_ok_reply(request.id);
        case cache::StoreOutcome::too_large:
          return websocket::json_error_reply(
              request.id, "The value is larger than this cache ever holds; the key is empty now.");
        case cache::StoreOutcome::no_memory:
          break;
      }
      return websocket::json_error_reply(request.id,
                                         "There is no memory left for the value; the key is empty now.");
    }
    case websocket::JsonVerb::auth:
      break;
    case websocket::JsonVerb::remove:
      cache.remove(text_database, request.key, cache::Condition::always(), now);
      break;
  }
  return websocket::json_ok_reply(request.id);
}

void WebSocketSession::take_binary(std::string payload) {
  if (resp_ == nullptr) {
    resp_ = make_resp_session_();
    if (resp_ != nullptr) resp_->embed(gate_.remote());
  }
  if (resp_input_.empty()) {
    resp_input_ = std::move(payload);
  } else {
    resp_input_ += payload;
  }
  const std::size_t size = resp_input_.size() - resp_offset_;
  resp_runs_ = size > 0 && size >= resp_input_size_min_;
}

/// One turn of the RESP session. Its replies make one message; it stops by itself when they are many, and
/// goes on when these have left. What it consumed is dropped when it outweighs the rest: a message of many
/// short commands with long replies takes many turns, and moving the rest in each would make the cost grow
/// with the square of its size.
void WebSocketSession::run_resp(TimePoint now, Output& output) {
  Output replies;
  const Progress progress = resp_->advance(Bytes(resp_input_).substr(resp_offset_), now, replies);
  resp_offset_ += progress.consumed;
  if (resp_offset_ > resp_input_.size() / 2) {
    resp_input_.erase(0, resp_offset_);
    resp_offset_ = 0;
  }
  if (resp_input_.empty() && resp_input_.capacity() > kept_input_capacity_max)
    std::string().swap(resp_input_);
  if (!replies.empty()) codec_.write(websocket::MessageKind::binary, replies.text(), output);
  resp_runs_ = progress.wait == Wait::output;
  const bool is_woken = progress.wait == Wait::wake || progress.wait == Wait::pause;
  resp_waits_ = is_woken ? std::optional(progress.wait) : std::nullopt;
  resp_input_size_min_ = progress.wait == Wait::input ? progress.input_size_min : 0;
  if (progress.wait == Wait::close && resp_->failed()) {
    // Not 1002: the frames were right, and a client's WebSocket library is not where to look. The RESP error
    // has gone out before this, and was counted there.
    codec_.close(websocket::CloseCode::policy_violation, "the RESP session has failed", output);
  } else if (progress.wait == Wait::close) {
    codec_.close(websocket::CloseCode::normal, "the RESP session has ended", output);
  } else if (progress.wait == Wait::input &&
             resp_input_.size() - resp_offset_ > resp_input_size_max(environment_.limits)) {
    // No RESP session of ours comes here.

    codec_.close(websocket::CloseCode::too_large, "the RESP command is too large", output);
  }
}

}  // namespace larder::session
