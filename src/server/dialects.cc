#include "server/dialects.h"

#include <algorithm>
#include <array>

#include "session/http_session.h"
#include "session/line_session.h"
#include "session/resp_session.h"

namespace larder::server {
namespace {

using session::ConnectionFacts;
using session::Environment;
using session::Session;

std::unique_ptr<Session> make_line_session(const Environment& environment, const ConnectionFacts& facts) {
  return std::make_unique<session::LineSession>(environment, facts.id, facts.address);
}

std::unique_ptr<Session> make_resp_session(const Environment& environment, const ConnectionFacts& facts) {
  return std::make_unique<session::RespSession>(environment, facts);
}

// A WebSocket's binary messages carry RESP, so an HTTP session may need a RESP session inside.
std::unique_ptr<Session> make_http_session(const Environment& environment, const ConnectionFacts& facts) {
  return std::make_unique<session::HttpSession>(
      environment, [&environment, facts] { return make_resp_session(environment, facts); }, facts);
}

constexpr std::string_view http_refusal =
    "HTTP/1.1 503 Service Unavailable\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "Content-Length: 22\r\n"
    "Connection: close\r\n"
    "\r\n"
    "too many connections.\n";

// RESP's text is the one that Redis' clients know.
constexpr std::array table{
    Dialect{.scheme = "line",
            .default_url = "line://127.0.0.1:9999",
            .application_protocol = {},
            .refusal = "ERROR too many connections\r\n",
            .make_session = make_line_session},
    Dialect{.scheme = "resp",
            .default_url = "resp://127.0.0.1:6379",
            .application_protocol = {},
            .refusal = "-ERR max number of clients reached\r\n",
            .make_session = make_resp_session},
    Dialect{.scheme = "http",
            .default_url = "http://127.0.0.1:8080",
            .application_protocol = "http/1.1",
            .refusal = http_refusal,
            .make_session = make_http_session},
};

// In the order of the table.
constexpr std::array<std::string_view, 2 * table.size()> schemes{"line",     "resp",     "http",
                                                                 "line+tls", "resp+tls", "http+tls"};

}  // namespace

std::span<const Dialect> dialects() { return table; }

const Dialect* find_dialect(std::string_view scheme) {
  const auto* const found = std::ranges::find(table, scheme, &Dialect::scheme);
  return found == table.end() ? nullptr : found;
}

std::span<const std::string_view> listen_schemes() { return schemes; }

std::string_view listen_default() {
  static const std::string joined = [] {
    std::string urls;
    for (const Dialect& dialect : table) urls += (urls.empty() ? "" : ",") + std::string(dialect.default_url);
    return urls;
  }();
  return joined;
}

}  // namespace larder::server
