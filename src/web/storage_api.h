// web/storage_api.h: what the web application's requests mean, without a socket, a thread or a cache.
//
//   Request --plan()--> a WebResponse                          (healthz, everything that is refused)
//                   '-> a CacheCall --elsewhere--> outcome --answer()--> a WebResponse
//
//   GET, HEAD  /api/storage/?key=K   200 the value's bytes, 404 absent, 400 without exactly one key
//   POST       /api/storage/         form K=V&...: 200 "OK\n", 400, 403, 413, 415; 503 says what may be
//   stored GET, HEAD  /healthz              200 "ok\n", whatever the cache does anything else 404, or 405
//   with Allow
//
// `/api/storage` means `/api/storage/`. A value goes out as application/octet-stream, and nothing is to be
// guessed: whoever stored it may have meant it to be HTML in this application's origin, and it must not
// become that.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "larder/client.h"
#include "protocol/http/message.h"
#include "protocol/http/response_writer.h"
#include "protocol/http/url.h"

namespace larder::web {

inline constexpr Bytes text_type = "text/plain; charset=utf-8";

/// A response but for what depends on the connection.
struct WebResponse {
  int status = 200;
  Bytes content_type = text_type;  // a literal
  std::string body;
  std::vector<protocol::http::HeaderView> headers{};  // of literals
};

/// Look one key up.
struct ReadValue {
  std::string key;
};

/// Store these, in order; none has an empty name, all are UTF-8.
struct StorePairs {
  std::vector<protocol::http::FormPair> pairs;
};

using CacheCall = std::variant<ReadValue, StorePairs>;

/// Bytes that `call` holds on to.
[[nodiscard]] std::size_t size_of(const CacheCall& call);

/// One form stores no more pairs than this: 413.
inline constexpr std::size_t pair_count_max = 10'000;

/// What decides whose pages may store, and under which names this application answers:
/// protocol/http/origin.h.
struct PageRules {
  const std::vector<std::string>& allowed_origins;  // outlives whoever has the rules
  std::string local_address{};                      // of the connection
};

/// What to do about a whole request.
[[nodiscard]] std::variant<WebResponse, CacheCall> plan(const protocol::http::Request& request,
                                                        const PageRules& rules);

/// The refusal that the head of a request alone earns, before its body has come; none: let it come.
[[nodiscard]] std::optional<WebResponse> refuse_head(const protocol::http::Request& request,
                                                     const PageRules& rules);

/// What the cache answered to ReadValue.
[[nodiscard]] WebResponse answer(Result<std::optional<std::string>> value);

/// What the cache answered to StorePairs. An Error: nothing was sent to it.
[[nodiscard]] WebResponse answer(const Result<std::vector<Result<Answer>>>& stored);

/// 503, when there is no room for another call or it waited too long; the cache was not asked.
[[nodiscard]] WebResponse too_busy();

/// 503, when others hold all the memory there is for bodies and answers.
[[nodiscard]] WebResponse no_memory();

/// 500, when we failed in the middle of `call` and know nothing better to say.
[[nodiscard]] WebResponse failed(const CacheCall& call);

}  // namespace larder::web
