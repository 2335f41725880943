#include "tools/bench/bench_connection.h"

#include <cerrno>
#include <chrono>
#include <sys/socket.h>
#include <system_error>
#include <utility>

#include "base/assert.h"

namespace larder::tools {
namespace {

std::unexpected<Error> broken(int error_number) {
  return failure(ErrorKind::disconnected,
                 "the connection broke: " + std::generic_category().message(error_number));
}

bool is_no_error(int error_number) {
  return error_number == EAGAIN || error_number == EWOULDBLOCK || error_number == EINTR;
}

}  // namespace

BenchConnection::BenchConnection(transport::Socket socket, const Workload& workload,
                                 std::size_t pending_count_max)
    : socket_(std::move(socket)),
      pending_(pending_count_max, workload.keys_per_read),
      scanner_(make_reply_scanner(workload)) {}

Result<void> BenchConnection::send(Bytes bytes) {
  LARDER_ASSERT(is_flushed());
  const Result<std::size_t> size = write_some(bytes);
  if (!size) return std::unexpected(size.error());
  unsent_offset_ = 0;
  unsent_.assign(bytes.substr(*size));
  return {};
}

Result<void> BenchConnection::flush() {
  const Result<std::size_t> size = write_some(Bytes(unsent_).substr(unsent_offset_));
  if (!size) return std::unexpected(size.error());
  unsent_offset_ += *size;
  return {};
}

Result<std::size_t> BenchConnection::write_some(Bytes bytes) {
  const auto size = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (size >= 0) return static_cast<std::size_t>(size);
  // What the server said before it went is read first: it may be the reason.
  if (is_no_error(errno) || errno == EPIPE || errno == ECONNRESET) return std::size_t{0};
  return broken(errno);
}

Result<void> BenchConnection::receive(std::span<char> buffer, Books& books) {
  const auto size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  if (size == 0) return failure(ErrorKind::disconnected, "the server closed the connection");
  if (size < 0) {
    if (is_no_error(errno)) return {};
    return broken(errno);
  }
  const BenchTime now = std::chrono::steady_clock::now();
  last_sign = now;
  books.of(now).received_size += static_cast<std::uint64_t>(size);
  return scanner_->scan(Bytes(buffer.data(), static_cast<std::size_t>(size)), pending_, books, now);
}

}  // namespace larder::tools
