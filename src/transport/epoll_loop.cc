#include "transport/epoll_loop.h"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <linux/sockios.h>
#include <mutex>
#include <new>
#include <string>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <system_error>
#include <utility>

#include "base/assert.h"

namespace larder::transport {
namespace {

/// One read. All connections share this buffer; 64 KiB is a thousand pipelined requests.
constexpr std::size_t receive_size_max = std::size_t{64} << 10;
/// What one connection may move in a turn before the others have theirs: 1 MiB each way.
constexpr std::size_t receive_calls_max = 16;
constexpr std::size_t send_size_max = std::size_t{1} << 20;
constexpr std::size_t handler_calls_max = 16;
/// New connections each turn, for each listener.
constexpr std::size_t accept_calls_max = 64;
/// How long to leave a listener alone when there was no descriptor for a new connection.
constexpr Duration accept_pause{100};

constexpr std::uint32_t peer_events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

std::string reason(int error_number) { return std::system_category().message(error_number); }

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

LoopObserver& nobody() {
  static LoopObserver observer;
  return observer;
}

/// Nothing unread and nothing unacknowledged: close() then sends a plain end, and what the peer was sent has
/// arrived. Where the kernel cannot tell, the answer is no.
bool quiet(int descriptor) {
  int unread = 0;
  int unsent = 0;
  return ::ioctl(descriptor, SIOCINQ, &unread) == 0 && unread == 0 &&
         ::ioctl(descriptor, SIOCOUTQ, &unsent) == 0 && unsent == 0;
}

}  // namespace

/// Ownership  shared by the peer and whoever wants to wake it
/// Threads    wake() and close() from any; peer_ only on the loop's, so it takes no lock; the descriptor,
/// while it
///            is the peer's, under the mutex
class EpollLoop::PeerWaker final : public Waker, public std::enable_shared_from_this<PeerWaker> {
 public:
  PeerWaker(EpollLoop& loop, Peer& peer)
      : tasks_(loop.tasks_), loop_(&loop), peer_(&peer), descriptor_(peer.socket.get()) {}

  void wake() override {
    tasks_->post([self = shared_from_this()] { self->deliver(); });
  }

  void close() override {
    {
      // The peer sees the end before the caller goes on, whatever the loop is doing.
      const std::lock_guard lock(mutex_);
      if (descriptor_ >= 0) ::shutdown(descriptor_, SHUT_RDWR);
    }
    tasks_->post([self = shared_from_this()] {
      if (self->peer_ == nullptr) return;
      self->peer_->connection.lost();
      self->loop_->make_ready(*self->peer_);
    });
  }

  void detach() {
    peer_ = nullptr;
    const std::lock_guard lock(mutex_);
    descriptor_ = -1;
  }

 private:
  void deliver() {
    if (peer_ == nullptr) return;
    peer_->connection.woken(loop_->now_);
    loop_->make_ready(*peer_);
  }

  std::shared_ptr<TaskQueue> tasks_;
  EpollLoop* loop_;  // a task runs only while the loop lives
  Peer* peer_;       // null: the connection is gone
  std::mutex mutex_;
  int descriptor_;
};

EpollLoop::EpollLoop(Socket epoll, std::shared_ptr<TaskQueue> tasks, const LoopOptions& options)
    : epoll_(std::move(epoll)),
      tasks_(std::move(tasks)),
      limits_(options.limits),
      clock_(options.clock != nullptr ? *options.clock : system_clock()),
      observer_(options.observer != nullptr ? *options.observer : nobody()),
      now_(clock_.now()),
      receive_buffer_(new char[receive_size_max]) {}

EpollLoop::~EpollLoop() {
  tasks_->close();
  while (!peers_.empty()) close_peer(peers_.front());
  ready_ = {};
  closed_peers_.clear();
}

Result<std::unique_ptr<EventLoop>> make_epoll_loop(const LoopOptions& options) try {
  Socket epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return failure(ErrorKind::overloaded, "no epoll instance: " + reason(errno));
  Socket event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.valid()) return failure(ErrorKind::overloaded, "no eventfd: " + reason(errno));
  epoll_event watched{};
  watched.events = EPOLLIN | EPOLLET;
  watched.data.ptr = nullptr;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, event.get(), &watched) != 0)
    return failure(ErrorKind::overloaded, "epoll refuses the eventfd: " + reason(errno));
  return std::make_unique<EpollLoop>(std::move(epoll), std::make_shared<TaskQueue>(std::move(event)),
                                     options);
} catch (const std::bad_alloc&) {
  return failure(ErrorKind::overloaded, "no memory for an event loop");
}

