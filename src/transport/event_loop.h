// transport/event_loop.h: one thread, one loop, many connections. The seam behind which epoll and io_uring
// stand as equals.
//
//   listener --accept--> on_accept(socket) --adopt()--> connection [ recv -> Handler::advance -> send ]
//
// What the loops share (buffers, backpressure, idle timeouts, lingering close) is in connection.h; a loop
// only moves bytes.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/output.h"
#include "base/result.h"
#include "transport/buffer_budget.h"
#include "transport/handler.h"
#include "transport/socket.h"
#include "transport/tls_context.h"

namespace larder::transport {

/// The bounds of each connection, and what it shares with all. Sizes are bytes.
struct ConnectionLimits {
  // With this much unsent the peer is not read. A client that sends a whole pipeline before it reads the
  // first reply needs room for its replies here, or both wait for each other.
  std::size_t unread_output_size = Output::turn_size;
  std::size_t output_size_max = std::size_t{256} << 20;  // past this much unsent the connection is closed
  Duration output_time_max{60'000};  // owed output of which the peer takes nothing for so long; 0: for ever
  Duration stranger_time_max{0};     // from accepting a connection until its peer is no stranger; 0: for ever
  BufferBudget::Share* buffers = nullptr;  // the loop's; outlives it; null: the sum of all has no bound
};

/// What a loop reports while it runs; called on the loop's thread. The owner counts, the transport knows no
/// counters.
class LoopObserver {
 public:
  virtual ~LoopObserver() = default;
  virtual void on_received(std::size_t /*size*/) {}
  virtual void on_sent(std::size_t /*size*/) {}
  /// The memory of one connection's buffers (input that its handler could not use yet, what the handler holds
  /// of a message under way, output that is unsent; what is allocated, not what is filled) is another size
  /// when its turn ends than it was before. 0 once it is closed. Not in it: what a loop
  /// reads into, 64 KiB.
  virtual void on_buffers_resized(std::size_t /*size_before*/, std::size_t /*size*/) {}
  virtual void on_opened() {}
  virtual void on_closed() {}
  virtual void on_slow_reader_closed() {}
  virtual void on_idle_closed() {}
  /// Its peer was a stranger for too long; the socket is open still.
  virtual void on_stranger_closed(const Socket& /*socket*/) {}
  /// For the sake of those who waited for room in the buffers of all.
  virtual void on_over_budget_closed() {}
  /// A handshake was done; a resumed one is a short one.
  virtual void on_tls_established(bool /*is_resumed*/) {}
  /// A connection ends for what its peer sent instead of TLS, or did not send in time. `reason` is for people
  /// and holds nothing of the peer's; the socket is open still.
  virtual void on_tls_failed(std::string_view /*reason*/, const Socket& /*socket*/) {}
  virtual void on_accept_failed(int /*error_number*/) {
  }  // descriptors or memory ran out; accepting goes on later
};

/// How one connection is to be secured; without a context, not at all.
struct TlsUse {
  std::shared_ptr<const TlsContext> context;
  Bytes application_protocol;  // see TlsStream; outlives the connection
};

struct LoopOptions {
  ConnectionLimits limits;
  const Clock* clock = nullptr;      // outlives the loop
  LoopObserver* observer = nullptr;  // outlives the loop; may be null
};

/// One event loop.
///
/// Ownership  owns its listeners, its connections and their handlers
/// Threads    everything on the thread that calls run(), or before it; post() and shut_down() from any
/// Invariant  a connection that is being closed is never read for requests again, and what it is owed leaves
///            first
class EventLoop {
 public:
  using AcceptFunction = std::function<void(Socket socket)>;
  using TickFunction = std::function<void(const Now& now)>;

  virtual ~EventLoop() = default;

  /// Accepts on `listener` and passes each new socket (non-blocking, close-on-exec) to `on_accept`.
  virtual void listen(Socket listener, AcceptFunction on_accept) = 0;

  /// Serves `socket` (non-blocking) with `handler` from now on. After shut_down() it is closed at once.
  /// Without memory for it, it is closed and on_accept_failed() says so.
  virtual void adopt(Socket socket, std::unique_ptr<Handler> handler, TlsUse tls) = 0;
  void adopt(Socket socket, std::unique_ptr<Handler> handler) {
    adopt(std::move(socket), std::move(handler), TlsUse());
  }

  /// Runs `task` on the loop's thread soon. A task posted after run() has returned is destroyed without being
  /// run.
  virtual void post(std::move_only_function<void()> task) = 0;

  /// Calls `tick` about every `period`, from run().
  virtual void every(Duration period, TickFunction tick) = 0;

  /// Handlers may answer another idle_timeout() than last time: asks all of them now, those that are silent
  /// too. On the loop's thread.
  virtual void idle_timeouts_changed() = 0;

  /// Has every handler called again that waits to be woken or for input. On the loop's thread.
  virtual void wake_all() = 0;

  /// Serves until shut_down() was called and the last connection is gone. Errors: what the kernel refused.
  virtual Result<void> run() = 0;

  /// Stops accepting, closes idle connections, lets those that are owed replies have them, and closes
  /// whatever is left after `grace`. A second call with a shorter grace shortens it.
  virtual void shut_down(Duration grace) = 0;

  /// Connections it serves now. Any thread.
  [[nodiscard]] virtual std::size_t connection_count() const = 0;
};

/// Errors: overloaded (no descriptor or memory left).
[[nodiscard]] Result<std::unique_ptr<EventLoop>> make_epoll_loop(const LoopOptions& options);

/// Errors: overloaded (no descriptor or memory left), unsupported (the kernel refuses another ring: it may do
/// so after choose_event_loop() was given one).
[[nodiscard]] Result<std::unique_ptr<EventLoop>> make_uring_loop(const LoopOptions& options);

}  // namespace larder::transport
