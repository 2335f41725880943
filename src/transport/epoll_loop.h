// transport/epoll_loop.h: the event loop over epoll(7). docs/design/0004-event-loop.md has the reasons.
//
// One turn:
//
//   epoll_wait -> freeze `now` -> note who is readable or writable -> tasks -> serve who is ready, each up to
//   a bound -> accept, up to a bound -> deadlines -> ticks -> free what was closed
//
// Every socket is registered once, edge-triggered, for both directions; what an edge said is remembered in
// the peer until recv or send takes it back. A request that arrives in one piece costs epoll_wait, recv,
// send.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <sys/epoll.h>
#include <vector>

#include "transport/connection.h"
#include "transport/deadlines.h"
#include "transport/event_loop.h"
#include "transport/task_queue.h"

namespace larder::transport {

class EpollLoop final : public EventLoop {
 public:
  EpollLoop(Socket epoll, std::shared_ptr<TaskQueue> tasks, const LoopOptions& options);
  EpollLoop(const EpollLoop&) = delete;
  EpollLoop& operator=(const EpollLoop&) = delete;
  ~EpollLoop() override;

  void listen(Socket listener, AcceptFunction on_accept) override;
  void adopt(Socket socket, std::unique_ptr<Handler> handler) override;
  void post(std::move_only_function<void()> task) override;
  void every(Duration period, TickFunction tick) override;
  void idle_timeouts_changed() override;
  Result<void> run() override;
  void shut_down(Duration grace) override;
  [[nodiscard]] std::size_t connection_count() const override {
    return connection_count_.load(std::memory_order_relaxed);
  }

 private:
  class PeerWaker;

  /// What epoll hands back with an event.
  struct Source {
    enum class Kind : std::uint8_t { peer, listener };
    explicit Source(Kind the_kind) : kind(the_kind) {}
    Kind kind;
  };

  struct Peer final : Source, Scheduled {
    Peer(Socket the_socket, Connection the_connection)
        : Source(Kind::peer), socket(std::move(the_socket)), connection(std::move(the_connection)) {}
    Socket socket;
    Connection connection;
    std::shared_ptr<PeerWaker> waker;
    std::list<Peer>::iterator self;
    Peer* next_ready = nullptr;
    std::size_t buffer_size = 0;  // as the observer knows it
    bool queued = false;          // in the ready queue
    bool closed = false;          // in closed_peers_
    bool readable = false;        // recv may yield bytes, the end or an error
    bool writable = false;        // send may take bytes
    bool ended = false;           // the peer's end is there to be read: a short read does not mean "no more"
    bool broken = false;          // reset or another error: nothing can be delivered
  };

  struct Listening final : Source {
    Listening(Socket the_socket, AcceptFunction the_on_accept)
        : Source(Kind::listener), socket(std::move(the_socket)), on_accept(std::move(the_on_accept)) {}
    Socket socket;
    AcceptFunction on_accept;
    bool ready = false;
  };

  struct Ticker {
    Duration period;
    TickFunction tick;
    SteadyTime due;
  };

  /// First in, first out, through the peers themselves: an event never allocates.
  struct ReadyQueue {
    Peer* first = nullptr;
    Peer* last = nullptr;
  };

  [[nodiscard]] int wait_time_ms() const;
  void note(const epoll_event& event);
  void run_tasks();
  void serve_ready();
  void serve(Peer& peer);
  void receive(Peer& peer);
  void send_pending(Peer& peer, std::size_t& budget);
  [[nodiscard]] static ssize_t send_some(const Peer& peer, std::size_t size_max, std::size_t& size);
  void make_ready(Peer& peer);
  void report_buffers(Peer& peer, std::size_t size);
  void close_peer(Peer& peer);
  void free_closed();
  void accept_ready();
  void accept_some(Listening& listener);
  void pause_accepting(int error_number);
  void watch_listeners(std::uint32_t events);
  void check_deadlines();
  void run_tickers();
  void begin_shut_down(Duration grace);

  Socket epoll_;
  std::shared_ptr<TaskQueue> tasks_;
  std::vector<TaskQueue::Task> running_tasks_;
  ConnectionLimits limits_;
  const Clock& clock_;
  LoopObserver& observer_;
  Now now_;
  bool tasks_waiting_ = false;

  std::unique_ptr<char[]> receive_buffer_;
  Output spare_output_;
  std::array<epoll_event, 256> events_{};

  Deadlines deadlines_;
  std::list<Peer> peers_;
  std::list<Peer> closed_peers_;  // until the turn ends: events for them may be under way
  ReadyQueue ready_;
  std::atomic<std::size_t> connection_count_{0};

  std::list<Listening> listeners_;
  SteadyTime accept_again_at_ = Scheduled::never;  // accepting is paused until then
  std::list<Ticker> tickers_;                      // a tick may add another

  bool stopping_ = false;
  SteadyTime stop_at_ = Scheduled::never;
};

}  // namespace larder::transport
