#include "transport/loop_test_support.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/assert.h"
#include "base/numbers.h"

namespace larder::transport {

FunctionHandler::FunctionHandler(Advance advance, Duration idle_timeout,
                                 std::function<void(std::shared_ptr<Waker>)> on_attach,
                                 std::function<void()> on_destroyed)
    : advance_(std::move(advance)),
      idle_timeout_(idle_timeout),
      on_attach_(std::move(on_attach)),
      on_destroyed_(std::move(on_destroyed)) {}

FunctionHandler::~FunctionHandler() {
  if (on_destroyed_) on_destroyed_();
}

void FunctionHandler::attach(std::shared_ptr<Waker> waker) {
  if (on_attach_) on_attach_(std::move(waker));
}

Progress echo_lines(Bytes input, const Now& /*now*/, Output& output) {
  const std::size_t end = input.rfind('\n');
  const std::size_t size = end == Bytes::npos ? 0 : end + 1;
  output.append(input.substr(0, size));
  return {size, Wait::input, 0};
}

Progress answer_sizes(Bytes input, const Now& /*now*/, Output& output) {
  std::size_t consumed = 0;
  while (!output.full()) {
    const std::size_t end = input.find('\n', consumed);
    if (end == Bytes::npos) return {consumed, Wait::input, 0};
    output.append(std::string(parse_uint64(input.substr(consumed, end - consumed)).value_or(0), 'x'));
    consumed = end + 1;
  }
  return {consumed, Wait::output, 0};
}

TestPeer::TestPeer(std::uint16_t port, Options options)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  EXPECT_TRUE(socket_.valid()) << std::strerror(errno);  // NOLINT(concurrency-mt-unsafe)
  const timeval time_limit{60, 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &time_limit, sizeof time_limit);
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &time_limit, sizeof time_limit);
  const int on = 1;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (options.receive_buffer_size > 0) {
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &options.receive_buffer_size,
                 sizeof options.receive_buffer_size);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  sockaddr generic{};
  static_assert(sizeof generic == sizeof address);
  std::memcpy(&generic, &address, sizeof generic);
  EXPECT_EQ(::connect(socket_.get(), &generic, sizeof generic), 0)
      << std::strerror(errno);  // NOLINT(concurrency-mt-unsafe)
}

void TestPeer::send(Bytes bytes) const {
  EXPECT_TRUE(try_send(bytes)) << std::strerror(errno);  // NOLINT(concurrency-mt-unsafe)
}

bool TestPeer::try_send(Bytes bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string TestPeer::receive(std::size_t size) const {
  std::string bytes(size, '\0');
  std::size_t received_size = 0;
  while (received_size < size) {
    const ssize_t received = ::recv(socket_.get(), bytes.data() + received_size, size - received_size, 0);
    if (received <= 0) break;
    received_size += static_cast<std::size_t>(received);
  }
  bytes.resize(received_size);
  return bytes;
}

TestPeer::Rest TestPeer::receive_to_end() const {
  Rest rest;
  std::string buffer(65'536, '\0');
  while (true) {
    const ssize_t received = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (received < 0) rest.error_number = errno;
    if (received <= 0) return rest;
    rest.bytes.append(buffer, 0, static_cast<std::size_t>(received));
  }
}

void TestPeer::end_sending() const { ::shutdown(socket_.get(), SHUT_WR); }

void TestPeer::reset() {
  const linger at_once{1, 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  socket_.close();
}

TestServer::TestServer(const LoopKind& kind, HandlerFactory make_handler, ConnectionLimits limits,
                       const Clock* clock, TlsUse tls) {
  auto loop = kind.make({limits, clock != nullptr ? clock : &system_clock_, &observer_});
  LARDER_ASSERT(loop.has_value());
  loop_ = std::move(*loop);
  auto listener = open_listener({"test", "127.0.0.1", 0});
  LARDER_ASSERT(listener.has_value());
  port_ = listener->endpoint.port;
  loop_->listen(std::move(listener->socket),
                [this, make = std::move(make_handler), tls = std::move(tls)](Socket socket) {
                  loop_->adopt(std::move(socket), make(), tls);
                });
  thread_ = std::thread([this] { EXPECT_TRUE(loop_->run().has_value()); });
}

TestServer::~TestServer() {
  if (!thread_.joinable()) return;
  loop_->shut_down(Duration{0});
  join();
}

void TestServer::on_loop(std::function<void()> task) {
  Watched done;
  bool ran = false;
  loop_->post([&] {
    task();
    done.change([&] { ran = true; });
  });
  ASSERT_TRUE(done.await([&] { return ran; }));
}

void TestServer::join() { thread_.join(); }

}  // namespace larder::transport
