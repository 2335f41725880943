// null_responder: what the kernel takes for the bytes of a request and of its reply, and hardly more.
//
// It speaks enough of RESP to be measured in a server's place: each `*` that arrives is a request, whatever
// it asks for, and is answered with the same reply. So keys must have no `*` in them, and it cannot tell
// stores. Nothing is parsed, looked up, counted or bounded; one thread, one of two loops, written down as
// shortly as each allows. What a server's request costs beyond this is its own.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <unordered_map>
#include <vector>

#include "transport/uring.h"

namespace larder::bench {
namespace {

using transport::Uring;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

int listen_on_loopback() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (listener < 0 || ::bind(listener, generic, size) != 0 || ::listen(listener, 1024) != 0 ||
      ::getsockname(listener, generic, &size) != 0)
    fail("cannot listen");
  std::fprintf(stderr, "null_responder: ready resp://127.0.0.1:%d\n", int{ntohs(address.sin_port)});
  return listener;
}

void send_at_once(int socket) {
  const int on = 1;
  static_cast<void>(::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
}

/// The one reply, as often as one read can ask for it.
class Replies final {
 public:
  Replies(std::size_t value_size, std::size_t value_count) {
    const std::string value =
        "$" + std::to_string(value_size) + "\r\n" + std::string(value_size, 'x') + "\r\n";
    std::string reply = value_count == 1 ? "" : "*" + std::to_string(value_count) + "\r\n";
    for (std::size_t i = 0; i < value_count; ++i) reply += value;
    reply_size_ = reply.size();
    const std::size_t copies = std::clamp<std::size_t>(size_max / reply_size_, 1, count_max);
    for (std::size_t i = 0; i < copies; ++i) bytes_ += reply;
  }

  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  /// What answers these requests.
  [[nodiscard]] std::size_t size_for(std::string_view requests) const {
    return static_cast<std::size_t>(std::ranges::count(requests, '*')) * reply_size_;
  }

 private:
  static constexpr std::size_t size_max = std::size_t{8} << 20;
  static constexpr std::size_t count_max = 1024;

  std::string bytes_;
  std::size_t reply_size_ = 0;
};

class EpollResponder final {
 public:
  EpollResponder(int listener, const Replies& replies) : listener_(listener), replies_(replies) {}

  [[noreturn]] void run() {
    watch(EPOLL_CTL_ADD, listener_, EPOLLIN);
    std::vector<epoll_event> events(512);
    for (;;) {
      const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (const epoll_event& event :
           std::span(events.data(), static_cast<std::size_t>(std::max(count, 0)))) {
        const int socket = event.data.fd;
        if (socket == listener_) {
          accept_one();
        } else if ((event.events & EPOLLOUT) != 0) {
          send_rest(socket);
        } else {
          answer(socket);
        }
      }
    }
  }

 private:
  // Of a connection that took only a part: where the next byte lies, and how many are owed.
  struct Rest {
    std::size_t offset = 0;
    std::size_t size = 0;
  };

  void watch(int operation, int socket, std::uint32_t wanted) const {
    epoll_event event{.events = wanted, .data = {.fd = socket}};
    if (::epoll_ctl(epoll_, operation, socket, &event) != 0) fail("epoll_ctl");
  }

  void accept_one() {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) return;
    send_at_once(socket);
    watch(EPOLL_CTL_ADD, socket, EPOLLIN);
  }

  void answer(int socket) {
    const ssize_t size = ::recv(socket, input_.data(), input_.size(), 0);
    if (size <= 0) {
      if (size == 0 || errno != EAGAIN) ::close(socket);
      return;
    }
    const std::size_t owed = replies_.size_for({input_.data(), static_cast<std::size_t>(size)});
    if (Rest rest{.offset = 0, .size = owed}; !send(socket, rest)) {
      rests_[socket] = rest;
      watch(EPOLL_CTL_MOD, socket, EPOLLOUT);
    }
  }

  void send_rest(int socket) {
    if (!send(socket, rests_[socket])) return;
    watch(EPOLL_CTL_MOD, socket, EPOLLIN);
  }

  // False: the socket takes no more for now.
  bool send(int socket, Rest& rest) const {
    while (rest.size > 0) {
      const std::string_view next = replies_.bytes().substr(rest.offset, rest.size);
      const ssize_t size = ::send(socket, next.data(), next.size(), MSG_NOSIGNAL);
      if (size < 0) return errno != EAGAIN;  // whoever is gone is noticed by the next read
      rest.size -= static_cast<std::size_t>(size);
      rest.offset = (rest.offset + static_cast<std::size_t>(size)) % replies_.bytes().size();
    }
    return true;
  }

  int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  int listener_;
  const Replies& replies_;
  std::vector<char> input_ = std::vector<char>(std::size_t{64} << 10);
  std::unordered_map<int, Rest> rests_;
};

/// Sends are never heard of again. That is sound for who waits for all replies before the next request.
class UringResponder final {
 public:
  UringResponder(int listener, const Replies& replies) : listener_(listener), replies_(replies) {
    auto made = Uring::make();
    if (!made) throw std::runtime_error(made.error().message);
    ring_ = *std::move(made);
    if (const auto enabled = ring_->enable(); !enabled) throw std::runtime_error(enabled.error().message);
  }