void EpollLoop::listen(Socket listener, AcceptFunction on_accept) {
  if (stopping_) return;
  Listening& added = listeners_.emplace_back(std::move(listener), std::move(on_accept));
  epoll_event watched{};
  // Level-triggered: what one turn leaves in the backlog is announced again.
  watched.events = accept_again_at_ == Scheduled::never ? EPOLLIN : 0U;
  watched.data.ptr = static_cast<Source*>(&added);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, added.socket.get(), &watched) != 0) {
    observer_.on_accept_failed(errno);
    listeners_.pop_back();
  }
}

void EpollLoop::adopt(Socket socket, std::unique_ptr<Handler> handler) try {
  if (stopping_) return;
  peers_.emplace_back(std::move(socket), Connection(std::move(handler), limits_, spare_output_, now_));
  Peer& peer = peers_.back();
  peer.self = std::prev(peers_.end());
  epoll_event watched{};
  watched.events = peer_events;
  watched.data.ptr = static_cast<Source*>(&peer);
  try {
    peer.waker = std::make_shared<PeerWaker>(*this, peer);
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, peer.socket.get(), &watched) != 0)
      throw std::system_error(errno, std::system_category());
  } catch (...) {
    peers_.pop_back();
    throw;
  }
  connection_count_.fetch_add(1, std::memory_order_relaxed);
  observer_.on_opened();
  peer.connection.attach(peer.waker);
  make_ready(peer);
} catch (const std::bad_alloc&) {
  observer_.on_accept_failed(ENOMEM);
} catch (const std::system_error& error) {
  observer_.on_accept_failed(error.code().value());
}

void EpollLoop::post(std::move_only_function<void()> task) { tasks_->post(std::move(task)); }

void EpollLoop::every(Duration period, TickFunction tick) {
  LARDER_ASSERT(period > Duration{0});
  tickers_.push_back({period, std::move(tick), clock_.now().steady + period});
}

// Being served puts a connection under its present deadline.
void EpollLoop::idle_timeouts_changed() {
  for (Peer& peer : peers_) {
    peer.connection.idle_timeout_changed();
    make_ready(peer);
  }
}

void EpollLoop::shut_down(Duration grace) {
  tasks_->post([this, grace] { begin_shut_down(grace); });
}

Result<void> EpollLoop::run() {
  now_ = clock_.now();
  while (true) {
    const int count =
        ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), wait_time_ms());
    if (count < 0 && errno != EINTR) {
      const int error_number = errno;
      tasks_->close();
      return failure(ErrorKind::unsupported, "epoll_wait: " + reason(error_number));
    }
    now_ = clock_.now();
    for (int i = 0; i < count; ++i) note(events_[static_cast<std::size_t>(i)]);
    run_tasks();
    serve_ready();
    accept_ready();
    check_deadlines();
    run_tickers();
    if (now_.steady >= stop_at_) {
      while (!peers_.empty()) close_peer(peers_.front());
    }
    free_closed();
    if (stopping_ && peers_.empty() && tasks_->close_if_empty()) return {};
  }
}

