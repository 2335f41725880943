// transport/tls_test_support.h: certificates made on the spot, and a client's side of TLS without a socket.
#pragma once

#include <filesystem>
#include <memory>
#include <openssl/ssl.h>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "transport/tls_context.h"

namespace larder::transport {

/// A folder of its own with a private CA, and files that it signed. Removed at the end.
class TestCertificates final {
 public:
  struct Validity {
    long from_s = -3600;  // from now
    long until_s = 86'400;
  };

  TestCertificates();
  TestCertificates(const TestCertificates&) = delete;
  TestCertificates& operator=(const TestCertificates&) = delete;
  ~TestCertificates();

  /// Makes NAME.pem and NAME.key, for localhost and 127.0.0.1.
  void issue(const std::string& name, Validity validity);
  void issue(const std::string& name) { issue(name, Validity()); }
  [[nodiscard]] std::string path(const std::string& file) const { return (folder_ / file).string(); }
  [[nodiscard]] std::string ca() const { return path("ca.pem"); }
  [[nodiscard]] TlsFiles files(const std::string& name) const {
    return {.certificate = path(name + ".pem"), .key = path(name + ".key"), .client_ca = {}};
  }
  void write(const std::string& file, Bytes text) const;

 private:
  std::filesystem::path folder_;
  std::shared_ptr<EVP_PKEY> ca_key_;
  std::shared_ptr<X509> ca_;
  long serial_ = 1;
};

/// What a client may do differently from the usual one.
struct ClientHabits {
  std::string ca{};           // empty: it does not look at the certificate
  std::string certificate{};  // its own, with the key; empty: none
  std::string key{};
  std::string application_protocols{};  // as on the wire: "\x08http/1.1"
  int version_min = TLS1_2_VERSION;
  int version_max = TLS1_3_VERSION;
  const char* suites = nullptr;    // of TLS 1.3, the best first
  SSL_SESSION* session = nullptr;  // to be resumed
};

/// Bytes in, bytes out.
class TlsClient final {
 public:
  explicit TlsClient(const ClientHabits& habits = {});

  /// What the server sent, in any cut. What it means is appended to received().
  void receive(Bytes bytes);
  void send(Bytes plain);
  /// Says that nothing more will come.
  void end() { SSL_shutdown(ssl_.get()); }
  /// What is to go to the server, at most `size_max` of it.
  [[nodiscard]] std::string take(std::size_t size_max = std::string::npos);
  [[nodiscard]] bool has_output() const { return BIO_pending(SSL_get_wbio(ssl_.get())) > 0; }
  [[nodiscard]] bool is_established() const { return SSL_is_init_finished(ssl_.get()) == 1; }
  [[nodiscard]] const std::string& received() const { return received_; }
  [[nodiscard]] bool has_ended() const { return has_ended_; }
  /// Of what went wrong first; empty: nothing did.
  [[nodiscard]] const std::string& failure() const { return failure_; }
  [[nodiscard]] SSL* ssl() const { return ssl_.get(); }

 private:
  void go_on();

  std::shared_ptr<SSL_CTX> context_;
  std::shared_ptr<SSL> ssl_;
  std::string received_;
  std::string failure_;
  std::string unsent_;  // until the handshake is done
  bool has_ended_ = false;
};

}  // namespace larder::transport
