#include "client/pool.h"

#include <utility>

#include "base/assert.h"

namespace larder::client {
namespace {

// Servers make those who guess passwords wait, and a program that has a wrong one is no better: its calls
// would make a login storm.
constexpr Duration refusal_time{1000};

}  // namespace

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
  auto opened = open(Deadline::after(options_.connect_timeout).sooner_of(deadline));
  if (!opened) return failure(opened.error().kind, options_.server.url() + ": " + opened.error().message);
  lease.connection_ = std::make_unique<Connection>(std::move(*opened));
  return lease;
}

Result<Connection> Pool::open(Deadline deadline) {
  if (options_.login.is_given()) {
    const std::lock_guard guard(mutex_);
    if (!refused_until_.passed()) return std::unexpected(refusal_);
  }
  auto stream = Stream::open(resolver_, options_.tls.get(), deadline);
  if (!stream) return std::unexpected(stream.error());
  Connection connection(*std::move(stream), options_.reply_limits);
  if (!options_.login.is_given()) return connection;
  if (auto logged_in = log_in(connection, options_.login, deadline); !logged_in) {
    const std::lock_guard guard(mutex_);
    if (logged_in.error().kind == ErrorKind::denied) {
      refusal_ = logged_in.error();
      refused_until_ = Deadline::after(refusal_time);
    }
    return std::unexpected(logged_in.error());
  }
  return connection;
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
