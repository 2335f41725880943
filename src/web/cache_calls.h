// web/cache_calls.h: what the web application asks of the cache, made on threads that may block.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "base/clock.h"
#include "larder/client.h"
#include "web/storage_api.h"
#include "web/web_counts.h"
#include "web/worker_pool.h"

namespace larder::web {

/// Where a handler takes the calls that it must not make itself.
class CallRunner {
 public:
  using Done = std::move_only_function<void(WebResponse response)>;

  virtual ~CallRunner() = default;

  /// Makes `call` some time soon and tells `done`, on any thread, once. False: there is no room; `done` is
  /// destroyed without being told.
  [[nodiscard]] virtual bool start(CacheCall call, Done done) = 0;
};

/// What the outcome of a call tells about the cache.
enum class CacheSign : std::uint8_t { none, answers, away };

/// `error` is null for an answer.
[[nodiscard]] CacheSign sign_of(const Error* error);

/// Makes them through the client library on a pool of threads.
///
/// Ownership  borrows the client and the counts, owns the pool
/// Threads    start() from any
/// Errors     none leaves a call: one for which there is no memory is answered so
/// Invariant  every call that was started is answered, unless the pool is destroyed first
class CacheCalls final : public CallRunner {
 public:
  /// A call that waited longer than this for a thread is answered 503 without being made.
  static constexpr Duration wait_max{1000};

  CacheCalls(Client& client, WebCounts& counts, const WorkerPoolOptions& options)
      : client_(client), counts_(counts), pool_(options) {}

  [[nodiscard]] bool start(CacheCall call, Done done) override;

 private:
  WebResponse outcome(const CacheCall& call, Duration waited) noexcept;
  WebResponse make(const CacheCall& call);
  void note(const Error* error);

  Client& client_;
  WebCounts& counts_;
  std::atomic<bool> cache_is_away_ = false;
  WorkerPool pool_;  // last: its threads use the members above
};

}  // namespace larder::web
