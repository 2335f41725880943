#include "transport/uring_loop.h"

#include <algorithm>
#include <cerrno>
#include <new>
#include <poll.h>
#include <span>
#include <sys/socket.h>
#include <utility>

#include "base/assert.h"

namespace larder::transport {
namespace {

constexpr std::uint64_t operation_mask = 15;

/// Of a send whose success nobody needs to hear of.
constexpr std::size_t silent_send_size_max = std::size_t{16} << 10;

void* object_of(const io_uring_cqe& completion) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel hands it back as the number that it was handed
  return reinterpret_cast<void*>(completion.user_data & ~operation_mask);
}

}  // namespace

Result<std::unique_ptr<EventLoop>> make_uring_loop(const LoopOptions& options) try {
  auto tasks = make_task_queue();
  if (!tasks) return std::unexpected(tasks.error());
  auto ring = Uring::make();
  if (!ring) return std::unexpected(ring.error());
  return std::make_unique<UringLoop>(*std::move(tasks), *std::move(ring), options);
} catch (const std::bad_alloc&) {
  return failure(ErrorKind::overloaded, "no memory for an event loop");
}

// The ring first: from then on the kernel refers to nothing of ours.
UringLoop::~UringLoop() {
  ring_.reset();
  coming_ring_.reset();
  close_all();
}

Result<void> UringLoop::start() {
  if (Result<void> enabled = coming_ring_->enable(); !enabled) return enabled;
  ring_ = std::move(coming_ring_);
  watch_tasks();
  for (const auto& listener : listeners()) static_cast<void>(watch_listener(*listener, is_accepting()));
  return {};
}

// The last cancellations.
void UringLoop::end() { static_cast<void>(ring_->submit_and_wait(0)); }

// ---- Submitting

std::uint64_t UringLoop::name_of(const void* object, Operation operation) {
  const auto address = reinterpret_cast<std::uintptr_t>(object);
  LARDER_ASSERT((address & operation_mask) == 0);
  return address | static_cast<std::uint64_t>(operation);
}

// Who came before start() is served in the first turn, which sees to it.
void UringLoop::watch(Peer& peer) {
  if (ring_ != nullptr) arm_receive(static_cast<UringPeer&>(peer));
}

void UringLoop::arm_receive(UringPeer& peer) {
  io_uring_sqe& entry = ring_->entry();
  io_uring_prep_recv_multishot(&entry, peer.socket.get(), nullptr, 0, 0);
  entry.buf_group = Uring::buffer_group;
  io_uring_sqe_set_flags(&entry, IOSQE_BUFFER_SELECT);
  io_uring_sqe_set_data64(&entry, name_of(&peer, Operation::receive));
  peer.is_receiving = true;
}

void UringLoop::cancel(const void* object, Operation operation) {
  io_uring_sqe& entry = ring_->entry();
  io_uring_prep_cancel64(&entry, name_of(object, operation), 0);
  io_uring_sqe_set_flags(&entry, IOSQE_CQE_SKIP_SUCCESS);
  io_uring_sqe_set_data64(&entry, name_of(nullptr, Operation::nothing));
}

// The kernel adds the peer's end to what every poll waits for. One that ends with its first event would end
// at once, and again, where a peer has ended its side and does not read; this one is told of that once.
void UringLoop::watch_room(UringPeer& peer) {
  io_uring_sqe& entry = ring_->entry();
  io_uring_prep_poll_multishot(&entry, peer.socket.get(), POLLOUT);
  io_uring_sqe_set_data64(&entry, name_of(&peer, Operation::room));
  peer.waits_to_send = true;
}

void UringLoop::watch_end(UringPeer& peer) {
  if (peer.watches_end || peer.ended) return;
  io_uring_sqe& entry = ring_->entry();
  io_uring_prep_poll_add(&entry, peer.socket.get(), POLLRDHUP | POLLERR | POLLHUP);
  io_uring_sqe_set_data64(&entry, name_of(&peer, Operation::end));
  peer.watches_end = true;
}

