// transport/socket_loop.h: what the loops over real sockets have in common. docs/design/0004 and 0011 have
// the reasons.
//
// One turn:
//
//   wait -> freeze `now` -> note what happened -> tasks -> serve who is ready, each up to a bound -> accept
//   -> deadlines -> ticks -> room for those who wait for it -> free what was closed
//
// A loop adds how it waits, how bytes move, and what the kernel holds of a peer; see the calls at the end.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "transport/connection.h"
#include "transport/deadlines.h"
#include "transport/event_loop.h"
#include "transport/task_queue.h"

namespace larder::transport {

/// An event loop but for its system calls.
///
/// Ownership  owns listeners, peers and tasks
/// Threads    as EventLoop
/// Invariant  a peer is destroyed when it is closed, stands in no queue and is_at_rest()
class SocketLoop : public EventLoop {
 public:
  SocketLoop(const SocketLoop&) = delete;
  SocketLoop& operator=(const SocketLoop&) = delete;
  ~SocketLoop() override;

  void listen(Socket listener, AcceptFunction on_accept) final;
  using EventLoop::adopt;
  void adopt(Socket socket, std::unique_ptr<Handler> handler, TlsUse tls) final;
  void post(std::move_only_function<void()> task) final { tasks_->post(std::move(task)); }
  void every(Duration period, TickFunction tick) final;
  Result<void> run() final;
  void shut_down(Duration grace) final;
  void idle_timeouts_changed() final;
  void wake_all() final;
  [[nodiscard]] std::size_t connection_count() const final {
    return connection_count_.load(std::memory_order_relaxed);
  }

 protected:
  class PeerWaker;

  struct Peer : Scheduled {
    Peer(Socket the_socket, Connection the_connection)
        : socket(std::move(the_socket)), connection(std::move(the_connection)) {}
    virtual ~Peer() = default;
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    Socket socket;
    Connection connection;
    std::shared_ptr<PeerWaker> waker;
    std::list<std::unique_ptr<Peer>>::iterator self;
    Peer* next_ready = nullptr;
    Peer* next_held_up = nullptr;
    std::size_t buffer_size = 0;  // as the observer and the budget know it
    SteadyTime holds_since;       // while it may be closed for that
    bool queued = false;          // in the ready queue
    bool held_up = false;         // in the queue for room in the buffers of all
    bool closed = false;          // in closed_peers_
    bool writable = false;        // the socket may take bytes
    bool ended = false;           // the peer's end is there
    bool handshake_told = false;  // the observer knows that the one of TLS is done
    bool tls_failure_told = false;
    bool broken = false;  // reset or another error: nothing can be delivered
  };

  struct Listening {
    Listening(Socket the_socket, AcceptFunction the_on_accept)
        : socket(std::move(the_socket)), on_accept(std::move(the_on_accept)) {}
    virtual ~Listening() = default;
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;

    Socket socket;
    AcceptFunction on_accept;
    bool ready = false;  // somebody may be there
  };

  // What one connection may do in a turn before the others have theirs: 1 MiB each way.
  static constexpr std::size_t send_size_max = std::size_t{1} << 20;
  static constexpr std::size_t handler_calls_max = 16;
  // Connections whose bytes are announced before those of the first are received.
  static constexpr unsigned announced_count_max = 64;

  SocketLoop(std::shared_ptr<TaskQueue> tasks, const LoopOptions& options);

  /// Before a loop's own parts go: closes everything.
  void close_all();

  void make_ready(Peer& peer);
  /// Before what is owed is sent: whoever has an answer is counted.
  void seal(Peer& peer);
  void close_peer(Peer& peer);
  /// After each call of a handler: what is much is counted before the next one is called.
  void note_called(Peer& peer) {
    if (limits_.buffers != nullptr && peer.connection.owed_own_size() >= BufferBudget::counted_size_min)
      report_buffers(peer, peer.connection.buffer_capacity());
  }
  /// After each time that a peer was served: its figures and its deadline.
  void settle(Peer& peer);
  void accepted(Listening& listener, Socket socket);
  /// What accept(2) answered instead. False: no descriptors or memory; all listeners are left alone for a
  /// while.
  bool accept_failed(int error_number);
  [[nodiscard]] bool is_accepting() const { return accept_again_at_ == Scheduled::never; }
  void tasks_are_waiting() { tasks_waiting_ = true; }
  [[nodiscard]] bool has_ready() const { return ready_.first != nullptr; }
  [[nodiscard]] int task_descriptor() const { return tasks_->descriptor(); }
  [[nodiscard]] const Now& now() const { return now_; }
  [[nodiscard]] LoopObserver& observer() { return observer_; }
  [[nodiscard]] std::list<std::unique_ptr<Listening>>& listeners() { return listeners_; }

