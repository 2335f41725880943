#include "tools/bench/bench_connection.h"

#include <chrono>
#include <utility>

#include "base/assert.h"

namespace larder::tools {
BenchConnection::BenchConnection(client::Stream stream, const Workload& workload,
                                 std::size_t pending_count_max)
    : stream_(std::move(stream)),
      pending_(pending_count_max, workload.keys_per_read),
      scanner_(make_reply_scanner(workload)) {}

Result<void> BenchConnection::send(Bytes bytes) {
  LARDER_ASSERT(is_flushed());
  const Result<std::size_t> size = stream_.send(bytes);
  if (!size) return std::unexpected(size.error());
  unsent_offset_ = 0;
  unsent_.assign(bytes.substr(*size));
  return {};
}

Result<void> BenchConnection::flush() {
  const Result<std::size_t> size = stream_.send(Bytes(unsent_).substr(unsent_offset_));
  if (!size) return std::unexpected(size.error());
  unsent_offset_ += *size;
  return {};
}

Result<void> BenchConnection::receive(std::span<char> buffer, Books& books) {
  do {
    const Result<std::size_t> size = stream_.receive(buffer);
    if (!size) return std::unexpected(size.error());
    if (*size == 0) return {};
    const BenchTime now = std::chrono::steady_clock::now();
    last_sign = now;
    books.of(now).received_size += *size;
    if (auto scanned = scanner_->scan(Bytes(buffer.data(), *size), pending_, books, now); !scanned)
      return scanned;
  } while (stream_.has_pending());
  return {};
}

}  // namespace larder::tools
