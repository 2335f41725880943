#include "transport/tls_test_support.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>
#include <utility>

namespace larder::transport {
namespace {

std::shared_ptr<EVP_PKEY> make_key() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

void add_extension(X509* certificate, X509* issuer, int kind, const char* text) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, text);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

std::shared_ptr<X509> make_certificate(const std::string& name, EVP_PKEY* key, long serial,
                                       TestCertificates::Validity validity) {
  std::shared_ptr<X509> made(X509_new(), X509_free);
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), validity.from_s);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), validity.until_s);
  X509_set_pubkey(made.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return made;
}

using File = std::unique_ptr<BIO, decltype(&BIO_free)>;

void save(const std::string& path, X509* certificate) {
  const File file(BIO_new_file(path.c_str(), "w"), BIO_free);
  EXPECT_EQ(PEM_write_bio_X509(file.get(), certificate), 1) << path;
}

void save(const std::string& path, EVP_PKEY* key) {
  const File file(BIO_new_file(path.c_str(), "w"), BIO_free);
  EXPECT_EQ(PEM_write_bio_PrivateKey(file.get(), key, nullptr, nullptr, 0, nullptr, nullptr), 1) << path;
}

}  // namespace

TestCertificates::TestCertificates() : ca_key_(make_key()) {
  std::string pattern = (std::filesystem::temp_directory_path() / "larder-tls-XXXXXX").string();
  folder_ = ::mkdtemp(pattern.data());
  ca_ = make_certificate("Test CA of " + folder_.filename().string(), ca_key_.get(), serial_++, Validity());
  X509_set_issuer_name(ca_.get(), X509_get_subject_name(ca_.get()));
  add_extension(ca_.get(), ca_.get(), NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(ca_.get(), ca_key_.get(), EVP_sha256());
  save(path("ca.pem"), ca_.get());
}

TestCertificates::~TestCertificates() { std::filesystem::remove_all(folder_); }

void TestCertificates::issue(const std::string& name, Validity validity) {
  const std::shared_ptr<EVP_PKEY> key = make_key();
  const std::shared_ptr<X509> made = make_certificate(name, key.get(), serial_++, validity);
  X509_set_issuer_name(made.get(), X509_get_subject_name(ca_.get()));
  add_extension(made.get(), ca_.get(), NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  X509_sign(made.get(), ca_key_.get(), EVP_sha256());
  save(path(name + ".pem"), made.get());
  save(path(name + ".key"), key.get());
}

void TestCertificates::write(const std::string& file, Bytes text) const { std::ofstream(path(file)) << text; }

TlsClient::TlsClient(const ClientHabits& habits) : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
  SSL_CTX_set_security_level(context_.get(), 0);  // it may be as careless as it likes
  if (habits.suites != nullptr) SSL_CTX_set_ciphersuites(context_.get(), habits.suites);
  SSL_CTX_set_min_proto_version(context_.get(), habits.version_min);
  SSL_CTX_set_max_proto_version(context_.get(), habits.version_max);
  if (!habits.ca.empty()) {
    SSL_CTX_load_verify_file(context_.get(), habits.ca.c_str());
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
  }
  if (!habits.certificate.empty()) {
    SSL_CTX_use_certificate_chain_file(context_.get(), habits.certificate.c_str());
    SSL_CTX_use_PrivateKey_file(context_.get(), habits.key.c_str(), SSL_FILETYPE_PEM);
  }
  ssl_ = {SSL_new(context_.get()), SSL_free};
  SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  BIO_set_mem_eof_return(SSL_get_rbio(ssl_.get()), -1);
  if (!habits.application_protocols.empty()) {
    SSL_set_alpn_protos(ssl_.get(),
                        reinterpret_cast<const unsigned char*>(habits.application_protocols.data()),
                        static_cast<unsigned>(habits.application_protocols.size()));
  }
  if (habits.session != nullptr) SSL_set_session(ssl_.get(), habits.session);
  SSL_set_connect_state(ssl_.get());
  go_on();
}

void TlsClient::go_on() {
  std::array<char, 20'000> room{};
  while (failure_.empty() && !has_ended_) {
    ERR_clear_error();
    int result = SSL_do_handshake(ssl_.get());
    if (result == 1) {
      if (!unsent_.empty()) {
        const std::string plain = std::exchange(unsent_, {});
        SSL_write(ssl_.get(), plain.data(), static_cast<int>(plain.size()));
      }
      result = SSL_read(ssl_.get(), room.data(), static_cast<int>(room.size()));
    }
    if (result > 0) {
      received_.append(room.data(), static_cast<std::size_t>(result));
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_ZERO_RETURN) has_ended_ = true;
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_ZERO_RETURN) failure_ = take_openssl_reason();
    return;
  }
}

void TlsClient::receive(Bytes bytes) {
  BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
  go_on();
}

void TlsClient::send(Bytes plain) {
  unsent_.append(plain);
  if (is_established()) {
    const std::string whole = std::exchange(unsent_, {});
    SSL_write(ssl_.get(), whole.data(), static_cast<int>(whole.size()));
  }
}

std::string TlsClient::take(std::size_t size_max) {
  BIO* const bio = SSL_get_wbio(ssl_.get());
  std::string bytes(std::min(size_max, static_cast<std::size_t>(BIO_pending(bio))), '\0');
  if (!bytes.empty()) BIO_read(bio, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

}  // namespace larder::transport
