// client/test_authority.h: a private CA and what it signs, as files in a folder of their own. Test code.
#pragma once

#include <memory>
#include <openssl/types.h>
#include <string>

namespace larder::client {

struct CertificateFiles {
  std::string certificate;
  std::string key;
};

/// Threads    one; its folder goes with it
class TestAuthority final {
 public:
  TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;
  ~TestAuthority();

  [[nodiscard]] const std::string& ca_file() const { return ca_.certificate; }

  /// A certificate for `names`, as in "DNS:localhost,IP:127.0.0.1", good from `from_s` to `until_s` seconds
  /// from now.
  [[nodiscard]] CertificateFiles issue(const std::string& names, long from_s = -60, long until_s = 3600);

  /// A file in the folder, which is to be written.
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }

 private:
  struct Pair;

  CertificateFiles write(const Pair& pair, const std::string& name) const;

  std::string folder_;
  std::unique_ptr<Pair> issuer_;
  CertificateFiles ca_;
  long serial_ = 1;
};

}  // namespace larder::client
