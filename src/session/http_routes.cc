#include "session/http_routes.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "protocol/http/json_object.h"
#include "protocol/http/origin.h"
#include "protocol/http/response_writer.h"
#include "protocol/http/seconds.h"
#include "protocol/websocket/handshake.h"
#include "session/server_stats.h"

namespace larder::session {
namespace {

namespace http = protocol::http;
namespace websocket = protocol::websocket;

constexpr cache::Database http_database = 0;  // HTTP has no SELECT
constexpr Bytes keys_path = "/v1/keys/";

http::ResponseHead head_of(const HttpCall& call, int status, Bytes content_type = {}) {
  return {.status = status,
          .content_type = content_type,
          .keep_alive = call.request.keep_alive,
          .version_minor = call.request.version_minor,
          .headers = call.shown_to_page ? std::span<const http::HeaderView>(call.page_headers)
                                        : std::span<const http::HeaderView>()};
}

http::BodyPolicy body_policy(const HttpCall& call) {
  return call.request.method == "HEAD" ? http::BodyPolicy::omit : http::BodyPolicy::send;
}

// ---------------------------------------------------------------------------------------------------------
// /v1/keys/{key}

HttpRefusal read_key(HttpCall& call) {
  auto key = http::percent_decode(call.target.path.substr(keys_path.size()));
  if (!key) return {.status = 400, .message = std::move(key.error().message)};
  if (key->empty()) return {.status = 400, .message = "The key is empty."};
  if (key->size() > call.environment.limits.key_size_max) {
    return {.status = 414, .message = "The key is longer than this server stores."};
  }
  call.key = *std::move(key);
  return {};
}

/// Parameters that are not known are refused: a misspelt ttl would store for ever.
HttpRefusal read_key_and_ttl(HttpCall& call) {
  if (HttpRefusal refusal = read_key(call); refusal.status != 0) return refusal;
  const auto parameters = http::parse_form(call.target.query.value_or(Bytes{}), 8);
  if (!parameters) return {.status = 400, .message = parameters.error().message};
  for (const http::FormPair& parameter : *parameters) {
    if (parameter.name != "ttl") return {.status = 400, .message = "The only parameter of a PUT is ttl."};
    if (call.expiry.kind != cache::Expiry::Kind::none) {
      return {.status = 400, .message = "The request has more than one ttl."};
    }
    const auto ttl = http::seconds_from_text(parameter.value);
    if (!ttl) return {.status = 400, .message = ttl.error().message};
    call.expiry = cache::Expiry::at(call.now + *ttl);
  }
  return {};
}

/// A large value is sent from where it lies; others are copied in their visit, straight to where they leave
/// from.
HttpRefusal get_key(HttpCall& call, Output& output) {
  const http::BodyPolicy policy = body_policy(call);
  const bool found =
      call.environment.cache.get(http_database, call.key, call.now, [&](const cache::ItemView& item) {
        const http::ResponseHead head = head_of(call, 200, "application/octet-stream");
        if (policy == http::BodyPolicy::send && item.value.size() >= lent_size_min) {
          if (Loan loan = item.lend()) return http::write_response_from(head, std::move(loan), output);
        }
        http::write_response(head, item.value, output, policy);
      });
  if (!found) return {.status = 404, .message = "There is no value under this key."};
  return {};
}

HttpRefusal put_key(HttpCall& call, Output& output) {
  switch (call.environment.cache.set(http_database, call.key, call.body, call.expiry,
                                     cache::Condition::always(), call.now)) {
    case cache::StoreOutcome::stored:
    case cache::StoreOutcome::condition_failed:  // there was none
      http::write_response(head_of(call, 204), {}, output);
      return {};
    case cache::StoreOutcome::too_large:
      return {.status = 413,
              .message = "The value is larger than this cache ever holds; the key is empty now."};
    case cache::StoreOutcome::no_memory:
      break;
  }
  return {.status = 507, .message = "There is no memory left for the value; the key is empty now."};
}

/// Its writer meant the old value to be gone (cache/backend.h), whoever refused the new one.
void drop_key(HttpCall& call) {
  call.environment.cache.remove(http_database, call.key, cache::Condition::always(), call.now);
}

HttpRefusal delete_key(HttpCall& call, Output& output) {
  if (!call.environment.cache.remove(http_database, call.key, cache::Condition::always(), call.now)) {
    return {.status = 404, .message = "There is no value under this key."};
  }
  http::write_response(head_of(call, 204), {}, output);
  return {};
}

/// The page is an allowed one. A day would spare more questions than ten minutes, but a browser would go on
/// for as long after --allow-origin no longer names the page.
HttpRefusal answer_preflight(HttpCall& call, Output& output) {
  std::vector<http::HeaderView> headers(call.page_headers.begin(), call.page_headers.end());
  headers.push_back({"Access-Control-Allow-Methods", "GET, HEAD, PUT, DELETE"});
  if (call.request.find("Access-Control-Request-Headers") != nullptr) {
    headers.push_back({"Access-Control-Allow-Headers", "Authorization, Content-Type"});
  }
  if (call.request.has_token("Access-Control-Request-Private-Network", "true")) {
    headers.push_back({"Access-Control-Allow-Private-Network", "true"});
  }
  headers.push_back({"Access-Control-Max-Age", "600"});
  http::ResponseHead head = head_of(call, 204);
  head.headers = headers;
  http::write_response(head, {}, output);
  return {};
}

// ---------------------------------------------------------------------------------------------------------
// The rest

HttpRefusal get_health(HttpCall& call, Output& output) {
  http::write_response(head_of(call, 200, "text/plain; charset=utf-8"), "ok\n", output, body_policy(call));
  return {};
}

HttpRefusal get_stats(HttpCall& call, Output& output) {
  const ServerStats stats = gather_stats(call.environment.cache, call.environment, call.now);
  http::JsonObject object;
  object.add("version", stats.facts->version)
      .add("uptime_s", std::int64_t{stats.uptime.count()})
      .add("backend", stats.facts->backend)
      .add("policy", stats.facts->policy)
      .add("event_loop", stats.facts->event_loop)
      .add("event_loop_reason", stats.facts->event_loop_reason)
      .add("sandbox", stats.facts->sandbox)
      .add("workers", std::uint64_t{stats.facts->worker_count})
      .add("shards", std::uint64_t{stats.facts->shard_count})
      .add("items", stats.cache.items)
      .add("memory_used", stats.cache.memory_used)
      .add("memory_limit", stats.cache.memory_limit)
      .add("hits", stats.cache.hits)
      .add("misses", stats.cache.misses)
      .add("sets", stats.cache.sets)
      .add("evictions", stats.cache.evictions)
      .add("expired", stats.cache.expired)
      .add("sets_refused", stats.cache.refused)
      .add("connections", stats.counters.connections)
      .add("connection_buffer_size", stats.counters.connection_buffer_size)
      .add("connection_buffer_limit", stats.facts->buffer_size_max)
      .add("connections_accepted", stats.counters.connections_accepted)
      .add("connections_refused", stats.counters.connections_refused)
      .add("connections_refused_per_address", stats.counters.connections_refused_per_address)
      .add("commands", stats.counters.commands)
      .add("protocol_errors", stats.counters.protocol_errors)
      .add("http_on_wrong_port", stats.counters.http_on_wrong_port)
      .add("origins_refused", stats.counters.origins_refused)
      .add("logins_refused", stats.counters.logins_refused)
      .add("logins_overdue", stats.counters.logins_overdue)
      .add("requests_delayed_per_address", stats.counters.requests_delayed_per_address)
      .add("requests_delayed_per_user", stats.counters.requests_delayed_per_user)
      .add("slow_readers_closed", stats.counters.slow_readers_closed)
      .add("idle_closed", stats.counters.idle_closed)
      .add("over_budget_closed", stats.counters.over_budget_closed)
      .add("tls_handshakes", stats.counters.tls_handshakes)
      .add("tls_resumed", stats.counters.tls_resumed)
      .add("tls_failures", stats.counters.tls_failures)
      .add("bytes_received", stats.counters.bytes_received)
      .add("bytes_sent", stats.counters.bytes_sent);
  http::write_response(head_of(call, 200, "application/json"), object.text() + '\n', output,
                       body_policy(call));
  return {};
}

HttpRefusal open_websocket(HttpCall& call, Output& output) {
  const websocket::Handshake handshake = websocket::check_handshake(call.request);
  if (handshake.status == 426) {
    // Both headers a client could need to do better: what to upgrade to, and in which version.
    return {
        .status = 426,
        .message = handshake.message,
        .header_name = call.request.find("Upgrade") == nullptr ? Bytes("Upgrade") : "Sec-WebSocket-Version",
        .header_value = call.request.find("Upgrade") == nullptr ? "websocket" : "13"};
  }
  if (handshake.status != 101) return {.status = handshake.status, .message = handshake.message};
  websocket::write_handshake(handshake, output);
  call.upgraded = true;
  return {};
}

// ---------------------------------------------------------------------------------------------------------
// The table

struct Route {
  Bytes path;
  bool is_prefix;
  bool is_for_pages;  // pages of an allowed origin may read the answers
  bool is_open;       // without a login too
  std::span<const HttpMethod> methods;
};

constexpr HttpMethod key_methods[] = {
    {"GET", false, read_right, read_key, get_key},
    {"HEAD", false, read_right, read_key, get_key},
    {"PUT", true, write_right, read_key_and_ttl, put_key, drop_key},
    {"DELETE", true, write_right, read_key, delete_key},
};
constexpr HttpMethod preflight_method{"OPTIONS", true, 0, nullptr, answer_preflight};
constexpr HttpMethod health_methods[] = {{"GET", false, 0, nullptr, get_health},
                                         {"HEAD", false, 0, nullptr, get_health}};
constexpr HttpMethod stats_methods[] = {{"GET", false, 0, nullptr, get_stats},
                                        {"HEAD", false, 0, nullptr, get_stats}};
constexpr HttpMethod websocket_methods[] = {{"GET", true, 0, nullptr, open_websocket}};

constexpr Bytes health_path = "/healthz";

constexpr Route routes[] = {
    {keys_path, true, true, false, key_methods},
    {health_path, false, false, true, health_methods},
    {"/v1/stats", false, false, false, stats_methods},
    {"/v1/ws", false, false, true, websocket_methods},
};

const Route* find_route(Bytes path) {
  const auto* const found = std::ranges::find_if(routes, [path](const Route& route) {
    return route.is_prefix ? path.starts_with(route.path) : path == route.path;
  });
  return found == std::end(routes) ? nullptr : found;
}

/// Null: the route does not take it.
const HttpMethod* find_method(const Route& route, const http::Request& request) {
  const bool is_preflight = route.is_for_pages && request.method == preflight_method.name &&
                            request.find("Origin") != nullptr &&
                            request.find("Access-Control-Request-Method") != nullptr;
  if (is_preflight) return &preflight_method;
  const auto found = std::ranges::find(route.methods, Bytes(request.method), &HttpMethod::name);
  return found == route.methods.end() ? nullptr : &*found;
}

std::string method_names(const Route& route) {
  std::string names;
  for (const HttpMethod& method : route.methods) {
    if (!names.empty()) names += ", ";
    names += method.name;
  }
  return names;
}

bool is_origin_fine(const HttpCall& call) {
  return http::is_from_allowed_page(call.request, call.target, call.environment.allowed_origins);
}

/// A page with a rebound name is told nothing, but that the server is well.
bool is_host_fine(const HttpCall& call) {
  return http::is_host_allowed(http::host_of(call.request, call.target), call.local_address,
                               call.environment.allowed_origins);
}

// RFC 9110 asks for a challenge in every 401.
HttpRefusal login_needed(LoginState state) {
  if (state == LoginState::crowded) {
    return {.status = 503,
            .message = "Too many logins wait for their turn; try again later.",
            .header_name = "Retry-After",
            .header_value = "5"};
  }
  const bool is_wrong = state == LoginState::wrong;
  return {.status = 401,
          .message = is_wrong ? "This is no user, or not his password." : "A login is needed.",
          .header_name = "WWW-Authenticate",
          .header_value = "Basic realm=\"larder\""};
}

}  // namespace

const HttpMethod* judge(HttpCall& call, HttpRefusal& refusal) {
  auto target = http::split_target(call.request.target);
  if (!target) {
    refusal = {.status = 400, .message = std::move(target.error().message)};
    return nullptr;
  }
  call.target = *target;
  const Route* const route = find_route(call.target.path);
  if ((route == nullptr || route->path != health_path) && !is_host_fine(call)) {
    refusal = {
        .status = 421,
        .message = "This is not the server of that name; --allow-origin http://NAME would make it so."};
    return nullptr;
  }
  const bool origin_fine = is_origin_fine(call);
  if (const std::string* origin = call.request.find("Origin");
      route != nullptr && route->is_for_pages && origin != nullptr && origin_fine) {
    call.page_headers = {{{"Access-Control-Allow-Origin", *origin}, {"Vary", "Origin"}}};
    call.shown_to_page = true;
  }
  // A browser asks its question without a login, and learns from the answer what it was told already.
  const HttpMethod* const method = route == nullptr ? nullptr : find_method(*route, call.request);
  const bool is_open = route != nullptr && (route->is_open || method == &preflight_method);
  if (call.needs_login && (!is_open || call.login_state != LoginState::untried)) {
    refusal = login_needed(call.login_state);
    return nullptr;
  }
  if (route == nullptr) {
    refusal = {.status = 404, .message = "There is nothing at this address."};
    return nullptr;
  }
  if (method == nullptr) {
    refusal = {.status = 405,
               .message = "This address does not take this method.",
               .header_name = "Allow",
               .header_value = method_names(*route)};
    return nullptr;
  }
  if (method->guarded && !origin_fine) {
    refusal = {.status = 403,
               .message = "Pages of this origin may not change the cache; --allow-origin would let them."};
    return nullptr;
  }
  refusal = method->read_head == nullptr ? HttpRefusal{} : method->read_head(call);
  const bool is_allowed = call.needs_login || (call.login.may(method->needs) &&
                                               (call.key.empty() || call.login.may_reach(call.key)));
  if (refusal.status == 0 && !is_allowed) {
    refusal = {.status = 403, .message = "This user may not do that.", .is_denial = true};
  }
  return refusal.status == 0 ? method : nullptr;
}

void write_refusal(const HttpCall& call, const HttpRefusal& refusal, bool keep_alive, Output& output) {
  http::ResponseHead head = head_of(call, refusal.status);
  head.keep_alive = keep_alive;
  std::vector<http::HeaderView> headers(head.headers.begin(), head.headers.end());
  if (!refusal.header_name.empty()) headers.push_back({refusal.header_name, refusal.header_value});
  head.headers = headers;
  http::write_text(head, refusal.message, output, body_policy(call));
}

}  // namespace larder::session
