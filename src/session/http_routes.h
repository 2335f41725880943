// session/http_routes.h: what the HTTP addresses mean, as a table.
//
//   GET HEAD PUT DELETE  /v1/keys/{key}   the key: everything up to '?', percent-decoded once
//   OPTIONS              /v1/keys/{key}   a browser's question before its page's PUT or DELETE: see origin.h
//   GET HEAD             /healthz
//   GET HEAD             /v1/stats
//   GET                  /v1/ws           upgrade to WebSocket
//
// Where a login is asked for, everything but /healthz, /v1/ws and a browser's question is 401 without one
// (http_login.h), and 403 what the user may not do.
//
// A request is judged by its head first, so that a peer which waits for `100 Continue` is refused before it
// sends a body, and answered when it is whole.
#pragma once

#include <array>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/output.h"
#include "cache/backend.h"
#include "protocol/http/message.h"
#include "protocol/http/response_writer.h"
#include "protocol/http/url.h"
#include "session/login.h"
#include "session/session.h"

namespace larder::session {

/// Why a request is not served: status 0 means it is.
struct HttpRefusal {
  int status = 0;
  std::string message{};  // a sentence, without any byte of the peer's
  Bytes header_name{};    // one more header, if not empty
  std::string header_value{};
  bool is_denial = false;  // 403: this user may not
};

enum class LoginState : std::uint8_t { untried, wrong, crowded };

/// One request on its way through the table. The references outlive it.
struct HttpCall {
  const Environment& environment;
  const protocol::http::Request& request;
  const Login& login;  // of whoever asks; only counts if he need not log in first
  TimePoint now;
  Bytes body{};                     // wherever it lies; only counts when the request is answered
  bool needs_login = false;         // whoever asks would have to log in first
  LoginState login_state{};         // what came of the login that he has tried
  Bytes local_address{};            // where the connection ends here, as in ConnectionFacts
  protocol::http::Target target{};  // views into the request; set by judge()
  std::string key{};                // of /v1/keys/, set by judge()
  cache::Expiry expiry{};           // of a PUT, set by judge()
  /// With shown_to_page: what lets the page that asks read the answer.
  std::array<protocol::http::HeaderView, 2> page_headers{};
  bool shown_to_page = false;  // set by judge(): the page's origin is allowed here
  bool upgraded = false;       // set by the answer that made this connection a WebSocket
};

/// A method of a route.
struct HttpMethod {
  Bytes name;
  bool guarded;                              // the Origin rule applies: see origin.h
  Rights needs;                              // of whoever calls it
  HttpRefusal (*read_head)(HttpCall& call);  // null: nothing to read
  /// Writes a response, or answers with a refusal and writes nothing.
  HttpRefusal (*answer)(HttpCall& call, Output& output);
  void (*drop)(HttpCall& call) = nullptr;  // called instead if the body was too large; null: nothing to do
};

/// Decides by the head alone who answers the call; null, and `refusal` set, if nobody does.
[[nodiscard]] const HttpMethod* judge(HttpCall& call, HttpRefusal& refusal);

/// Writes a refusal as text. `keep_alive`: the end of the request is known, and the connection goes on.
void write_refusal(const HttpCall& call, const HttpRefusal& refusal, bool keep_alive, Output& output);

}  // namespace larder::session
