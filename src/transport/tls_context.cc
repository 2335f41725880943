#include "transport/tls_context.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <system_error>
#include <unistd.h>

#include "transport/socket.h"
#include "transport/tls_stream.h"

namespace larder::transport {
namespace {

// As strong as is asked for, and of these the cheapest first: of a large value most of the time goes here. A
// client that prefers ChaCha20, having no instructions for AES, gets it.
constexpr const char* suite_list =  // of TLS 1.3
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* cipher_list =  // of TLS 1.2
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* group_list = "X25519:P-256:P-384";

// 112 bits: no RSA below 2048, no SHA-1.
constexpr int security_level = 2;

// Of all that a client shows. OpenSSL takes memory for as much as is announced.
constexpr long certificates_size_max = 16L << 10;

constexpr std::array<unsigned char, 6> session_context = {'l', 'a', 'r', 'd', 'e', 'r'};

std::unexpected<Error> refused(std::string message) {
  return failure(ErrorKind::refused, std::move(message));
}

// OpenSSL would ask for it at the terminal, or take any text for it.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*is_writing*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

// OpenSSL says "system lib" of a file that is not there.
Result<void> check_readable(const std::string& path, std::string_view what) {
  const Socket file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.valid()) return {};
  return refused(std::string(what) + " '" + path +
                 "' cannot be read: " + std::generic_category().message(errno));
}

std::unexpected<Error> unusable(const std::string& path, std::string_view what) {
  const std::string reason = take_openssl_reason();
  return refused(std::string(what) + " '" + path + "' cannot be used" +
                 (reason.empty() ? std::string() : ": " + reason));
}

Result<void> use_pair(SSL_CTX* context, const TlsFiles& files) {
  constexpr std::string_view certificate = "the certificate";
  constexpr std::string_view key = "the key";
  if (auto readable = check_readable(files.certificate, certificate); !readable) return readable;
  if (auto readable = check_readable(files.key, key); !readable) return readable;
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1)
    return unusable(files.certificate, certificate);
  bool has_passphrase = false;
  SSL_CTX_set_default_passwd_cb(context, no_passphrase);
  SSL_CTX_set_default_passwd_cb_userdata(context, &has_passphrase);
  const bool is_used = SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) == 1;
  SSL_CTX_set_default_passwd_cb(context, nullptr);
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  if (!is_used && has_passphrase)
    return refused("the key '" + files.key + "' has a passphrase, and nobody is there to give it");
  if (!is_used && ERR_GET_REASON(ERR_peek_last_error()) != X509_R_KEY_VALUES_MISMATCH)
    return unusable(files.key, key);
  if (!is_used || SSL_CTX_check_private_key(context) != 1) {
    static_cast<void>(take_openssl_reason());
    return refused("the key '" + files.key + "' is not that of the certificate '" + files.certificate + "'");
  }
  return {};
}

std::string date_text(const ASN1_TIME* time) {
  std::tm parts{};
  std::array<char, 32> text{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "an unknown date";
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts);
  return {text.data(), size};
}

Result<void> check_dates(SSL_CTX* context, const TlsFiles& files, TimePoint now) {
  const X509* const certificate = SSL_CTX_get0_certificate(context);
  std::time_t time = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  if (X509_cmp_time(X509_get0_notAfter(certificate), &time) < 0) {
    return refused("the certificate '" + files.certificate + "' has expired: it was valid until " +
                   date_text(X509_get0_notAfter(certificate)));
  }
  if (X509_cmp_time(X509_get0_notBefore(certificate), &time) > 0) {
    return refused("the certificate '" + files.certificate + "' is not valid before " +
                   date_text(X509_get0_notBefore(certificate)));
  }
  return {};
}

// Whoever is signed by it may come in. The names are sent to clients, so that they know which of their
// certificates to show.
Result<void> use_client_ca(SSL_CTX* context, const std::string& path) {
  constexpr std::string_view what = "the file of the clients' CA";
  if (auto readable = check_readable(path, what); !readable) return readable;
  if (SSL_CTX_load_verify_file(context, path.c_str()) != 1) return unusable(path, what);
  STACK_OF(X509_NAME)* const names = SSL_load_client_CA_file(path.c_str());
  if (names == nullptr) return unusable(path, what);
  SSL_CTX_set_client_CA_list(context, names);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return {};
}

void set_rules(SSL_CTX* context) {
  SSL_CTX_set_security_level(context, security_level);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_max_cert_list(context, certificates_size_max);
  SSL_CTX_set_ciphersuites(context, suite_list);
  SSL_CTX_set_cipher_list(context, cipher_list);
  SSL_CTX_set1_groups_list(context, group_list);
  SSL_CTX_set_alpn_select_cb(context, TlsStream::choose_application_protocol, nullptr);
  // Tickets alone: a session costs the server nothing, and no connection waits for a lock.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_session_id_context(context, session_context.data(), session_context.size());
  // One piece is what is asked for at a time, and it is given back when it is empty: an idle connection
  // keeps no buffer.
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

}  // namespace

void TlsContext::Free::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

Result<std::shared_ptr<const TlsContext>> load_tls_context(const TlsFiles& files, TimePoint now) {
  ERR_clear_error();
  auto context = std::make_shared<const TlsContext>(SSL_CTX_new(TLS_server_method()));
  if (context->get() == nullptr) return failure(ErrorKind::overloaded, "no memory for a TLS context");
  set_rules(context->get());
  if (auto used = use_pair(context->get(), files); !used) return std::unexpected(used.error());
  if (auto checked = check_dates(context->get(), files, now); !checked)
    return std::unexpected(checked.error());
  if (!files.client_ca.empty()) {
    if (auto used = use_client_ca(context->get(), files.client_ca); !used)
      return std::unexpected(used.error());
  }
  ERR_clear_error();
  return context;
}

std::string take_openssl_reason() {
  unsigned long telling = ERR_peek_error();
  bool is_telling = false;
  while (const unsigned long code = ERR_get_error()) {
    // Some only say which part of OpenSSL has left another one.
    const bool is_common = (static_cast<unsigned long>(ERR_GET_REASON(code)) & ERR_RFLAG_COMMON) != 0;
    if (is_common || is_telling) continue;
    telling = code;
    is_telling = true;
  }
  const char* const reason = telling == 0 ? nullptr : ERR_reason_error_string(telling);
  return reason != nullptr ? reason : "";
}

}  // namespace larder::transport
