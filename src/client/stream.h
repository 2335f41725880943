// client/stream.h: a connected socket that does not block, plain or with TLS.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "client/deadline.h"
#include "client/resolver.h"
#include "client/tls_context.h"
#include "client/tls_stream.h"

namespace larder::client {

/// What bytes go through.
///
/// Threads    one at a time
/// Errors     disconnected, and those of TlsStream; after any of them nothing else works
class Stream final {
 public:
  /// Dials, and makes the handshake if `tls`, which outlives this, is not null. An address that stays silent
  /// does not use up the time of those behind it. Errors: also timed_out, and those of dial().
  [[nodiscard]] static Result<Stream> open(Resolver& resolver, TlsContext* tls, Deadline deadline);

  /// Without TLS, over a connected descriptor that does not block and is owned from here on.
  explicit Stream(int descriptor) : descriptor_(descriptor) {}
  Stream(Stream&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), tls_(std::move(other.tls_)) {}
  Stream& operator=(Stream&&) = delete;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  /// For poll(2) and its like.
  [[nodiscard]] int descriptor() const { return descriptor_; }

  /// Null: there is none.
  [[nodiscard]] const TlsStream* tls() const { return tls_.get(); }

  /// How many of `bytes` were taken; what is left is to be offered again, and nothing else before. That the
  /// peer is gone is receive()'s to say, since what it said before is worth reading.
  [[nodiscard]] Result<std::size_t> send(Bytes bytes);

  /// How many bytes were put into `buffer`; 0: none are there yet.
  [[nodiscard]] Result<std::size_t> receive(std::span<char> buffer);

  /// True: receive() may have more, whatever poll(2) says.
  [[nodiscard]] bool has_pending() const { return tls_ && tls_->has_pending(); }

  /// True if the peer neither closed nor sent anything that was not received, as far as the kernel knows.
  [[nodiscard]] bool is_quiet();

 private:
  int descriptor_;
  std::unique_ptr<TlsStream> tls_;
};

}  // namespace larder::client
