#include "transport/epoll_loop.h"

#include <array>
#include <cerrno>
#include <new>
#include <span>
#include <string>
#include <sys/socket.h>
#include <system_error>
#include <utility>

#include "transport/send_parts.h"

namespace larder::transport {
namespace {

/// One read. All connections share this buffer; 64 KiB is a thousand pipelined requests.
constexpr std::size_t receive_size_max = std::size_t{64} << 10;
constexpr std::size_t receive_calls_max = 16;  // of one connection in a turn
/// What is received of each of several peers before the first is served: a usual request, or pipeline.
constexpr std::size_t early_size_max = std::size_t{4} << 10;
/// New connections each turn, for each listener.
constexpr std::size_t accept_calls_max = 64;

constexpr std::uint32_t peer_events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

}  // namespace

EpollLoop::EpollLoop(Socket epoll, std::shared_ptr<TaskQueue> tasks, const LoopOptions& options)
    : SocketLoop(std::move(tasks), options),
      epoll_(std::move(epoll)),
      receive_buffer_(new char[receive_size_max]),
      early_buffers_(new char[announced_count_max * early_size_max]) {}

Result<std::unique_ptr<EventLoop>> make_epoll_loop(const LoopOptions& options) try {
  Socket epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return failure(ErrorKind::overloaded, "no epoll instance: " + error_text(errno));
  auto tasks = make_task_queue();
  if (!tasks) return std::unexpected(tasks.error());
  epoll_event watched{};
  watched.events = EPOLLIN | EPOLLET;
  watched.data.ptr = nullptr;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, (*tasks)->descriptor(), &watched) != 0)
    return failure(ErrorKind::overloaded, "epoll refuses the eventfd: " + error_text(errno));
  return std::make_unique<EpollLoop>(std::move(epoll), *std::move(tasks), options);
} catch (const std::bad_alloc&) {
  return failure(ErrorKind::overloaded, "no memory for an event loop");
}

Result<void> EpollLoop::wait(int time_ms) {
  event_count_ = ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), time_ms);
  if (event_count_ >= 0 || errno == EINTR) return {};
  return failure(ErrorKind::unsupported, "epoll_wait: " + error_text(errno));
}

void EpollLoop::note_events() {
  for (int i = 0; i < event_count_; ++i) {
    const epoll_event& event = events_[static_cast<std::size_t>(i)];
    if (event.data.ptr == nullptr) {
      tasks_are_waiting();
      continue;
    }
    auto* const source = static_cast<Source*>(event.data.ptr);
    if (source->kind == Source::Kind::listener) {
      static_cast<EpollListening*>(source)->ready = true;
      continue;
    }
    EpollPeer& peer = static_cast<EpollPeer&>(*source);
    if ((event.events & EPOLLOUT) != 0) peer.writable = true;
    if ((event.events & EPOLLIN) != 0) peer.readable = true;
    if ((event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) peer.readable = peer.ended = true;
    if ((event.events & EPOLLERR) != 0) peer.broken = true;
    make_ready(peer);
  }
}

void EpollLoop::watch(Peer& peer) {
  epoll_event watched{};
  watched.events = peer_events;
  watched.data.ptr = static_cast<Source*>(&static_cast<EpollPeer&>(peer));
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, peer.socket.get(), &watched) != 0)
    throw std::system_error(errno, std::system_category());
}

/// Receives what is there for all of them, then has it answered; serve() sends. So the first replies do not
/// wake a peer that would find the others' not there yet and sleep again.
void EpollLoop::look_ahead(Peer& first) {
  struct Early {
    EpollPeer* peer = nullptr;
    Bytes bytes;
  };
  std::array<Early, announced_count_max> all;
  std::size_t early_count = 0;
  Peer* next = &first;
  for (unsigned count = 0; next != nullptr && count < announced_count_max; ++count) {
    EpollPeer& peer = static_cast<EpollPeer&>(*std::exchange(next, next->next_ready));
    if (peer.closed || !peer.readable || !peer.connection.wants_input()) continue;
    const Bytes bytes = receive(peer, early_buffers_.get() + early_count * early_size_max, early_size_max);
    if (bytes.empty()) continue;
    peer.connection.announced(bytes);
    all[early_count++] = {.peer = &peer, .bytes = bytes};
  }
  for (const Early& early : std::span(all).first(early_count)) {
    if (early.peer->closed) continue;
    early.peer->connection.received(early.bytes, now());
    note_called(*early.peer);
  }
}

