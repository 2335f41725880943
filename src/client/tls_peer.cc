#include "client/tls_peer.h"

#include <cstddef>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "base/assert.h"

namespace larder::client {

TlsPeerContext::TlsPeerContext(const TlsPeerOptions& options) : context_(SSL_CTX_new(TLS_server_method())) {
  LARDER_ASSERT(SSL_CTX_use_certificate_chain_file(context_, options.files.certificate.c_str()) == 1);
  LARDER_ASSERT(SSL_CTX_use_PrivateKey_file(context_, options.files.key.c_str(), SSL_FILETYPE_PEM) == 1);
  // The oldest versions need ciphers that are off by default.
  if (options.version_max != 0 && options.version_max < TLS1_2_VERSION)
    SSL_CTX_set_security_level(context_, 0);
  SSL_CTX_set_min_proto_version(context_, options.version_min);
  SSL_CTX_set_max_proto_version(context_, options.version_max);
  const unsigned char name[] = "test";
  SSL_CTX_set_session_id_context(context_, name, sizeof name);
  if (options.client_ca.empty()) return;
  LARDER_ASSERT(SSL_CTX_load_verify_locations(context_, options.client_ca.c_str(), nullptr) == 1);
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

TlsPeerContext::~TlsPeerContext() { SSL_CTX_free(context_); }

TlsPeer::TlsPeer(const TlsPeerContext& context, PeerConnection& connection) : ssl_(SSL_new(context.get())) {
  SSL_set_fd(ssl_, connection.descriptor());
  is_open_ = SSL_accept(ssl_) == 1;
}

TlsPeer::~TlsPeer() { SSL_free(ssl_); }

bool TlsPeer::is_resumed() const { return SSL_session_reused(ssl_) == 1; }

std::string TlsPeer::server_name() const {
  const char* const name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? "" : name;
}

bool TlsPeer::expect(Bytes bytes) {
  std::string received(bytes.size(), '\0');
  std::size_t received_size = 0;
  while (received_size < bytes.size()) {
    std::size_t size = 0;
    if (SSL_read_ex(ssl_, received.data() + received_size, received.size() - received_size, &size) != 1)
      return false;
    received_size += size;
  }
  EXPECT_EQ(received, bytes);
  return received == bytes;
}

bool TlsPeer::send(Bytes bytes) {
  std::size_t size = 0;
  return SSL_write_ex(ssl_, bytes.data(), bytes.size(), &size) == 1;
}

void TlsPeer::answer_pings() {
  while (is_open_ && expect("*1\r\n$4\r\nPING\r\n") && send("+PONG\r\n")) {
  }
}

bool TlsPeer::update_keys() {
  return SSL_key_update(ssl_, SSL_KEY_UPDATE_REQUESTED) == 1 && SSL_do_handshake(ssl_) == 1;
}

}  // namespace larder::client
