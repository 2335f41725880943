#include "web/storage_api.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "base/utf8.h"
#include "protocol/http/origin.h"

namespace larder::web {
namespace {

using protocol::http::FormPair;
using protocol::http::Request;
using protocol::http::Target;

constexpr Bytes form_type = "application/x-www-form-urlencoded";

enum class Route : unsigned char { none, storage, health };

Route route_of(Bytes path) {
  if (path == "/api/storage/" || path == "/api/storage") return Route::storage;
  if (path == "/healthz") return Route::health;
  return Route::none;
}

WebResponse sentence(int status, Bytes text) {
  WebResponse response{.status = status, .body = std::string(text)};
  response.body += '\n';
  return response;
}

WebResponse not_allowed(Bytes methods) {
  WebResponse response = sentence(405, "this address does not serve that method");
  response.headers.push_back({.name = "Allow", .value = methods});
  return response;
}

WebResponse try_later(Bytes text) {
  WebResponse response = sentence(503, text);
  response.headers.push_back({.name = "Retry-After", .value = "1"});
  return response;
}

bool is_read(const Request& request) { return request.method == "GET" || request.method == "HEAD"; }

/// The media type, without its parameters.
Bytes media_type(Bytes header) {
  Bytes type = header.substr(0, header.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  return type;
}

/// What holds for any request whose head is like this one's; `has_body` as far as that is known.
std::optional<WebResponse> refusal(const Request& request, const Target& target, const PageRules& rules,
                                   bool has_body) {
  const Route route = route_of(target.path);
  if (route == Route::none) return sentence(404, "there is nothing here; try /api/storage/?key=NAME");
  if (route == Route::health)
    return is_read(request) ? std::nullopt : std::optional(not_allowed("GET, HEAD"));
  if (!protocol::http::is_host_allowed(protocol::http::host_of(request, target), rules.local_address,
                                       rules.allowed_origins))
    return sentence(421, "this is not the server of that name; --allow-origin http://NAME would make it so");
  if (is_read(request)) return std::nullopt;
  if (request.method != "POST") return not_allowed("GET, HEAD, POST");
  // Any page can have a browser post a form here, without asking first.
  if (!protocol::http::is_from_allowed_page(request, target, rules.allowed_origins))
    return sentence(403, "pages of this origin may not store; --allow-origin would let them");
  const std::string* type = request.find("Content-Type");
  const bool is_form = type == nullptr ? !has_body : equals_ignoring_case(media_type(*type), form_type);
  if (!is_form) return sentence(415, "the pairs must come as application/x-www-form-urlencoded");
  // Compressed bytes are no form, and to decode them would let a small body become a large one.
  if (request.find("Content-Encoding") != nullptr)
    return sentence(415, "the form must come without a Content-Encoding");
  return std::nullopt;
}

std::variant<WebResponse, CacheCall> plan_read(Bytes query) {
  auto pairs = protocol::http::parse_form(query, pair_count_max);
  if (!pairs) return sentence(400, "the query is not url-encoded");
  std::erase_if(*pairs, [](const FormPair& pair) { return pair.name != "key"; });
  if (pairs->size() != 1 || pairs->front().value.empty())
    return sentence(400, "name one key: /api/storage/?key=NAME");
  return ReadValue{std::move(pairs->front().value)};
}

std::variant<WebResponse, CacheCall> plan_store(Bytes form) {
  auto pairs = protocol::http::parse_form(form, pair_count_max);
  if (!pairs) {
    return pairs.error().kind == ErrorKind::too_large
               ? sentence(413, "a form has at most 10000 pairs; nothing was stored")
               : sentence(400, "the form is not url-encoded; nothing was stored");
  }
  if (pairs->empty()) return sentence(400, "the form is empty; send pairs: key=value&...");
  // All are looked at before one is stored.
  for (const FormPair& pair : *pairs) {
    if (pair.name.empty()) return sentence(400, "a key is empty; nothing was stored");
    if (!is_utf8(pair.name) || !is_utf8(pair.value))
      return sentence(400, "keys and values must be UTF-8; nothing was stored");
  }
  return StorePairs{*std::move(pairs)};
}

}  // namespace

std::size_t size_of(const CacheCall& call) {
  if (const auto* read = std::get_if<ReadValue>(&call)) return read->key.size();
  std::size_t size = 0;
  for (const FormPair& pair : std::get<StorePairs>(call).pairs)
    size += sizeof pair + pair.name.size() + pair.value.size();
  return size;
}

std::variant<WebResponse, CacheCall> plan(const Request& request, const PageRules& rules) {
  const auto target = protocol::http::split_target(request.target);
  if (!target) return sentence(400, "the address is not one that HTTP knows");
  if (auto refused = refusal(request, *target, rules, !request.body.empty())) return *std::move(refused);
  if (route_of(target->path) == Route::health) return sentence(200, "ok");
  if (is_read(request)) return plan_read(target->query.value_or(Bytes()));
  return plan_store(request.body);
}

std::optional<WebResponse> refuse_head(const Request& request, const PageRules& rules) {
  const auto target = protocol::http::split_target(request.target);
  if (!target) return std::nullopt;
  return refusal(request, *target, rules, true);
}

WebResponse answer(Result<std::optional<std::string>> value) {
  if (value) {
    std::optional<std::string>& found = *value;
    if (!found) return sentence(404, "no value under this key");
    WebResponse response{.content_type = "application/octet-stream", .body = *std::move(found)};
    return response;
  }
  switch (value.error().kind) {
    case ErrorKind::timed_out:
      return try_later("the cache did not answer in time; try again");
    case ErrorKind::overloaded:
      return try_later("the cache is busy; try again");
    case ErrorKind::too_large:
      return sentence(500, "the value is larger than this application passes on");
    case ErrorKind::malformed:
    case ErrorKind::refused:
    case ErrorKind::unsupported:
      return try_later("the cache did not answer as a cache does");
    case ErrorKind::denied:
      return try_later("the cache does not let this application in");
    case ErrorKind::disconnected:
      break;
  }
  return try_later("the cache cannot be reached; try again");
}

WebResponse answer(const Result<std::vector<Result<Answer>>>& stored) {
  if (!stored) return try_later("the cache cannot be reached; nothing was stored, try again");
  const Error* worst = nullptr;
  for (const Result<Answer>& one : *stored) {
    if (one) continue;
    // A cache that failed says more about the whole form than one that refused a pair.
    if (worst == nullptr || worst->kind == ErrorKind::refused) worst = &one.error();
  }
  if (worst == nullptr) return sentence(200, "OK");
  if (worst->kind == ErrorKind::overloaded)
    return try_later("the cache has no room right now; some pairs may be stored");
  if (worst->kind != ErrorKind::refused)
    return try_later("the cache failed midway; some pairs may be stored, others not");
  // SET with a key and a value is well formed, so a plain ERR is about their size. Other codes (NOPERM,
  // READONLY) are about us.
  if (worst->message.starts_with("ERR "))
    return sentence(413, "the cache refused a key or value as too large; the other pairs are stored");
  return try_later("the cache refused to store; some pairs may be stored");
}

WebResponse too_busy() {
  return try_later("too many requests wait for the cache; nothing was done, try again");
}

WebResponse no_memory() {
  return try_later("this application has no room for so many bytes right now; nothing was stored, try again");
}

WebResponse failed(const CacheCall& call) {
  return sentence(500, std::holds_alternative<StorePairs>(call)
                           ? "this application failed; some pairs may be stored, others not"
                           : "this application failed; try again");
}

}  // namespace larder::web
