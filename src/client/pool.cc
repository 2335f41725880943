#include "client/pool.h"

#include <utility>

#include "base/assert.h"

namespace larder::client {

Pool::Pool(const PoolOptions& options) : options_(options), resolver_(options.server) {}

Result<Pool::Lease> Pool::acquire(Freshness freshness, Deadline deadline) {
  std::vector<std::unique_ptr<Connection>> discarded;  // closed at the end, outside the lock
  Lease lease;  // holds the place from the moment it is counted: what follows may run out of memory
  {
    std::unique_lock lock(mutex_);
    const bool free = came_free_.wait_until(lock, deadline.time(),
                                            [&] { return leased_count_ < options_.connection_count_max; });
    if (!free) return failure(ErrorKind::overloaded, "every connection to the server is busy");
    idle_.reserve(idle_.size() + leased_count_ + 1);
    ++leased_count_;
    lease.pool_ = this;
    while (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      if (freshness == Freshness::any && connection->quiet()) {
        lease.connection_ = std::move(connection);
        return lease;
      }
      discarded.push_back(std::move(connection));
    }
  }

  // Opened without the lock: nobody else waits for a server that takes its time.
  auto opened = Connection::open(resolver_, Deadline::after(options_.connect_timeout).sooner_of(deadline),
                                 options_.reply_limits);
  if (!opened) return failure(opened.error().kind, options_.server.url() + ": " + opened.error().message);
  lease.connection_ = std::make_unique<Connection>(std::move(*opened));
  return lease;
}

void Pool::give_back(std::unique_ptr<Connection> connection) noexcept {
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
