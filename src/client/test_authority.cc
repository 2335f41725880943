#include "client/test_authority.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/assert.h"

namespace larder::client {
namespace {

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& text) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, text.c_str());
  LARDER_ASSERT(extension != nullptr);
  LARDER_ASSERT(X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

X509* unsigned_certificate(EVP_PKEY* key, long serial, const char* common_name, long from_s, long until_s) {
  X509* const certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), from_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate), until_s);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(common_name), -1, -1, 0);
  return certificate;
}

std::FILE* open_to_write(const std::string& path) {
  std::FILE* const file = std::fopen(path.c_str(), "we");
  LARDER_ASSERT(file != nullptr);
  return file;
}

}  // namespace

struct TestAuthority::Pair {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = nullptr;

  Pair() { LARDER_ASSERT(key != nullptr); }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  ~Pair() {
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
};

TestAuthority::TestAuthority() : issuer_(std::make_unique<Pair>()) {
  std::string pattern = std::filesystem::temp_directory_path() / "larder-ca-XXXXXX";
  LARDER_ASSERT(::mkdtemp(pattern.data()) != nullptr);
  folder_ = pattern;
  const std::string name = "a CA for tests " + folder_.substr(folder_.size() - 6);  // two may be about
  X509* const ca = unsigned_certificate(issuer_->key, serial_, name.c_str(), -60, 3600);
  issuer_->certificate = ca;
  X509_set_issuer_name(ca, X509_get_subject_name(ca));
  add_extension(ca, ca, NID_basic_constraints, "critical,CA:TRUE");
  LARDER_ASSERT(X509_sign(ca, issuer_->key, EVP_sha256()) != 0);
  ca_ = write(*issuer_, "ca");
}

TestAuthority::~TestAuthority() { std::filesystem::remove_all(folder_); }

CertificateFiles TestAuthority::issue(const std::string& names, long from_s, long until_s) {
  Pair pair;
  pair.certificate = unsigned_certificate(pair.key, ++serial_, "a subject for tests", from_s, until_s);
  X509_set_issuer_name(pair.certificate, X509_get_subject_name(issuer_->certificate));
  if (!names.empty()) add_extension(pair.certificate, issuer_->certificate, NID_subject_alt_name, names);
  LARDER_ASSERT(X509_sign(pair.certificate, issuer_->key, EVP_sha256()) != 0);
  return write(pair, std::to_string(serial_));
}

CertificateFiles TestAuthority::write(const Pair& pair, const std::string& name) const {
  CertificateFiles files{.certificate = path(name + ".crt"), .key = path(name + ".key")};
  std::FILE* file = open_to_write(files.certificate);
  LARDER_ASSERT(PEM_write_X509(file, pair.certificate) == 1);
  std::fclose(file);
  file = open_to_write(files.key);
  LARDER_ASSERT(PEM_write_PrivateKey(file, pair.key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  std::fclose(file);
  return files;
}

}  // namespace larder::client
