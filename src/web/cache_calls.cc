#include "web/cache_calls.h"

#include <exception>
#include <utility>

#include "program/log.h"

namespace larder::web {

bool CacheCalls::start(CacheCall call, Done done) {
  const std::size_t size = size_of(call);
  return pool_.submit(size, [this, call = std::move(call), done = std::move(done)](Duration waited) mutable {
    WebResponse response;
    try {
      response = waited > wait_max ? too_busy() : make(call);
    } catch (const std::exception& exception) {  // no memory, most likely: one request's trouble
      program::log_error(std::string("a request failed: ") + exception.what());
      response = failed();
    }
    done(std::move(response));
  });
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
  const bool is_away =
      error != nullptr && (error->kind == ErrorKind::disconnected || error->kind == ErrorKind::timed_out ||
                           error->kind == ErrorKind::malformed);
  if (cache_is_away_.exchange(is_away) == is_away) return;
  if (is_away) {
    program::log_warn("the cache is away: " + error->message);
  } else {
    program::log_info("the cache answers again");
  }
}

}  // namespace larder::web