/// Reads first and sends last, so that the replies to all that came leave in one send. Goes round again only
/// if sending made room for requests that wait.
void EpollLoop::serve(Peer& any_peer) {
  EpollPeer& peer = static_cast<EpollPeer&>(any_peer);
  Connection& connection = peer.connection;
  std::size_t receive_calls = receive_calls_max;
  std::size_t handler_calls = handler_calls_max;
  std::size_t send_size = send_size_max;
  while (true) {
    while (peer.readable && connection.wants_input() && receive_calls > 0) {
      --receive_calls;
      const Bytes bytes = receive(peer, receive_buffer_.get(), receive_size_max);
      if (bytes.empty()) continue;
      connection.received(bytes, now());
      note_called(peer);
    }
    if (peer.broken && !connection.wants_input()) connection.lost();
    if (peer.ended) connection.peer_left(now());
    seal(peer);
    send_pending(peer, send_size);
    if (connection.must_shut_write_side()) {
      ::shutdown(peer.socket.get(), SHUT_WR);
      connection.write_side_shut(now());
    }
    if (connection.finished()) {
      close_peer(peer);
      return;
    }
    const bool can_receive = peer.readable && connection.wants_input();
    const bool can_send = peer.writable && connection.owes();
    const bool can_resume = connection.must_resume();
    if (!can_receive && !can_send && !can_resume) break;
    if ((can_receive && receive_calls == 0) || (can_send && send_size == 0) ||
        (can_resume && handler_calls == 0)) {
      make_ready(peer);
      break;
    }
    if (can_resume) {
      --handler_calls;
      connection.resume(now());
      note_called(peer);
    }
  }
  settle(peer);
}

/// What is there, up to `size_max`, in `room`. Empty: nothing, and the peer knows why.
Bytes EpollLoop::receive(EpollPeer& peer, char* room, std::size_t size_max) {
  const ssize_t received = ::recv(peer.socket.get(), room, size_max, 0);
  if (received > 0) {
    const auto size = static_cast<std::size_t>(received);
    // A short read has emptied the socket, and whatever comes after it is a new edge. The end is not: if it
    // was announced already, it must be read.
    if (size < size_max && !peer.ended) peer.readable = false;
    observer().on_received(size);
    return {room, size};
  }
  if (received == 0) {
    peer.readable = false;
    peer.connection.received_end(now());
  } else if (errno == EAGAIN) {
    peer.readable = false;
  } else if (errno != EINTR) {
    peer.readable = false;
    peer.connection.lost();
  }
  return {};
}

void EpollLoop::send_pending(EpollPeer& peer, std::size_t& budget) {
  if (peer.connection.owed().empty() || budget == 0) return;
  if (peer.writable) {
    std::size_t size = 0;
    const ssize_t sent = send_some(peer, budget, size);
    if (sent >= 0) {
      const auto sent_size = static_cast<std::size_t>(sent);
      observer().on_sent(sent_size);
      budget -= sent_size;
      if (sent_size < size) peer.writable = false;
      peer.connection.sent(sent_size, now());
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
  SendParts parts;
  size = parts.gather(peer.connection.owed(), size_max);
  if (parts.message.msg_iovlen == 1) {
    return ::send(peer.socket.get(), parts.vectors[0].iov_base, size, MSG_NOSIGNAL);
  }
  return ::sendmsg(peer.socket.get(), &parts.message, MSG_NOSIGNAL);
}

bool EpollLoop::watch_listener(Listening& any_listener, bool is_watched) {
  EpollListening& listener = static_cast<EpollListening&>(any_listener);
  epoll_event watched{};
  // Level-triggered: what one turn leaves in the backlog is announced again.
  watched.events = is_watched ? EPOLLIN : 0U;
  watched.data.ptr = static_cast<Source*>(&listener);
  const int operation = std::exchange(listener.is_registered, true) ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  return ::epoll_ctl(epoll_.get(), operation, listener.socket.get(), &watched) == 0;
}

void EpollLoop::accept_some(Listening& listener) {
  for (std::size_t calls = 0; calls < accept_calls_max; ++calls) {
    Socket socket(::accept4(listener.socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.valid()) {
      accepted(listener, std::move(socket));
    } else if (errno == EAGAIN || !accept_failed(errno)) {
      return;
    }
  }
}

}  // namespace larder::transport
