#include "session/http_session.h"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "protocol/http/response_writer.h"
#include "session/http_login.h"
#include "session/websocket_session.h"

namespace larder::session {
namespace {

namespace http = protocol::http;

constexpr Duration keep_alive_timeout = std::chrono::seconds{60};

/// A key of the largest size must fit into the request line when each of its bytes is written as %XX.
http::RequestLimits request_limits(const Limits& limits) {
  return {.request_line_size_max = 3 * limits.key_size_max + 1024, .body_size_max = limits.value_size_max};
}

/// Before anybody has logged in on the connection a head is no longer than anything else is.
constexpr std::size_t stranger_part_size_max = stranger_size_max / 2;

}  // namespace

HttpSession::HttpSession(const Environment& environment, MakeSession make_resp_session,
                         const ConnectionFacts& facts)
    : environment_(environment),
      make_resp_session_(std::move(make_resp_session)),
      local_address_(facts.local_address),
      parser_(request_limits(environment.limits), this),
      login_(environment, facts.address),
      gate_(environment.service.clients, facts.id),
      meter_(environment, facts) {
  if (login_.is_stranger()) parser_.set_head_limits(stranger_part_size_max, stranger_part_size_max);
}

HttpCall HttpSession::call_for(const http::Request& request, TimePoint now) const {
  return {.environment = environment_,
          .request = request,
          .login = login_.login(),
          .now = now,
          .needs_login = environment_.service.accounts.ask_for_login() &&
                         (!is_authorized_ || login_state_ != LoginState::untried || login_.is_stranger()),
          .login_state = login_state_,
          .local_address = local_address_};
}

/// Finds out who makes the request: each says so for itself, as proxies have those of many on one connection.
/// What to wait for before that is known; nullopt: it is.
std::optional<Wait> HttpSession::authorize(const http::Request& request, TimePoint now) {
  if (is_authorized_) {
    // Between its head and the rest of its body he may have lost what he had.
    static_cast<void>(login_.is_still_valid());
    return std::nullopt;
  }
  is_authorized_ = true;
  login_state_ = LoginState::untried;
  if (!environment_.service.accounts.ask_for_login()) return std::nullopt;
  const std::string* const header = request.find("Authorization");
  const bool is_known = header != nullptr && *header == known_authorization_ && login_.is_still_valid();
  if (is_known && !login_.is_stranger()) return std::nullopt;
  login_.forget();
  known_authorization_.clear();
  if (header == nullptr) return std::nullopt;
  const std::optional<Credentials> credentials = read_authorization(*header);
  const bool is_one = credentials && request.count("Authorization") == 1;
  const LoginGate::State state =
      is_one ? login_.ask(credentials->name, credentials->password, now) : LoginGate::State::wrong;
  is_authorized_ = state != LoginGate::State::waits;
  if (!is_authorized_) return login_.wait();
  if (state == LoginGate::State::wrong) login_state_ = LoginState::wrong;
  if (state == LoginGate::State::crowded) login_state_ = LoginState::crowded;
  if (state == LoginGate::State::right) {
    known_authorization_ = *header;
    has_logged_in_ = true;
    const http::RequestLimits limits = request_limits(environment_.limits);
    parser_.set_head_limits(limits.request_line_size_max, limits.header_size_max);
  }
  return std::nullopt;
}

Duration HttpSession::idle_timeout() const {
  return websocket_ == nullptr ? keep_alive_timeout : Duration{0};
}

bool HttpSession::is_stranger() const {
  if (has_logged_in_ || !login_.is_stranger()) return false;
  return websocket_ == nullptr || websocket_->is_stranger();
}

void HttpSession::closing(Output& output) {
  if (websocket_ != nullptr) websocket_->closing(output);
}

Progress HttpSession::advance(Bytes input, TimePoint now, Output& output) {
  std::size_t consumed = 0;
  now_ = now;
  while (websocket_ == nullptr) {
    if (output.full()) return {.consumed = consumed, .wait = Wait::output};
    std::optional<http::Request> request = std::exchange(held_, std::nullopt);
    if (const http::Request* const head = request.has_value() ? &*request : parser_.arriving();
        head != nullptr) {
      if (const std::optional<Wait> wait = authorize(*head, now)) {
        held_ = std::move(request);
        return {.consumed = consumed, .wait = *wait};
      }
    }
    if (!request.has_value() && !refused_.has_value()) {
      auto result = parser_.next(input);
      input.remove_prefix(parser_.consumed());
      consumed += parser_.consumed();
      if (result) {
        request = *std::move(result);
      } else {
        refused_ = result.error();
      }
    }
    if (const http::Request* const head = request.has_value() ? &*request : parser_.arriving();
        head != nullptr) {
      if (const std::optional<Wait> wait = authorize(*head, now)) {
        held_ = std::move(request);
        return {.consumed = consumed, .wait = *wait};
      }
    }
    if ((request.has_value() || refused_.has_value()) && meter_.holds_up(login_.login(), now)) {
      held_ = std::move(request);
      return {.consumed = consumed, .wait = Wait::pause};
    }
    if (refused_.has_value()) {
      const http::Request* const arriving = parser_.arriving();
      if (arriving != nullptr && waits(*arriving, now)) return {.consumed = consumed, .wait = Wait::pause};
      refuse_unread(refused_->message, now, output);
      return {.consumed = consumed, .wait = Wait::close};
    }
    if (request.has_value() && waits(*request, now)) {
      held_ = std::move(request);
      return {.consumed = consumed, .wait = Wait::pause};
    }
    const Next next = request.has_value() ? answer(*request, now, output) : greet_body(now, output);
    if (next == Next::close) return {.consumed = consumed, .wait = Wait::close};
    if (next == Next::wait) return {.consumed = consumed, .wait = Wait::pause};
    if (next == Next::upgrade) {
      websocket_ = std::make_unique<WebSocketSession>(environment_, std::move(make_resp_session_), gate_,
                                                      login_, meter_);
    } else if (!request.has_value()) {
      return {.consumed = consumed, .wait = Wait::input};
    }
  }
  Progress progress = websocket_->advance(input, now, output);
  progress.consumed += consumed;
  return progress;
}

/// CLIENT PAUSE is for what reaches a key: whether the server is well, and its figures, are told meanwhile.
bool HttpSession::waits(const http::Request& request, TimePoint now) {
  if (!gate_.may_hold_up(now)) return false;
  HttpCall call = call_for(request, now);
  HttpRefusal refusal;
  if (judge(call, refusal) == nullptr || call.key.empty()) return false;
  return gate_.holds_up(request.method != "GET" && request.method != "HEAD", now);
}

HttpSession::Next HttpSession::answer(const http::Request& request, TimePoint now, Output& output) {
  count_request(now);
  const std::unique_ptr<cache::Draft> draft = std::move(draft_);
  HttpCall call = call_for(request, now);
  call.body = draft != nullptr ? draft->bytes() : Bytes(request.body);
  HttpRefusal refusal;
  const HttpMethod* const method = judge(call, refusal);
  if (method != nullptr) refusal = method->answer(call, output);
  is_authorized_ = false;
  const bool goes_on = request.keep_alive && refusal.status != 401 && refusal.status != 503;
  if (refusal.status != 0) {
    count_refusal(refusal.status, refusal.is_denial);
    write_refusal(call, refusal, goes_on, output);
  }
  if (call.upgraded) return Next::upgrade;
  return goes_on ? Next::request : Next::close;
}

/// More bytes are needed. If the peer waits to be asked for the body: ask for it, or refuse the request now.
/// A refusal closes, since the peer may send the body all the same. The body of who would have to log in is
/// not waited for, so that nobody has memory kept for him before that; and a 401 closes wherever it comes
/// from, or it would depend on how the bytes were cut.
HttpSession::Next HttpSession::greet_body(TimePoint now, Output& output) {
  const http::Request* const request = parser_.arriving();
  if (request == nullptr) return Next::request;
  HttpCall call = call_for(*request, now);
  HttpRefusal refusal;
  if (!parser_.awaits_continue() && !call.needs_login) return Next::request;
  if (judge(call, refusal) != nullptr && call.needs_login) {
    refusal = {.status = 413,
               .message = "What is open to everybody takes no body where a login is asked for."};
  }
  if (refusal.status != 0) {
    if (meter_.holds_up(login_.login(), now)) return Next::wait;
    count_request(now);
    count_refusal(refusal.status, refusal.is_denial);
    write_refusal(call, refusal, false, output);
    return Next::close;
  }
  http::write_continue(output);
  parser_.continue_sent();
  return Next::request;
}

bool HttpSession::begin(const http::Request& head, std::size_t size) {
  if (authorize(head, now_)) return false;
  HttpCall call = call_for(head, now_);
  HttpRefusal refusal;
  const HttpMethod* const method = judge(call, refusal);
  if (method == nullptr || method->drop == nullptr) return false;  // only what stores has something to drop
  draft_ = environment_.cache.draft(size, environment_.limits.key_size_max);
  return draft_ != nullptr;
}

/// The parser has refused a request: where the next would start is unknown. Unless it was for its body, it
/// may not even be known whether this was a HEAD; a body that its client does not expect harms nobody on a
/// connection that closes.
void HttpSession::refuse_unread(Bytes sentence, TimePoint now, Output& output) {
  const int status = parser_.error_status();
  count_refusal(status);
  count_request(now);
  draft_.reset();
  if (const http::Request* const request = parser_.arriving();
      request != nullptr && (status == 413 || status == 507)) {
    HttpCall call = call_for(*request, now);
    HttpRefusal refusal;
    const HttpMethod* const method = judge(call, refusal);
    if (method != nullptr && method->drop != nullptr) method->drop(call);
    if (refusal.status == 401 || refusal.status == 503 || refusal.is_denial) {
      return write_refusal(call, refusal, false, output);
    }
    return write_refusal(call, {.status = status, .message = std::string(sentence)}, false, output);
  }
  http::write_text({.status = status, .keep_alive = false}, sentence, output);
}

std::size_t HttpSession::held_size() const {
  const std::size_t login_size = login_.held_size();
  if (websocket_ != nullptr) return login_size + websocket_->held_size();
  const http::Request* const request = held_.has_value() ? &*held_ : parser_.arriving();
  return login_size + (request == nullptr ? 0 : request->body.capacity());
}

void HttpSession::count_request(TimePoint now) {
  environment_.counters.commands.add();
  meter_.charge(login_.login(), now);
}

/// What broke the grammar or a bound counts as a protocol error; what is merely not there does not.
void HttpSession::count_refusal(int status, bool is_denial) {
  if (is_denial) return;
  if (status == 403 || status == 421) {
    environment_.counters.origins_refused.add();
  } else if (status != 401 && status != 404 && status != 405 && status != 503 && status != 507) {
    environment_.counters.protocol_errors.add();
  }
}

}  // namespace larder::session
