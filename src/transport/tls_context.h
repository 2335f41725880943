// transport/tls_context.h: certificate, key and rules of TLS, as one unit that is replaced whole.
//
//   files --load_tls_context()--> TlsContext --+--> TlsStream of each new connection
//     |  changed, and good                     |
//     +-------------------------> the next one +    (connections keep the one they began with)
//
// TLS 1.2 and 1.3, forward secrecy and authenticated encryption only, no compression, no renegotiation, no
// early data. Sessions are resumed by tickets whose key lives in the context: what a context let in before
// does not get in by way of a ticket once another has replaced it.
//
// Sources: RFC 8446, RFC 5246, RFC 9325 (recommendations for the use of TLS), RFC 7301 (ALPN).
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

using SSL_CTX = struct ssl_ctx_st;

namespace larder::transport {

/// Where the parts are, as PEM.
struct TlsFiles {
  std::string certificate;  // followed by those that lead from it to a CA
  std::string key;          // without a passphrase
  std::string client_ca;    // empty: clients need no certificate

  friend bool operator==(const TlsFiles&, const TlsFiles&) = default;
};

/// Threads    any; it does not change
class TlsContext final {
 public:
  explicit TlsContext(SSL_CTX* owned) : context_(owned) {}

  [[nodiscard]] SSL_CTX* get() const { return context_.get(); }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const;
  };
  std::unique_ptr<SSL_CTX, Free> context_;
};

/// Reads the files and looks whether they fit together, and whether the certificate is valid at `now`.
///
/// Errors     refused: a sentence that names the file and says what is wrong with it
[[nodiscard]] Result<std::shared_ptr<const TlsContext>> load_tls_context(const TlsFiles& files,
                                                                         TimePoint now);

/// The oldest reason that OpenSSL left on this thread, in its words, if there is a telling one; forgets all
/// of them. Empty: none.
[[nodiscard]] std::string take_openssl_reason();

}  // namespace larder::transport
