// client/tls_context.h: what all TLS connections to one server share.
//
// Certificates and whom to believe, read once; the server's name, which its certificate has to be for; and
// the session that was begun last, with which the next connection skips the costly half of the handshake.
#pragma once

#include <memory>
#include <mutex>
#include <openssl/types.h>
#include <string>

#include "base/result.h"
#include "client/tls_stream.h"

struct ssl_session_st;  // OpenSSL's SSL_SESSION

namespace larder::client {

struct TlsOptions {
  std::string ca_file{};           // PEM: who may sign the server's certificate; empty: the system's CAs
  std::string certificate_file{};  // PEM, the client's own with its chain; empty: none
  std::string key_file{};          // PEM, without a passphrase
  bool verifies = true;            // false: whoever answers is believed
  bool resumes = true;             // false: every handshake is a whole one

  friend bool operator==(const TlsOptions&, const TlsOptions&) = default;
};

/// TLS 1.2 and 1.3 to one host.
///
/// Ownership  outlives its streams
/// Threads    any number may call at once
class TlsContext final {
 public:
  /// `host` is a name or a literal address. Errors: unsupported (a file that cannot be read or does not fit).
  [[nodiscard]] static Result<std::unique_ptr<TlsContext>> make(const TlsOptions& options, std::string host);

  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

  /// A stream over `descriptor`, which is connected, does not block and stays the caller's; its handshake is
  /// still to be made. Errors: overloaded (no memory).
  [[nodiscard]] Result<TlsStream> stream(int descriptor);

 private:
  TlsContext(SSL_CTX* context, const TlsOptions& options, std::string host);

  static int keep_session(SSL* ssl, ssl_session_st* session);
  [[nodiscard]] ssl_session_st* copy_of_session();

  SSL_CTX* const context_;
  const TlsOptions options_;
  const std::string host_;
  std::mutex mutex_;
  ssl_session_st* session_ = nullptr;  // the last that the server gave
};

}  // namespace larder::client