// Each write to the eventfd is an event of its own: nothing is read back.
void UringLoop::watch_tasks() {
  io_uring_sqe& entry = ring_->entry();
  io_uring_prep_poll_multishot(&entry, task_descriptor(), POLLIN);
  io_uring_sqe_set_data64(&entry, name_of(nullptr, Operation::tasks));
}

bool UringLoop::watch_listener(Listening& any_listener, bool is_watched) {
  UringListening& listener = static_cast<UringListening&>(any_listener);
  if (ring_ == nullptr) return true;
  if (is_watched && !listener.is_armed) {
    io_uring_sqe& entry = ring_->entry();
    io_uring_prep_multishot_accept(&entry, listener.socket.get(), nullptr, nullptr,
                                   SOCK_NONBLOCK | SOCK_CLOEXEC);
    io_uring_sqe_set_data64(&entry, name_of(&listener, Operation::accept));
    listener.is_armed = true;
  } else if (!is_watched && listener.is_armed) {
    cancel(&listener, Operation::accept);
  }
  return true;
}

// The kernel may still refer to them.
void UringLoop::close_listeners() {
  for (auto& listener : listeners()) {
    static_cast<void>(watch_listener(*listener, false));
    listener->socket.close();
    closed_listeners_.push_back(std::move(listener));
  }
  listeners().clear();
}

void UringLoop::queue_send(UringPeer& peer) {
  if (std::exchange(peer.is_queued_to_send, true)) return;
  peer.next_to_send = std::exchange(to_send_, &peer);
}

// As late as can be: from here to the end of the call nobody may change an output.
void UringLoop::submit_sends() {
  comes_back_ = false;
  std::size_t part_count = 0;
  UringPeer* next = std::exchange(to_send_, nullptr);
  while (next != nullptr) {
    UringPeer* const peer = std::exchange(next, next->next_to_send);
    peer->is_queued_to_send = peer->is_unanswered = false;
    if (peer->closed || peer->connection.owed().empty()) continue;
    io_uring_sqe& entry = ring_->entry();
    if (peer->connection.owed().has_loans() && part_count < parts_.size()) {
      SendParts& parts = parts_[part_count++];
      peer->send_size = parts.gather(peer->connection.owed(), send_size_max);
      io_uring_prep_sendmsg(&entry, peer->socket.get(), &parts.message, Uring::send_flags);
    } else {
      Bytes first;
      static_cast<void>(peer->connection.owed().gather(std::span(&first, 1)));
      peer->send_size = std::min(first.size(), send_size_max);
      io_uring_prep_send(&entry, peer->socket.get(), first.data(), peer->send_size, Uring::send_flags);
    }
    // What is large, or borrowed, should go back at once and not when something happens next.
    const bool is_small = peer->send_size <= silent_send_size_max && !peer->connection.owed().has_loans();
    if (is_small) io_uring_sqe_set_flags(&entry, IOSQE_CQE_SKIP_SUCCESS);
    io_uring_sqe_set_data64(&entry, name_of(peer, Operation::send));
    const bool rests =
        peer->connection.rests_when_sent() && peer->send_size == peer->connection.owed().size();
    comes_back_ = comes_back_ || !rests;
    peer->next_to_send = std::exchange(sending_, peer);
  }
}

Result<void> UringLoop::wait(int time_ms) {
  submit_sends();
  const int result = ring_->submit_and_wait(comes_back_ ? 0 : time_ms);
  if (result == 0) return {};
  return failure(ErrorKind::unsupported, "io_uring_enter: " + error_text(-result));
}

// ---- Completions

