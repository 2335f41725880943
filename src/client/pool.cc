#include "client/pool.h"

#include <utility>

#include "base/assert.h"

namespace larder::client {

Pool::Pool(const PoolOptions& options)
    : options_(options), resolver_(options.server.host, options.server.port) {}

Result<Pool::Lease> Pool::acquire(Freshness freshness, Deadline deadline) {
  std::vector<std::unique_ptr<Connection>> discarded;  // closed at the end, outside the lock
  {
    std::unique_lock lock(mutex_);
    const bool free = came_free_.wait_until(lock, deadline.time(),
                                            [&] { return leased_count_ < options_.connection_count_max; });
    if (!free) return failure(ErrorKind::overloaded, "every connection to the server is busy");
    ++leased_count_;
    if (freshness == Freshness::fresh) discarded.swap(idle_);
    while (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      if (connection->quiet()) return Lease(*this, std::move(connection));
      discarded.push_back(std::move(connection));
    }
  }

  // Opened without the lock: nobody else waits for a server that takes its time.
  auto opened = Connection::open(resolver_, Deadline::after(options_.connect_timeout).sooner_of(deadline),
                                 options_.reply_limits);
  if (!opened) {
    give_back(nullptr);
    return failure(opened.error().kind, options_.server.url() + ": " + opened.error().message);
  }
  return Lease(*this, std::make_unique<Connection>(std::move(*opened)));
}

void Pool::give_back(std::unique_ptr<Connection> connection) {
  const std::lock_guard guard(mutex_);
  LARDER_ASSERT(leased_count_ > 0);
  --leased_count_;
  if (connection && connection->usable()) idle_.push_back(std::move(connection));
  came_free_.notify_one();
}

std::size_t Pool::connection_count() const {
  const std::lock_guard guard(mutex_);
  return leased_count_ + idle_.size();
}

}  // namespace larder::client
