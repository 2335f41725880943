// client/tls_peer.h: the server's side of TLS on a connection of a ScriptedPeer. Test code.
#pragma once

#include <openssl/types.h>
#include <string>

#include "base/bytes.h"
#include "client/scripted_peer.h"
#include "client/test_authority.h"

namespace larder::client {

struct TlsPeerOptions {
  CertificateFiles files;
  std::string client_ca{};  // not empty: clients need a certificate of this CA's
  int version_min = 0;      // of OpenSSL's TLS1_2_VERSION and so on; 0: any
  int version_max = 0;
};

/// What several connections of one server share.
class TlsPeerContext final {
 public:
  explicit TlsPeerContext(const TlsPeerOptions& options);
  TlsPeerContext(const TlsPeerContext&) = delete;
  TlsPeerContext& operator=(const TlsPeerContext&) = delete;
  ~TlsPeerContext();
  [[nodiscard]] SSL_CTX* get() const { return context_; }

 private:
  SSL_CTX* context_;
};

/// Blocking, as scripts are.
class TlsPeer final {
 public:
  TlsPeer(const TlsPeerContext& context, PeerConnection& connection);
  TlsPeer(const TlsPeer&) = delete;
  TlsPeer& operator=(const TlsPeer&) = delete;
  ~TlsPeer();

  /// False: the handshake failed.
  [[nodiscard]] bool is_open() const { return is_open_; }
  [[nodiscard]] bool is_resumed() const;
  [[nodiscard]] std::string server_name() const;  // that the client asked for

  /// False if other bytes came, or the client closed.
  bool expect(Bytes bytes);
  bool send(Bytes bytes);
  /// Answers PING with PONG until the client closes.
  void answer_pings();
  /// Asks the client for new keys.
  bool update_keys();

 private:
  SSL* ssl_;
  bool is_open_;
};

}  // namespace larder::client