void UringLoop::note_events() {
  bool is_all = false;
  while (!is_all) {
    const unsigned count = ring_->completion_count();
    is_all = ring_->is_settled();
    if (sending_ != nullptr) {
      ring_->each_completion(count, [](const io_uring_cqe& completion) {
        if (static_cast<Operation>(completion.user_data & operation_mask) != Operation::send) return;
        auto* const peer = static_cast<UringPeer*>(object_of(completion));
        peer->fell_short = completion.res < static_cast<int>(peer->send_size);
        peer->send_result = completion.res;
      });
      // Silence means success only when nothing is left to be told. Before anything else: an output that has
      // left is not full.
      if (is_all) conclude_sends();
    }
    for (unsigned rest = count; rest > 0;) {
      const unsigned group = std::min(rest, announced_count_max);
      if (group > 1) {
        ring_->each_completion(group, [this](const io_uring_cqe& completion) { announce(completion); });
      }
      ring_->each_completion(group, [this](const io_uring_cqe& completion) { note(completion); });
      ring_->pass_completions(group);
      rest -= group;
    }
    ring_->publish_buffers();
    if (!is_all) ring_->go_on();
  }
}

void UringLoop::announce(const io_uring_cqe& completion) {
  if (static_cast<Operation>(completion.user_data & operation_mask) != Operation::receive) return;
  UringPeer& peer = *static_cast<UringPeer*>(object_of(completion));
  if (peer.closed || completion.res <= 0 || !Uring::has_buffer(completion)) return;
  peer.connection.announced(ring_->buffer_of(completion));
}

void UringLoop::conclude_sends() {
  UringPeer* next = std::exchange(sending_, nullptr);
  while (next != nullptr) {
    UringPeer* const peer = std::exchange(next, next->next_to_send);
    Connection& connection = peer->connection;
    const bool fell_short = std::exchange(peer->fell_short, false);
    const int result = fell_short ? peer->send_result : static_cast<int>(peer->send_size);
    if (result >= 0) {
      observer().on_sent(static_cast<std::size_t>(result));
      connection.sent(static_cast<std::size_t>(result), now());
    } else if (result != -EAGAIN && result != -EINTR) {
      connection.lost();
    }
    if (fell_short && result != -EINTR && !connection.finished() && connection.owes()) {
      peer->writable = false;
      connection.send_blocked();
    }
    if (!fell_short && peer->is_receiving && connection.idle()) {
      settle(*peer);
    } else {
      make_ready(*peer);
    }
  }
}

void UringLoop::note(const io_uring_cqe& completion) {
  const auto operation = static_cast<Operation>(completion.user_data & operation_mask);
  void* const object = object_of(completion);
  const bool goes_on = (completion.flags & IORING_CQE_F_MORE) != 0;
  switch (operation) {
    case Operation::receive:
      return note_received(*static_cast<UringPeer*>(object), completion);
    case Operation::accept:
      return note_accepted(*static_cast<UringListening*>(object), completion);
    case Operation::tasks:
      tasks_are_waiting();
      if (!goes_on) watch_tasks();
      return;
    case Operation::room: {
      UringPeer& peer = *static_cast<UringPeer*>(object);
      peer.waits_to_send = goes_on;
      const bool is_told = completion.res < 0 ? completion.res != -ECANCELED
                                              : (completion.res & (POLLOUT | POLLERR | POLLHUP)) != 0;
      if (is_told) peer.writable = true;
      if (is_told && goes_on) cancel(&peer, Operation::room);
      if (is_told || !goes_on) make_ready(peer);
      return;
    }
    case Operation::end: {
      UringPeer& peer = *static_cast<UringPeer*>(object);
      peer.watches_end = false;
      if (completion.res > 0) peer.ended = true;
      if (completion.res > 0 && (completion.res & POLLERR) != 0) peer.broken = true;
      make_ready(peer);
      return;
    }
    case Operation::send:
    case Operation::nothing:
      return;
  }
}

void UringLoop::note_received(UringPeer& peer, const io_uring_cqe& completion) {
  if ((completion.flags & IORING_CQE_F_MORE) == 0) peer.is_receiving = peer.is_cancelling = false;
  if (Uring::has_buffer(completion)) {
    if (!peer.closed && completion.res > 0) {
      observer().on_received(static_cast<std::size_t>(completion.res));
      peer.is_unanswered = true;
      peer.connection.received(ring_->buffer_of(completion), now());
      note_called(peer);
    }
    ring_->give_back(completion);
  } else if (!peer.closed && completion.res == 0) {
    peer.ended = true;
    peer.connection.received_end(now());
  } else if (!peer.closed && completion.res < 0 && completion.res != -ENOBUFS &&
             completion.res != -ECANCELED && completion.res != -EINTR && completion.res != -EAGAIN) {
    peer.connection.lost();
  }
  make_ready(peer);
}

