#include "client/stream.h"

#include <cerrno>
#include <string>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

#include "client/dial.h"
#include "client/socket_errors.h"

namespace larder::client {
namespace {

std::unexpected<Error> broken(int error_number) {
  return failure(ErrorKind::disconnected,
                 "the connection broke: " + std::generic_category().message(error_number));
}

}  // namespace

Result<Stream> Stream::open(Resolver& resolver, TlsContext* tls, Deadline deadline) {
  const auto descriptor = dial(resolver, deadline);
  if (!descriptor) return std::unexpected(descriptor.error());
  Stream stream(*descriptor);
  if (tls == nullptr) return stream;
  auto secured = tls->stream(*descriptor);
  if (!secured) return std::unexpected(secured.error());
  stream.tls_ = std::make_unique<TlsStream>(*std::move(secured));
  for (;;) {
    const auto awaited = stream.tls_->handshake();
    if (!awaited) return std::unexpected(awaited.error());
    if (*awaited == 0) return stream;
    if (const auto ready = wait_for(*descriptor, *awaited, deadline); !ready)
      return std::unexpected(ready.error());
    if (deadline.passed()) return failure(ErrorKind::timed_out, "no TLS handshake within the time limit");
  }
}

Stream::~Stream() {
  tls_.reset();
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<std::size_t> Stream::send(Bytes bytes) {
  if (tls_) return tls_->send(bytes);
  const auto size = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (size >= 0) return static_cast<std::size_t>(size);
  if (is_not_now(errno) || errno == EPIPE || errno == ECONNRESET) return std::size_t{0};
  return broken(errno);
}

Result<std::size_t> Stream::receive(std::span<char> buffer) {
  if (tls_) return tls_->receive(buffer);
  const auto size = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
  if (size > 0) return static_cast<std::size_t>(size);
  if (size == 0) return failure(ErrorKind::disconnected, "the server closed the connection");
  if (is_not_now(errno)) return std::size_t{0};
  return broken(errno);
}

bool Stream::is_quiet() {
  if (tls_) return tls_->is_quiet();
  char byte = 0;
  for (;;) {
    const auto size = ::recv(descriptor_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (size >= 0) return false;  // closed, or bytes that nobody asked for
    if (errno != EINTR) return errno == EAGAIN || errno == EWOULDBLOCK;
  }
}

}  // namespace larder::client
