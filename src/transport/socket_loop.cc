#include "transport/socket_loop.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <linux/sockios.h>
#include <mutex>
#include <new>
#include <ranges>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <system_error>

#include "base/assert.h"

namespace larder::transport {
namespace {

/// How long to leave a listener alone when there was no descriptor for a new connection.
constexpr Duration accept_pause{100};

/// How soon those who wait for room in the buffers of all are looked at again.
constexpr Duration room_period{10};
/// How soon others may have begun to wait for what a connection of this loop holds.
constexpr Duration other_room_period{100};
/// How long a connection may keep its buffers from those who wait, if its peer takes nothing or everybody
/// waits; and in any case.
constexpr Duration stuck_time_max{100};
constexpr Duration scarce_time_max{1000};
/// Who holds less than this part of the mean holds little beside others.
constexpr std::size_t little_beside_mean = 8;
/// Connections closed for that at a time.
constexpr std::size_t room_closings_max = 16;

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

LoopObserver& nobody() {
  static LoopObserver observer;
  return observer;
}

/// close() then sends a reset and keeps nothing: otherwise the kernel would hold megabytes for each peer that
/// does not read, for minutes.
void drop_unsent(int descriptor) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  static_cast<void>(::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
}

}  // namespace

std::string error_text(int error_number) { return std::system_category().message(error_number); }

Result<std::shared_ptr<TaskQueue>> make_task_queue() {
  Socket event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.valid()) return failure(ErrorKind::overloaded, "no eventfd: " + error_text(errno));
  return std::make_shared<TaskQueue>(std::move(event));
}

/// Ownership  shared by the peer and whoever wants to wake it
/// Threads    wake() and close() from any; peer_ only on the loop's, so it takes no lock; the descriptor,
/// while
///            it is the peer's, under the mutex
class SocketLoop::PeerWaker final : public Waker, public std::enable_shared_from_this<PeerWaker> {
 public:
  PeerWaker(SocketLoop& loop, Peer& peer)
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
    loop_->note_called(*peer_);
    loop_->make_ready(*peer_);
  }

  std::shared_ptr<TaskQueue> tasks_;
  SocketLoop* loop_;  // a task runs only while the loop lives
  Peer* peer_;        // null: the connection is gone
  std::mutex mutex_;
  int descriptor_;
};

SocketLoop::SocketLoop(std::shared_ptr<TaskQueue> tasks, const LoopOptions& options)
    : tasks_(std::move(tasks)),
      limits_(options.limits),
      clock_(options.clock != nullptr ? *options.clock : system_clock()),
      observer_(options.observer != nullptr ? *options.observer : nobody()),
      now_(clock_.now()) {}

SocketLoop::~SocketLoop() = default;

void SocketLoop::close_all() {
  tasks_->close();
  while (!peers_.empty()) close_peer(*peers_.front());
  ready_ = held_up_ = {};
  listeners_.clear();
}

void SocketLoop::listen(Socket listener, AcceptFunction on_accept) {
  if (stopping_) return;
  listeners_.push_back(make_listening(std::move(listener), std::move(on_accept)));
  if (!watch_listener(*listeners_.back(), is_accepting())) {
    observer_.on_accept_failed(errno);
    listeners_.pop_back();
  }
}

