// client/pool.h: connections to one server, shared between threads.
//
//            acquire()                    Lease dies
//   idle ----------------> in a thread's ------------> idle, if usable
//    ^                          hand      `----------> closed, if not
//    '-- opened when there is none, up to connection_count_max
//
// The idle one that was used last goes out first, so that a quiet hour leaves the rest untouched. Before it
// goes out the kernel is asked whether the peer has closed it or sent something unasked; a server that was
// restarted is thus noticed before a command is lost on it, though never with certainty.
//
// Each connection logs in as soon as it is open. A refused login is not tried again for a second: who needs
// a new connection meanwhile is told the same.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/endpoint.h"
#include "base/result.h"
#include "client/connection.h"
#include "client/deadline.h"
#include "client/login.h"
#include "client/resolver.h"
#include "client/tls_context.h"

namespace larder::client {

struct PoolOptions {
  Endpoint server;
  Login login;
  std::shared_ptr<TlsContext> tls;  // null: without
  Duration connect_timeout{1000};
  std::size_t connection_count_max = 16;
  protocol::ReplyLimits reply_limits;
};

/// Which connection a caller wants.
enum class Freshness : std::uint8_t {
  any,
  fresh,  // opened for this; idle ones are closed, since the failure that asks for it is likely theirs too
};

/// The connections to one server.
///
/// Threads    any number may call at once; outlives its leases
/// Errors     disconnected and timed_out (no connection), overloaded (none came free before the deadline),
///            denied (the login, or the server's certificate), unsupported and malformed (TLS)
/// Invariant  leased + idle <= connection_count_max; an idle connection was usable when it came back; the
///            list of idle ones has memory for the leased ones too, so that giving back cannot fail
class Pool final {
 public:
  /// One connection in one caller's hand.
  class Lease final {
   public:
    Lease(Lease&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), connection_(std::move(other.connection_)) {}
    Lease& operator=(Lease&&) = delete;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() {
      if (pool_ != nullptr) pool_->give_back(std::move(connection_));
    }
    Connection* operator->() const { return connection_.get(); }

   private:
    friend class Pool;
    Lease() = default;

    Pool* pool_ = nullptr;  // null: it holds no place
    std::unique_ptr<Connection> connection_;
  };

  explicit Pool(const PoolOptions& options);

  [[nodiscard]] Result<Lease> acquire(Freshness freshness, Deadline deadline);

  /// Open connections, leased and idle.
  [[nodiscard]] std::size_t connection_count() const;

 private:
  [[nodiscard]] Result<Connection> open(Deadline deadline);
  void give_back(std::unique_ptr<Connection> connection) noexcept;

  const PoolOptions options_;
  Resolver resolver_;
  mutable std::mutex mutex_;
  std::condition_variable came_free_;
  std::vector<std::unique_ptr<Connection>> idle_;          // used last stands last
  std::size_t leased_count_ = 0;                           // being opened included
  Error refusal_{ErrorKind::denied, {}};                   // of the last login,
  Deadline refused_until_ = Deadline::after(Duration{0});  // for as long
};

}  // namespace larder::client