int EpollLoop::wait_time_ms() const {
  if (ready_.first != nullptr) return 0;
  SteadyTime wake_at = std::min(accept_again_at_, stop_at_);
  if (const auto earliest = deadlines_.earliest()) wake_at = std::min(wake_at, *earliest);
  for (const Ticker& ticker : tickers_) wake_at = std::min(wake_at, ticker.due);
  if (wake_at == Scheduled::never) return -1;
  // `now_` is as old as the turn; a turn is short, and being late by one is harmless.
  return static_cast<int>(std::clamp<Duration::rep>((wake_at - now_.steady).count(), 0, 60'000));
}

void EpollLoop::note(const epoll_event& event) {
  if (event.data.ptr == nullptr) {
    tasks_waiting_ = true;
    return;
  }
  auto* const source = static_cast<Source*>(event.data.ptr);
  if (source->kind == Source::Kind::listener) {
    static_cast<Listening*>(source)->ready = true;
    return;
  }
  Peer& peer = static_cast<Peer&>(*source);
  if ((event.events & EPOLLOUT) != 0) peer.writable = true;
  if ((event.events & EPOLLIN) != 0) peer.readable = true;
  if ((event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) peer.readable = peer.ended = true;
  if ((event.events & EPOLLERR) != 0) peer.broken = true;
  make_ready(peer);
}

void EpollLoop::run_tasks() {
  if (!std::exchange(tasks_waiting_, false)) return;
  tasks_->take(running_tasks_);
  for (TaskQueue::Task& task : running_tasks_) {
    try {
      task();
    } catch (const std::bad_alloc&) {
      // What the task was about is lost with it; a socket it carried is closed.
      observer_.on_accept_failed(ENOMEM);
    }
    task = {};  // what it holds is let go now, not when all are done
  }
  running_tasks_.clear();
}

void EpollLoop::make_ready(Peer& peer) {
  if (peer.queued || peer.closed) return;
  peer.queued = true;
  peer.next_ready = nullptr;
  (ready_.first == nullptr ? ready_.first : ready_.last->next_ready) = &peer;
  ready_.last = &peer;
}

/// Those who are ready now; who is made ready meanwhile waits for the next turn.
void EpollLoop::serve_ready() {
  Peer* next = std::exchange(ready_, {}).first;
  while (next != nullptr) {
    Peer& peer = *next;
    next = peer.next_ready;
    peer.queued = false;
    if (!peer.closed) serve(peer);
  }
}

/// Reads first and sends last, so that the replies to all that came leave in one send. Goes round again only
/// if sending made room for requests that wait.
void EpollLoop::serve(Peer& peer) {
  Connection& connection = peer.connection;
  std::size_t receive_calls = receive_calls_max;
  std::size_t handler_calls = handler_calls_max;
  std::size_t send_size = send_size_max;
  while (true) {
    while (peer.readable && connection.wants_input() && receive_calls > 0) {
      --receive_calls;
      receive(peer);
    }
    if (peer.broken && !connection.wants_input()) connection.lost();
    if (peer.ended && connection.ends_with_peer()) connection.lost();
    send_pending(peer, send_size);
    if (connection.must_shut_write_side()) {
      ::shutdown(peer.socket.get(), SHUT_WR);
      connection.write_side_shut(now_);
    }
    if (connection.finished()) {
      close_peer(peer);
      return;
    }
    const bool can_receive = peer.readable && connection.wants_input();
    const bool can_send = peer.writable && !connection.owed().empty();
    const bool can_resume = connection.must_resume();
    if (!can_receive && !can_send && !can_resume) break;
    if ((can_receive && receive_calls == 0) || (can_send && send_size == 0) ||
        (can_resume && handler_calls == 0)) {
      make_ready(peer);
      break;
    }
    if (can_resume) {
      --handler_calls;
      connection.resume(now_);
    }
  }
  report_buffers(peer, connection.buffer_capacity());
  if (const auto due = connection.deadline()) {
    try {
      deadlines_.schedule(peer, *due);
    } catch (const std::bad_alloc&) {
      close_peer(peer);
    }
  }
}

void EpollLoop::receive(Peer& peer) {
  const ssize_t received = ::recv(peer.socket.get(), receive_buffer_.get(), receive_size_max, 0);
  if (received > 0) {
    const auto size = static_cast<std::size_t>(received);
    // A short read has emptied the socket, and whatever comes after it is a new edge. The end is not: if it
    // was announced already, it must be read.
    if (size < receive_size_max && !peer.ended) peer.readable = false;
    observer_.on_received(size);
    peer.connection.received({receive_buffer_.get(), size}, now_);
  } else if (received == 0) {
    peer.readable = false;
    peer.connection.received_end(now_);
  } else if (errno == EAGAIN) {
    peer.readable = false;
  } else if (errno != EINTR) {
    peer.readable = false;
    peer.connection.lost();
  }
}

void EpollLoop::send_pending(Peer& peer, std::size_t& budget) {
  if (peer.connection.owed().empty() || budget == 0) return;
  if (peer.writable) {
    std::size_t size = 0;
    const ssize_t sent = send_some(peer, budget, size);
    if (sent >= 0) {
      const auto sent_size = static_cast<std::size_t>(sent);
      observer_.on_sent(sent_size);
      budget -= sent_size;
      if (sent_size < size) peer.writable = false;
      peer.connection.sent(sent_size, now_);
    } else if (errno == EAGAIN) {
      peer.writable = false;
    } else if (errno != EINTR) {
      peer.connection.lost();
    }
  }
  if (!peer.writable) peer.connection.send_blocked();
}

/// One send of what is owed, up to `size_max`; `size` is how much that was. Answers as send(2).
ssize_t EpollLoop::send_some(const Peer& peer, std::size_t size_max, std::size_t& size) {
  constexpr std::size_t part_count_max = 16;
  std::array<Bytes, part_count_max> parts;
  const std::size_t count = peer.connection.owed().gather(parts);
  if (count == 1) {
    size = std::min(parts[0].size(), size_max);
    return ::send(peer.socket.get(), parts[0].data(), size, MSG_NOSIGNAL);
  }
  std::array<iovec, part_count_max> vectors{};
  msghdr message{};
  message.msg_iov = vectors.data();
  for (std::size_t i = 0; i < count && size < size_max; ++i) {
    // sendmsg reads only.
    vectors[i] = {.iov_base = const_cast<char*>(parts[i].data()),
                  .iov_len = std::min(parts[i].size(), size_max - size)};
    size += vectors[i].iov_len;
    ++message.msg_iovlen;
  }
  return ::sendmsg(peer.socket.get(), &message, MSG_NOSIGNAL);
}

void EpollLoop::report_buffers(Peer& peer, std::size_t size) {
  if (size == peer.buffer_size) return;
  observer_.on_buffers_resized(peer.buffer_size, size);
  peer.buffer_size = size;
}

void EpollLoop::close_peer(Peer& peer) {
  LARDER_ASSERT(!peer.closed);
  peer.closed = true;
  if (peer.waker != nullptr) peer.waker->detach();
  deadlines_.remove(peer);
  peer.socket.close();  // which takes it out of epoll, too
  closed_peers_.splice(closed_peers_.end(), peers_, peer.self);
  connection_count_.fetch_sub(1, std::memory_order_relaxed);
  if (peer.connection.ending() == Ending::slow_reader) observer_.on_slow_reader_closed();
  if (peer.connection.ending() == Ending::idle) observer_.on_idle_closed();
  report_buffers(peer, 0);
  observer_.on_closed();
  // A descriptor is free again.
  if (accept_again_at_ != Scheduled::never) accept_again_at_ = now_.steady;
}

void EpollLoop::free_closed() {
  // One that still stands in the ready queue is passed over there in the next turn, and freed after it.
  for (auto peer = closed_peers_.begin(); peer != closed_peers_.end();)
    peer = peer->queued ? std::next(peer) : closed_peers_.erase(peer);
}

void EpollLoop::accept_ready() {
  if (now_.steady >= accept_again_at_) {
    accept_again_at_ = Scheduled::never;
    watch_listeners(EPOLLIN);
  }
  for (Listening& listener : listeners_) {
    if (std::exchange(listener.ready, false) && accept_again_at_ == Scheduled::never) accept_some(listener);
  }
}

void EpollLoop::accept_some(Listening& listener) {
  for (std::size_t calls = 0; calls < accept_calls_max; ++calls) {
    Socket socket(::accept4(listener.socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.valid()) {
      try {
        listener.on_accept(std::move(socket));
      } catch (const std::bad_alloc&) {
        observer_.on_accept_failed(ENOMEM);
      }
      continue;
    }
    if (errno == EAGAIN) return;
    // The peer gave up while it waited, or its network did: accept(2) says to go on with the next.
    const bool peers_trouble = errno == EINTR || errno == ECONNABORTED || errno == EPROTO ||
                               errno == ENETDOWN || errno == ENOPROTOOPT || errno == EHOSTDOWN ||
                               errno == ENONET || errno == EHOSTUNREACH || errno == ENETUNREACH ||
                               errno == EPERM;
    if (peers_trouble) continue;
    pause_accepting(errno);
    return;
  }
}

/// Out of descriptors or memory. The peer stays in the backlog, so the listener stays readable, and a loop
/// that went on watching it would spin. It looks again after a pause, or as soon as a connection closes.
void EpollLoop::pause_accepting(int error_number) {
  accept_again_at_ = now_.steady + accept_pause;
  watch_listeners(0);
  observer_.on_accept_failed(error_number);
}

void EpollLoop::watch_listeners(std::uint32_t events) {
  for (Listening& listener : listeners_) {
    epoll_event watched{};
    watched.events = events;
    watched.data.ptr = static_cast<Source*>(&listener);
    static_cast<void>(::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, listener.socket.get(), &watched));
  }
}

void EpollLoop::check_deadlines() {
  while (Scheduled* const item = deadlines_.take_due(now_.steady)) {
    Peer& peer = static_cast<Peer&>(*item);
    peer.connection.time_passed(now_);
    // Served even if nothing was due: that puts it back under its present deadline.
    serve(peer);
  }
}

void EpollLoop::run_tickers() {
  for (Ticker& ticker : tickers_) {
    if (now_.steady < ticker.due) continue;
    // Missed ticks are not made up for: after a long turn there would be a burst of them.
    ticker.due = now_.steady + ticker.period;
    ticker.tick(now_);
  }
}

void EpollLoop::begin_shut_down(Duration grace) {
  stop_at_ = std::min(stop_at_, now_.steady + grace);
  if (std::exchange(stopping_, true)) return;
  listeners_.clear();
  accept_again_at_ = Scheduled::never;
  for (auto next = peers_.begin(); next != peers_.end();) {
    Peer& peer = *next++;
    const bool idle = peer.connection.idle() && quiet(peer.socket.get());
    peer.connection.shut_down(now_);
    if (idle && peer.connection.owed().empty()) {
      close_peer(peer);
    } else {
      make_ready(peer);
    }
  }
}

}  // namespace larder::transport