  [[noreturn]] void run() {
    accept_more();
    for (;;) {
      if (ring_->submit_and_wait(-1) != 0) fail("io_uring_enter");
      const unsigned count = ring_->completion_count();
      ring_->each_completion(count, [this](const io_uring_cqe& completion) { note(completion); });
      ring_->pass_completions(count);
      ring_->publish_buffers();
    }
  }

 private:
  enum class Operation : std::uint8_t { accept, receive, send };

  io_uring_sqe& entry(int socket, Operation operation) { return named(ring_->entry(), socket, operation); }
  static io_uring_sqe& named(io_uring_sqe& entry, int socket, Operation operation) {
    entry.user_data = (static_cast<std::uint64_t>(socket) << 2) | static_cast<std::uint64_t>(operation);
    return entry;
  }

  void accept_more() {
    io_uring_sqe& next = ring_->entry();
    io_uring_prep_multishot_accept(&next, listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    named(next, listener_, Operation::accept);
  }

  void receive_more(int socket) {
    io_uring_sqe& next = ring_->entry();
    io_uring_prep_recv_multishot(&next, socket, nullptr, 0, 0);
    next.buf_group = Uring::buffer_group;
    io_uring_sqe_set_flags(&next, IOSQE_BUFFER_SELECT);
    named(next, socket, Operation::receive);
  }

  void send(int socket, std::string_view bytes) {
    io_uring_sqe& next = ring_->entry();
    io_uring_prep_send(&next, socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_WAITALL);
    io_uring_sqe_set_flags(&next, IOSQE_CQE_SKIP_SUCCESS);
    named(next, socket, Operation::send);
  }

  void note(const io_uring_cqe& completion) {
    const bool goes_on = (completion.flags & IORING_CQE_F_MORE) != 0;
    const int socket = static_cast<int>(completion.user_data >> 2);
    switch (static_cast<Operation>(completion.user_data & 3)) {
      case Operation::accept:
        if (completion.res >= 0) {
          send_at_once(completion.res);
          receive_more(completion.res);
        }
        if (!goes_on) accept_more();
        return;
      case Operation::receive:
        if (completion.res > 0) {
          std::size_t owed = replies_.size_for(ring_->buffer_of(completion));
          for (; owed > replies_.bytes().size(); owed -= replies_.bytes().size())
            send(socket, replies_.bytes());
          if (owed > 0) send(socket, replies_.bytes().substr(0, owed));
        }
        if (Uring::has_buffer(completion)) ring_->give_back(completion);
        if (goes_on) return;
        if (completion.res > 0 || completion.res == -ENOBUFS) return receive_more(socket);
        ::close(socket);
        return;
      case Operation::send:  // it failed: the next receive says so too
        return;
    }
  }

  int listener_;
  const Replies& replies_;
  std::unique_ptr<Uring> ring_;
};

}  // namespace
}  // namespace larder::bench

int main(int argc, char** argv) try {
  using namespace larder::bench;  // NOLINT(google-build-using-namespace): this program is about it
  std::string loop = "epoll";
  std::size_t value_size = 64;
  std::size_t value_count = 1;
  CLI::App app("Answers every RESP request with the same reply, and does nothing else.");
  app.add_option("loop", loop, "How it waits")->required()->check(CLI::IsMember({"epoll", "io_uring"}));
  app.add_option("--value-size", value_size, "Bytes of a value")->capture_default_str();
  app.add_option("--values", value_count, "Values in a reply; more than 1: an array")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  const Replies replies(value_size, value_count);
  const int listener = listen_on_loopback();
  if (loop == "epoll") EpollResponder(listener, replies).run();
  UringResponder(listener, replies).run();
} catch (const std::exception& error) {
  std::fprintf(stderr, "null_responder: %s\n", error.what());
  return 1;
}
