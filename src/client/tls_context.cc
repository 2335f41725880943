#include "client/tls_context.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <system_error>
#include <utility>

#include "client/socket_bio.h"

namespace larder::client {
namespace {

std::unexpected<Error> unusable(const std::string& file, const char* what) {
  const unsigned long error = ERR_peek_error();
  ERR_clear_error();
  const char* const text = ERR_reason_error_string(error);
  std::string reason = text == nullptr ? "no reason is known" : text;
  if (ERR_SYSTEM_ERROR(error)) reason = std::generic_category().message(ERR_GET_REASON(error));
  return failure(ErrorKind::unsupported, "'" + file + "' " + what + ": " + reason);
}

std::unexpected<Error> no_memory() { return failure(ErrorKind::overloaded, "no memory for TLS"); }

// OpenSSL would ask for a passphrase on the terminal.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writes*/, void* /*data*/) { return -1; }

Result<void> read_files(SSL_CTX* context, const TlsOptions& options) {
  ERR_clear_error();
  if (options.ca_file.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) != 1) return no_memory();
  } else if (SSL_CTX_load_verify_locations(context, options.ca_file.c_str(), nullptr) != 1) {
    return unusable(options.ca_file, "has no certificates to verify the server's with");
  }
  if (options.certificate_file.empty() != options.key_file.empty()) {
    return failure(ErrorKind::unsupported,
                   "a client certificate and its key go together: one of the files is not named");
  }
  if (options.certificate_file.empty()) return {};
  if (SSL_CTX_use_certificate_chain_file(context, options.certificate_file.c_str()) != 1)
    return unusable(options.certificate_file, "is no certificate");
  if (SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return unusable(options.key_file, "is no private key, not for this certificate, or has a passphrase");
  return {};
}

bool is_literal(const std::string& host) {
  in6_addr address{};
  return ::inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

// A server with several certificates is told which is wanted, unless it was asked for by a number.
bool set_host(SSL* ssl, const std::string& host, bool verifies) {
  // The zone of a link-local address means something on this machine only.
  const std::string name = host.substr(0, host.find('%'));
  const bool literal = is_literal(name);
  if (!literal && SSL_set_tlsext_host_name(ssl, name.c_str()) != 1) return false;
  if (!verifies) return true;
  if (literal) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1;
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(ssl, name.c_str()) == 1;
}

}  // namespace

TlsContext::TlsContext(SSL_CTX* context, const TlsOptions& options, std::string host)
    : context_(context), options_(options), host_(std::move(host)) {}

TlsContext::~TlsContext() {
  SSL_SESSION_free(session_);
  SSL_CTX_free(context_);
}

Result<std::unique_ptr<TlsContext>> TlsContext::make(const TlsOptions& options, std::string host) {
  SSL_CTX* const made = SSL_CTX_new(TLS_client_method());
  if (made == nullptr) return no_memory();
  std::unique_ptr<TlsContext> context(new TlsContext(made, options, std::move(host)));
  SSL_CTX_set_min_proto_version(made, TLS1_2_VERSION);
  SSL_CTX_set_options(made, SSL_OP_NO_RENEGOTIATION);
  // What does not fit into the socket is offered again from where it then lies.
  SSL_CTX_set_mode(made, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(made, 1);  // a record's head and body in one call
  SSL_CTX_set_default_passwd_cb(made, no_passphrase);
  if (options.resumes) {
    SSL_CTX_set_app_data(made, context.get());
    SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(made, keep_session);
  }
  if (auto read = read_files(made, options); !read) return std::unexpected(read.error());
  return context;
}

Result<TlsStream> TlsContext::stream(int descriptor) {
  TlsStream stream(SSL_new(context_), options_.ca_file);
  SSL* const ssl = stream.ssl();
  BIO* const bio = ssl == nullptr ? nullptr : make_socket_bio(descriptor);
  if (bio == nullptr) return no_memory();
  SSL_set_bio(ssl, bio, bio);
  SSL_set_connect_state(ssl);
  if (!set_host(ssl, host_, options_.verifies)) return no_memory();
  if (options_.verifies) stream.verify();
  if (SSL_SESSION* const session = copy_of_session(); session != nullptr) {
    SSL_set_session(ssl, session);
    SSL_SESSION_free(session);
  }
  return stream;
}

// Called while a stream is read. 0: the session itself stays the stream's. That one is spoilt when the server
// hangs up without a word of TLS, which is no reason not to resume it.
int TlsContext::keep_session(SSL* ssl, SSL_SESSION* session) {
  auto* const self = static_cast<TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  SSL_SESSION* const copy = SSL_SESSION_dup(session);
  const std::lock_guard guard(self->mutex_);
  SSL_SESSION_free(std::exchange(self->session_, copy));
  return 0;
}

// A copy again, since several streams may begin with it.
SSL_SESSION* TlsContext::copy_of_session() {
  const std::lock_guard guard(mutex_);
  if (session_ == nullptr || SSL_SESSION_is_resumable(session_) != 1) return nullptr;
  return SSL_SESSION_dup(session_);
}

}  // namespace larder::client
