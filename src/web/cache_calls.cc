#include "web/cache_calls.h"

#include <utility>

#include "program/log.h"

namespace larder::web {
namespace {

WebResponse outcome_of_failure(const CacheCall& call) noexcept {
  try {
    program::log_error("a request failed, for want of memory most likely");
    return failed(call);
  } catch (...) {
    return {.status = 500, .body = "no memory\n"};  // so short that it needs none
  }
}

}  // namespace

bool CacheCalls::start(CacheCall call, Done done) {
  const std::size_t size = size_of(call);
  const bool is_started = pool_.submit(size, [this, call = std::move(call), done = std::move(done)](
                                                 Duration waited) mutable { done(outcome(call, waited)); });
  if (!is_started) ++counts_.requests_refused;
  return is_started;
}

// Nothing may leave the task: not an exception, and not a request without an answer.
WebResponse CacheCalls::outcome(const CacheCall& call, Duration waited) noexcept {
  try {
    if (waited <= wait_max) return make(call);
    ++counts_.requests_refused;
    return too_busy();
  } catch (...) {  // no memory, most likely: one request's trouble
    return outcome_of_failure(call);
  }
}

WebResponse CacheCalls::make(const CacheCall& call) {
  if (const auto* read = std::get_if<ReadValue>(&call)) {
    auto value = client_.get(read->key);  // tried once more by the client where that may help
    note(value ? nullptr : &value.error());
    return answer(std::move(value));
  }
  Pipeline pipeline;
  for (const auto& pair : std::get<StorePairs>(call).pairs) pipeline.set(pair.name, pair.value);
  const auto stored = client_.run(pipeline);
  note(!stored ? &stored.error() : stored->back() ? nullptr : &stored->back().error());
  return answer(stored);
}

/// Requests are not logged; that the cache went away, and that it came back, is.
void CacheCalls::note(const Error* error) {
  const CacheSign sign = sign_of(error);
  if (sign == CacheSign::none) return;
  const bool is_away = sign == CacheSign::away;
  if (is_away) ++counts_.cache_failures;
  if (cache_is_away_.exchange(is_away) == is_away) return;
  if (is_away) {
    program::log_warn("the cache is away: " + error->message);
  } else {
    program::log_info("the cache answers again");
  }
}

CacheSign sign_of(const Error* error) {
  if (error == nullptr) return CacheSign::answers;
  switch (error->kind) {
    case ErrorKind::disconnected:
    case ErrorKind::timed_out:
    case ErrorKind::malformed:
    case ErrorKind::denied:
      return CacheSign::away;
    case ErrorKind::overloaded:  // also when every connection is busy, which says nothing of the cache
      return CacheSign::none;
    case ErrorKind::refused:
    case ErrorKind::too_large:
    case ErrorKind::unsupported:
      break;
  }
  return CacheSign::answers;
}

}  // namespace larder::web
