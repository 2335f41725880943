#include "client/tls_stream.h"

#include <algorithm>
#include <cerrno>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <system_error>
#include <utility>

#include "client/certificate_text.h"

namespace larder::client {
namespace {

// Of the alerts that a server sends, as OpenSSL numbers them.
constexpr int first_alert = SSL_AD_REASON_OFFSET;

std::string reason_text(unsigned long error) {
  const char* const text = ERR_reason_error_string(error);
  return text == nullptr ? "no reason is known" : text;
}

// What the server says of us, in the middle of a handshake or later.
std::unexpected<Error> alert(int reason, unsigned long error) {
  switch (reason) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return failure(ErrorKind::denied, "the server asks for a client certificate");
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
      return failure(ErrorKind::denied,
                     "the server does not accept the client's certificate: " + reason_text(error));
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return failure(ErrorKind::unsupported, "the server speaks neither TLS 1.2 nor 1.3");
    default:
      return failure(ErrorKind::denied, "the server ended TLS: " + reason_text(error));
  }
}

}  // namespace

/// What was found wrong with the server's certificate, while OpenSSL still had it.
struct TlsStream::Verdict {
  int code = X509_V_OK;
  X509* certificate = nullptr;

  Verdict() = default;
  Verdict(const Verdict&) = delete;
  Verdict& operator=(const Verdict&) = delete;
  ~Verdict() { X509_free(certificate); }
};

TlsStream::TlsStream(SSL* ssl, std::string ca_file)
    : ssl_(ssl), ca_file_(std::move(ca_file)), verdict_(std::make_unique<Verdict>()) {}

TlsStream::TlsStream(TlsStream&& other) noexcept
    : ssl_(std::exchange(other.ssl_, nullptr)),
      ca_file_(std::move(other.ca_file_)),
      verdict_(std::move(other.verdict_)),
      is_usable_(other.is_usable_) {}

TlsStream::~TlsStream() {
  if (ssl_ != nullptr && is_usable_ && SSL_is_init_finished(ssl_) == 1) {
    ERR_clear_error();
    SSL_shutdown(ssl_);
    ERR_clear_error();
  }
  SSL_free(ssl_);
}

void TlsStream::verify() {
  SSL_set_app_data(ssl_, verdict_.get());
  SSL_set_verify(ssl_, SSL_VERIFY_PEER, note_verdict);
}

int TlsStream::note_verdict(int is_good, X509_STORE_CTX* store) {
  if (is_good == 1) return 1;
  const void* const ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
  auto* const verdict = static_cast<Verdict*>(SSL_get_app_data(static_cast<const SSL*>(ssl)));
  verdict->code = X509_STORE_CTX_get_error(store);
  X509_free(verdict->certificate);
  verdict->certificate = X509_STORE_CTX_get_current_cert(store);
  if (verdict->certificate != nullptr) X509_up_ref(verdict->certificate);
  return 0;
}

Result<short> TlsStream::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  if (result == 1) return short{0};
  const int error = SSL_get_error(ssl_, result);
  if (error == SSL_ERROR_WANT_READ) return short{POLLIN};
  if (error == SSL_ERROR_WANT_WRITE) return short{POLLOUT};
  return broken(result);
}

Result<std::size_t> TlsStream::send(Bytes bytes) {
  std::size_t sent_size = 0;
  while (sent_size < bytes.size()) {
    ERR_clear_error();
    std::size_t size = 0;
    const int result = SSL_write_ex(ssl_, bytes.data() + sent_size, bytes.size() - sent_size, &size);
    if (result != 1) {
      const int error = SSL_get_error(ssl_, result);
      if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) break;
      // What the server said before it went is the better reason, and is read next.
      if (error == SSL_ERROR_SYSCALL && (errno == EPIPE || errno == ECONNRESET)) {
        is_usable_ = false;
        break;
      }
      return broken(result);
    }
    sent_size += size;
  }
  return sent_size;
}

Result<std::size_t> TlsStream::receive(std::span<char> buffer) {
  ERR_clear_error();
  std::size_t size = 0;
  const int result = SSL_read_ex(ssl_, buffer.data(), buffer.size(), &size);
  if (result == 1) return size;
  const int error = SSL_get_error(ssl_, result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return std::size_t{0};
  return broken(result);
}

bool TlsStream::has_pending() const { return SSL_has_pending(ssl_) == 1; }

bool TlsStream::is_quiet() {
  ERR_clear_error();
  char byte = 0;
  const int result = SSL_peek(ssl_, &byte, 1);
  if (result <= 0 && SSL_get_error(ssl_, result) == SSL_ERROR_WANT_READ) return true;
  is_usable_ = result > 0;
  return false;
}

std::string TlsStream::version() const { return SSL_get_version(ssl_); }

std::string TlsStream::cipher() const { return SSL_get_cipher_name(ssl_); }

bool TlsStream::is_resumed() const { return SSL_session_reused(ssl_) == 1; }

std::unexpected<Error> TlsStream::broken(int result) {
  const int error_number = errno;
  is_usable_ = false;
  const int kind = SSL_get_error(ssl_, result);
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  if (verdict_->code != X509_V_OK) {
    return failure(ErrorKind::denied, certificate_fault(verdict_->code, verdict_->certificate, ca_file_));
  }
  const bool is_over = kind == SSL_ERROR_ZERO_RETURN || BIO_eof(SSL_get_rbio(ssl_)) == 1;
  const int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
  if (reason > first_alert) return alert(reason, error);
  if (is_over || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    return failure(ErrorKind::disconnected,
                   SSL_is_init_finished(ssl_) == 1
                       ? "the server closed the connection"
                       : "the server closed the connection during the TLS handshake");
  }
  if (kind == SSL_ERROR_SYSCALL && error_number != 0) {
    return failure(ErrorKind::disconnected,
                   "the connection broke: " + std::generic_category().message(error_number));
  }
  if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
      reason == SSL_R_PACKET_LENGTH_TOO_LONG || reason == SSL_R_RECORD_LENGTH_MISMATCH) {
    return failure(ErrorKind::malformed, "the server does not speak TLS there");
  }
  if (reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_WRONG_SSL_VERSION)
    return failure(ErrorKind::unsupported, "the server speaks neither TLS 1.2 nor 1.3");
  return failure(ErrorKind::malformed, "TLS failed: " + reason_text(error));
}

}  // namespace larder::client
