// client/tls_stream.h: TLS on one connected socket that does not block.
//
//   handshake() until it is done, then send() and receive(); each does what is possible now
#pragma once

#include <cstddef>
#include <memory>
#include <openssl/types.h>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace larder::client {

/// Made by TlsContext::stream().
///
/// Ownership  the socket is the caller's, and is closed later than this
/// Threads    one at a time
/// Errors     denied (whose certificate it is, or what the server said about ours), disconnected, malformed
///            (no TLS), unsupported (no version of it in common); after any of them nothing else works
class TlsStream final {
 public:
  TlsStream(SSL* ssl, std::string ca_file);  // null is taken, for whoever has to look
  TlsStream(TlsStream&& other) noexcept;
  TlsStream& operator=(TlsStream&&) = delete;
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;
  ~TlsStream();  // tells the server that this was all, if that can be sent at once

  [[nodiscard]] SSL* ssl() const { return ssl_; }

  /// Makes the handshake fail if the server's certificate is not to be believed.
  void verify();

  /// 0: done. Otherwise the poll(2) event to wait for before the next try.
  [[nodiscard]] Result<short> handshake();

  /// How many of `bytes` are on their way; what is left is to be offered again, and nothing else before.
  [[nodiscard]] Result<std::size_t> send(Bytes bytes);

  /// How many bytes were put into `buffer`; 0: none are there yet.
  [[nodiscard]] Result<std::size_t> receive(std::span<char> buffer);

  /// True: receive() may have more, whatever poll(2) says.
  [[nodiscard]] bool has_pending() const;

  /// True if receive() has nothing to give, not even an end. Takes in what is no data, such as new sessions.
  [[nodiscard]] bool is_quiet();

  /// "TLSv1.3" and "TLS_AES_256_GCM_SHA384", after the handshake.
  [[nodiscard]] std::string version() const;
  [[nodiscard]] std::string cipher() const;
  [[nodiscard]] bool is_resumed() const;

 private:
  struct Verdict;

  static int note_verdict(int is_good, X509_STORE_CTX* store);
  std::unexpected<Error> broken(int result);

  SSL* ssl_;
  std::string ca_file_;  // for errors
  std::unique_ptr<Verdict> verdict_;
  bool is_usable_ = true;
};

}  // namespace larder::client