 private:
  // ---- What a loop adds

  virtual std::unique_ptr<Peer> make_peer(Socket socket, Connection connection) = 0;
  virtual std::unique_ptr<Listening> make_listening(Socket socket, AcceptFunction on_accept) = 0;
  /// Called by run() first.
  virtual Result<void> start() { return {}; }
  /// Called by run() last.
  virtual void end() {}
  /// Sleeps until something happens; at most so long (-1: for ever; 0: not at all).
  virtual Result<void> wait(int time_ms) = 0;
  /// Tells what has happened: make_ready() for whoever it concerns.
  virtual void note_events() = 0;
  /// Has the peer's socket watched. Throws std::system_error or std::bad_alloc.
  virtual void watch(Peer& peer) = 0;
  /// The first of up to announced_count_max peers that serve() comes for next, in a list.
  virtual void look_ahead(Peer& /*first*/) {}
  /// Moves its bytes, and calls close_peer() when it is finished; settle() otherwise.
  virtual void serve(Peer& peer) = 0;
  /// It was closed: its descriptor may go, perhaps when the kernel has let go of it.
  virtual void let_go(Peer& peer) = 0;
  [[nodiscard]] virtual bool is_at_rest(const Peer& peer) const = 0;
  /// Has a listener watched or not. False: refused, errno says why.
  virtual bool watch_listener(Listening& listener, bool is_watched) = 0;
  /// Forgets all listeners, and closes their sockets.
  virtual void close_listeners() { listeners_.clear(); }
  /// Nothing unread and nothing unacknowledged: close() then sends a plain end, and what the peer was sent
  /// has arrived. Where the kernel cannot tell, the answer is no.
  [[nodiscard]] virtual bool is_quiet(const Peer& peer) const;
  /// Accepts up to a bound, where that is asked for.
  virtual void accept_some(Listening& listener) = 0;

  /// First in, first out, through the peers themselves: an event never allocates.
  struct PeerQueue {
    Peer* first = nullptr;
    Peer* last = nullptr;
    void append(Peer& peer, Peer* Peer::* next) {
      peer.*next = nullptr;
      (first == nullptr ? first : last->*next) = &peer;
      last = &peer;
    }
  };
  struct Ticker {
    Duration period;
    TickFunction tick;
    SteadyTime due;
  };

  [[nodiscard]] int wait_time_ms() const;
  void run_tasks();
  void serve_ready();
  void accept_ready();
  void watch_listeners(bool are_watched);
  void check_deadlines();
  void run_tickers();
  void free_closed();
  void begin_shut_down(Duration grace);
  void tell_of_tls(Peer& peer);
  void report_buffers(Peer& peer, std::size_t size);
  void hold_up(Peer& peer);
  void make_room();
  void close_largest();
  void release_held_up();

  std::shared_ptr<TaskQueue> tasks_;
  std::vector<TaskQueue::Task> running_tasks_;
  ConnectionLimits limits_;
  const Clock& clock_;
  LoopObserver& observer_;
  Now now_;
  bool tasks_waiting_ = false;

  SpareOutputs spare_outputs_;
  Deadlines deadlines_;
  std::list<std::unique_ptr<Peer>> peers_;         // under a budget those first that may be closed for it
  std::list<std::unique_ptr<Peer>> closed_peers_;  // until nothing refers to them any more
  PeerQueue ready_;
  PeerQueue held_up_;                           // those who wait for room
  SteadyTime make_room_at_ = Scheduled::never;  // while somebody waits, or has what others may wait for
  std::atomic<std::size_t> connection_count_{0};

  std::list<std::unique_ptr<Listening>> listeners_;
  SteadyTime accept_again_at_ = Scheduled::never;  // accepting is paused until then
  std::list<Ticker> tickers_;                      // a tick may add another

  bool stopping_ = false;
  SteadyTime stop_at_ = Scheduled::never;
};

/// The text of an error number.
[[nodiscard]] std::string error_text(int error_number);

/// An eventfd and a queue of tasks behind it. Errors: overloaded.
[[nodiscard]] Result<std::shared_ptr<TaskQueue>> make_task_queue();

}  // namespace larder::transport