void UringLoop::note_accepted(UringListening& listener, const io_uring_cqe& completion) {
  if ((completion.flags & IORING_CQE_F_MORE) == 0) listener.is_armed = false;
  const bool is_closed = !listener.socket.valid();
  if (completion.res >= 0) {
    Socket socket(completion.res);
    if (!is_closed) accepted(listener, std::move(socket));
  } else if (completion.res != -ECANCELED && !is_closed && is_accepting()) {
    static_cast<void>(accept_failed(-completion.res));
  }
  if (!is_closed && is_accepting()) static_cast<void>(watch_listener(listener, true));
}

// ---- Peers

void UringLoop::serve(Peer& any_peer) {
  UringPeer& peer = static_cast<UringPeer&>(any_peer);
  Connection& connection = peer.connection;
  for (std::size_t calls = 0; connection.must_resume() && calls < handler_calls_max; ++calls) {
    if (peer.writable && connection.owed_size() >= send_size_max) break;  // which leaves first
    connection.resume(now());
    note_called(peer);
  }
  if (peer.broken && !connection.wants_input()) connection.lost();
  if (peer.ended) connection.peer_left(now());
  seal(peer);
  if (!connection.finished() && connection.owes()) {
    if (peer.writable) {
      queue_send(peer);
    } else {
      connection.send_blocked();
    }
  }
  if (connection.must_shut_write_side()) {
    ::shutdown(peer.socket.get(), SHUT_WR);
    connection.write_side_shut(now());
  }
  if (connection.finished()) {
    close_peer(peer);
    return;
  }
  if (connection.must_resume()) make_ready(peer);
  watch_what_matters(peer);
  if (!peer.is_queued_to_send || !connection.rests_when_sent()) settle(peer);
}

// A reset that comes while the kernel receives the bytes before it may never be told: the receive stays armed
// on a socket that is dead (seen with Linux 6.18, once in some ten thousand). A send would find out. Where
// nothing is sent a poll does, made after the bytes came; then the receive is begun anew, and that one is
// told.
void UringLoop::watch_what_matters(UringPeer& peer) {
  const Connection& connection = peer.connection;
  if (!peer.writable && !peer.waits_to_send && connection.owes()) {
    watch_room(peer);
  }
  if (connection.wants_input()) {
    if (!peer.is_receiving) {
      arm_receive(peer);
    } else if (peer.broken && !std::exchange(peer.is_cancelling, true)) {
      cancel(&peer, Operation::receive);
    }
    if (peer.is_unanswered && !connection.owes()) watch_end(peer);
    return;
  }
  // An output that is full, and about to leave, is no reason yet.
  const bool will_want_soon = peer.is_queued_to_send && peer.writable && !peer.ended;
  if (will_want_soon || peer.closed) return;
  if (peer.is_receiving) {
    if (!std::exchange(peer.is_cancelling, true)) cancel(&peer, Operation::receive);
  } else {
    watch_end(peer);
  }
}

void UringLoop::let_go(Peer& any_peer) {
  UringPeer& peer = static_cast<UringPeer&>(any_peer);
  if (ring_ == nullptr) return;
  if (peer.is_receiving && !std::exchange(peer.is_cancelling, true)) cancel(&peer, Operation::receive);
  if (peer.waits_to_send) cancel(&peer, Operation::room);
  if (peer.watches_end) cancel(&peer, Operation::end);
  if (is_at_rest(peer)) peer.socket.close();
}

bool UringLoop::is_at_rest(const Peer& any_peer) const {
  const UringPeer& peer = static_cast<const UringPeer&>(any_peer);
  return !peer.is_receiving && !peer.waits_to_send && !peer.watches_end && !peer.is_queued_to_send;
}

}  // namespace larder::transport