void SocketLoop::adopt(Socket socket, std::unique_ptr<Handler> handler, TlsUse tls) try {
  if (stopping_) return;
  std::unique_ptr<TlsStream> stream;
  if (tls.context != nullptr) {
    stream = std::make_unique<TlsStream>(*tls.context, tls.application_protocol);
  }
  peers_.push_back(make_peer(
      std::move(socket), Connection(std::move(handler), limits_, spare_outputs_, now_, std::move(stream))));
  Peer& peer = *peers_.back();
  peer.self = std::prev(peers_.end());
  try {
    peer.waker = std::make_shared<PeerWaker>(*this, peer);
    watch(peer);
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

void SocketLoop::every(Duration period, TickFunction tick) {
  LARDER_ASSERT(period > Duration{0});
  tickers_.push_back({period, std::move(tick), clock_.now().steady + period});
}

// Being served puts a connection under its present deadline.
void SocketLoop::idle_timeouts_changed() {
  for (const auto& peer : peers_) {
    peer->connection.idle_timeout_changed();
    make_ready(*peer);
  }
}

void SocketLoop::wake_all() {
  for (const auto& peer : peers_) {
    peer->connection.woken(now_);
    note_called(*peer);
    make_ready(*peer);
  }
}

void SocketLoop::shut_down(Duration grace) {
  tasks_->post([this, grace] { begin_shut_down(grace); });
}

Result<void> SocketLoop::run() {
  now_ = clock_.now();
  tasks_waiting_ = true;  // perhaps: what was posted before this comes first
  if (auto started = start(); !started) {
    tasks_->close();
    return started;
  }
  while (true) {
    if (auto waited = wait(wait_time_ms()); !waited) {
      tasks_->close();
      return waited;
    }
    now_ = clock_.now();
    if (limits_.buffers != nullptr) limits_.buffers->look();
    note_events();
    run_tasks();
    serve_ready();
    accept_ready();
    check_deadlines();
    run_tickers();
    if (now_.steady >= make_room_at_) make_room();
    if (now_.steady >= stop_at_) {
      while (!peers_.empty()) close_peer(*peers_.front());
      if (limits_.buffers != nullptr) release_held_up();
    }
    free_closed();
    if (stopping_ && peers_.empty() && closed_peers_.empty() && tasks_->close_if_empty()) {
      end();
      return {};
    }
  }
}

int SocketLoop::wait_time_ms() const {
  if (has_ready()) return 0;
  SteadyTime wake_at = std::min({accept_again_at_, stop_at_, make_room_at_});
  if (const auto earliest = deadlines_.earliest()) wake_at = std::min(wake_at, *earliest);
  for (const Ticker& ticker : tickers_) wake_at = std::min(wake_at, ticker.due);
  if (wake_at == Scheduled::never) return -1;
  // `now_` is as old as the turn; a turn is short, and being late by one is harmless.
  return static_cast<int>(std::clamp<Duration::rep>((wake_at - now_.steady).count(), 0, 60'000));
}

void SocketLoop::run_tasks() {
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

void SocketLoop::make_ready(Peer& peer) {
  if (peer.queued || peer.closed) return;
  peer.queued = true;
  ready_.append(peer, &Peer::next_ready);
}

/// Those who are ready now; who is made ready meanwhile waits for the next turn.
void SocketLoop::serve_ready() {
  Peer* next = std::exchange(ready_, {}).first;
  for (unsigned count = 0; next != nullptr; ++count) {
    Peer& peer = *next;
    if (count % announced_count_max == 0 && peer.next_ready != nullptr) look_ahead(peer);
    next = peer.next_ready;
    peer.queued = false;
    if (!peer.closed) serve(peer);
  }
}

void SocketLoop::settle(Peer& peer) {
  if (peer.connection.tls() != nullptr) tell_of_tls(peer);
  // Whether to read it was decided before its buffers were counted anew, which may have made room.
  const bool was_held_up = peer.connection.is_held_up();
  report_buffers(peer, peer.connection.buffer_capacity());
  if (was_held_up || peer.connection.is_held_up()) hold_up(peer);
  if (const auto due = peer.connection.deadline()) {
    try {
      deadlines_.schedule(peer, *due);
    } catch (const std::bad_alloc&) {
      close_peer(peer);
    }
  }
}

void SocketLoop::report_buffers(Peer& peer, std::size_t size) {
  if (size == peer.buffer_size) return;
  observer_.on_buffers_resized(peer.buffer_size, size);
  const std::size_t size_before = std::exchange(peer.buffer_size, size);
  if (limits_.buffers == nullptr) return;
  limits_.buffers->resize(size_before, size);
  const bool may_be_closed = BufferBudget::may_be_closed_for(size);
  if (peer.closed || may_be_closed == BufferBudget::may_be_closed_for(size_before)) return;
  peers_.splice(may_be_closed ? peers_.begin() : peers_.end(), peers_, peer.self);
  peer.holds_since = now_.steady;
  make_room_at_ = std::min(make_room_at_, now_.steady + other_room_period);
}

void SocketLoop::hold_up(Peer& peer) {
  if (std::exchange(peer.held_up, true)) return;
  held_up_.append(peer, &Peer::next_held_up);
  limits_.buffers->set_waiting(true);
  make_room_at_ = std::min(make_room_at_, now_.steady + room_period);
}

void SocketLoop::make_room() {
  limits_.buffers->look();
  if (limits_.buffers->anybody_waits()) close_largest();
  release_held_up();
  const bool holds_room = !peers_.empty() && BufferBudget::may_be_closed_for(peers_.front()->buffer_size);
  const bool is_free = limits_.buffers->level() == BufferBudget::Level::free;
  if (held_up_.first != nullptr || (holds_room && !is_free)) {
    make_room_at_ = now_.steady + room_period;
  } else {
    make_room_at_ = holds_room ? now_.steady + other_room_period : Scheduled::never;
  }
}

/// Of those who have held something for too long, first whoever holds most; but nobody who holds little
/// beside others, who may be another loop's, or are to be closed a moment later.
void SocketLoop::close_largest() {
  const std::size_t size_min = limits_.buffers->closed_size_mean() / little_beside_mean;
  const bool is_spent = limits_.buffers->level() == BufferBudget::Level::spent;
  const auto is_due = [&](const std::unique_ptr<Peer>& peer) {
    const Duration time = now_.steady - peer->holds_since;
    if (peer->buffer_size < size_min) return false;
    return time >= scarce_time_max ||
           (time >= stuck_time_max && (is_spent || peer->connection.is_stuck_for(stuck_time_max, now_)));
  };
  std::array<Peer*, room_closings_max> largest{};
  const auto end =
      std::ranges::partial_sort_copy(peers_ | std::views::take_while([](const auto& peer) {
                                       return BufferBudget::may_be_closed_for(peer->buffer_size);
                                     }) | std::views::filter(is_due) |
                                         std::views::transform([](const auto& peer) { return peer.get(); }),
                                     largest, std::ranges::greater(), &Peer::buffer_size, &Peer::buffer_size)
          .out;
  for (auto next = largest.begin(); next != end; ++next) {
    const BufferBudget::Level level = limits_.buffers->level();
    if (level == BufferBudget::Level::free || (is_spent && level != BufferBudget::Level::spent)) return;
    (*next)->connection.make_room();
    close_peer(**next);
  }
}

/// In the order in which they came; who still finds none keeps his place.
void SocketLoop::release_held_up() {
  Peer* next = std::exchange(held_up_, {}).first;
  while (next != nullptr) {
    Peer& peer = *std::exchange(next, next->next_held_up);
    if (!peer.closed && peer.connection.is_held_up()) {
      held_up_.append(peer, &Peer::next_held_up);
    } else {
      peer.held_up = false;
      make_ready(peer);
    }
  }
  limits_.buffers->set_waiting(held_up_.first != nullptr);
}

void SocketLoop::close_peer(Peer& peer) {
  LARDER_ASSERT(!peer.closed);
  peer.closed = true;
  if (peer.waker != nullptr) peer.waker->detach();
  deadlines_.remove(peer);
  const Ending ending = peer.connection.ending();
  if (peer.connection.tls() != nullptr) tell_of_tls(peer);
  if (ending == Ending::stranger) observer_.on_stranger_closed(peer.socket);
  if (ending == Ending::slow_reader || ending == Ending::over_budget) drop_unsent(peer.socket.get());
  closed_peers_.splice(closed_peers_.end(), peers_, peer.self);
  let_go(peer);
  connection_count_.fetch_sub(1, std::memory_order_relaxed);
  if (ending == Ending::slow_reader) observer_.on_slow_reader_closed();
  if (ending == Ending::idle) observer_.on_idle_closed();
  if (ending == Ending::over_budget) observer_.on_over_budget_closed();
  report_buffers(peer, 0);
  observer_.on_closed();
  // A descriptor is free again.
  if (accept_again_at_ != Scheduled::never) accept_again_at_ = now_.steady;
}

void SocketLoop::seal(Peer& peer) {
  if (peer.connection.tls() != nullptr) tell_of_tls(peer);
  peer.connection.seal(now_);
}

// Of a failure at once, while the kernel still knows whose it is.
void SocketLoop::tell_of_tls(Peer& peer) {
  const TlsStream& tls = *peer.connection.tls();
  const bool is_done = tls.state() == TlsStream::State::established || tls.state() == TlsStream::State::ended;
  if (is_done && !std::exchange(peer.handshake_told, true)) observer_.on_tls_established(tls.is_resumed());
  const bool has_failed =
      tls.state() == TlsStream::State::failed || peer.connection.ending() == Ending::tls_failed;
  if (!has_failed || std::exchange(peer.tls_failure_told, true)) return;
  observer_.on_tls_failed(tls.failure().empty() ? "no handshake in time" : std::string_view(tls.failure()),
                          peer.socket);
}

// One that still stands in a queue is passed over there, and freed after that.
void SocketLoop::free_closed() {
  for (auto peer = closed_peers_.begin(); peer != closed_peers_.end();) {
    peer = (*peer)->queued || (*peer)->held_up || !is_at_rest(**peer) ? std::next(peer)
                                                                      : closed_peers_.erase(peer);
  }
}

void SocketLoop::accept_ready() {
  if (now_.steady >= accept_again_at_) {
    accept_again_at_ = Scheduled::never;
    watch_listeners(true);
  }
  for (const auto& listener : listeners_) {
    if (std::exchange(listener->ready, false) && is_accepting()) accept_some(*listener);
  }
}

bool SocketLoop::is_quiet(const Peer& peer) const {
  int unread = 0;
  int unsent = 0;
  return ::ioctl(peer.socket.get(), SIOCINQ, &unread) == 0 && unread == 0 &&
         ::ioctl(peer.socket.get(), SIOCOUTQ, &unsent) == 0 && unsent == 0;
}

void SocketLoop::accepted(Listening& listener, Socket socket) {
  try {
    listener.on_accept(std::move(socket));
  } catch (const std::bad_alloc&) {
    observer_.on_accept_failed(ENOMEM);
  }
}

/// Out of descriptors or memory, the peer stays in the backlog, so the listener stays readable, and a loop
/// that went on watching it would spin. It looks again after a pause, or as soon as a connection closes.
bool SocketLoop::accept_failed(int error_number) {
  // The peer gave up while it waited, or its network did: accept(2) says to go on with the next.
  const bool is_peers_trouble = error_number == EINTR || error_number == ECONNABORTED ||
                                error_number == EPROTO || error_number == ENETDOWN ||
                                error_number == ENOPROTOOPT || error_number == EHOSTDOWN ||
                                error_number == ENONET || error_number == EHOSTUNREACH ||
                                error_number == ENETUNREACH || error_number == EPERM;
  if (is_peers_trouble) return true;
  accept_again_at_ = now_.steady + accept_pause;
  watch_listeners(false);
  observer_.on_accept_failed(error_number);
  return false;
}

void SocketLoop::watch_listeners(bool are_watched) {
  for (const auto& listener : listeners_) static_cast<void>(watch_listener(*listener, are_watched));
}

void SocketLoop::check_deadlines() {
  while (Scheduled* const item = deadlines_.take_due(now_.steady)) {
    Peer& peer = static_cast<Peer&>(*item);
    peer.connection.time_passed(now_);
    // Served even if nothing was due: that puts it back under its present deadline.
    serve(peer);
  }
}

void SocketLoop::run_tickers() {
  for (Ticker& ticker : tickers_) {
    if (now_.steady < ticker.due) continue;
    // Missed ticks are not made up for: after a long turn there would be a burst of them.
    ticker.due = now_.steady + ticker.period;
    ticker.tick(now_);
  }
}

void SocketLoop::begin_shut_down(Duration grace) {
  stop_at_ = std::min(stop_at_, now_.steady + grace);
  if (std::exchange(stopping_, true)) return;
  close_listeners();
  accept_again_at_ = Scheduled::never;
  for (auto next = peers_.begin(); next != peers_.end();) {
    Peer& peer = **next++;
    const bool idle = peer.connection.idle() && is_quiet(peer);
    peer.connection.shut_down(now_);
    if (idle && peer.connection.must_shut_write_side()) {
      close_peer(peer);
    } else {
      make_ready(peer);
    }
  }
}

}  // namespace larder::transport
