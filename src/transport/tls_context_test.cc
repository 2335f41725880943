// What is accepted as a pair, and what is said of what is not. Method: a private CA that issues certificates
// of every kind, and files that are none.
#include "transport/tls_context.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "base/clock.h"
#include "transport/tls_test_support.h"

namespace larder::transport {
namespace {

using testing::HasSubstr;

class TlsContextTest : public testing::Test {
 protected:
  std::string refusal(const TlsFiles& files) {
    const auto loaded = load_tls_context(files, SystemClock().now().wall);
    return loaded ? "" : loaded.error().message;
  }

  TestCertificates certificates_;
};

TEST_F(TlsContextTest, TakesACertificateWithItsKey) {
  certificates_.issue("good");
  TlsFiles files = certificates_.files("good");
  EXPECT_EQ(refusal(files), "");
  files.client_ca = certificates_.ca();
  EXPECT_EQ(refusal(files), "");
}

TEST_F(TlsContextTest, NamesTheFileThatIsMissing) {
  certificates_.issue("good");
  TlsFiles files = certificates_.files("good");
  files.certificate = certificates_.path("none.pem");
  EXPECT_EQ(refusal(files),
            "the certificate '" + files.certificate + "' cannot be read: No such file or directory");
  files = certificates_.files("good");
  files.key = certificates_.path("none.key");
  EXPECT_EQ(refusal(files), "the key '" + files.key + "' cannot be read: No such file or directory");
  files = certificates_.files("good");
  files.client_ca = certificates_.path("none");
  EXPECT_EQ(refusal(files), "the file of the clients' CA '" + files.client_ca +
                                "' cannot be read: No such file or directory");
}

TEST_F(TlsContextTest, RefusesWhatIsNoCertificateOrKey) {
  certificates_.issue("good");
  certificates_.write("text", "this is not PEM\n");
  for (std::string TlsFiles::* const part : {&TlsFiles::certificate, &TlsFiles::key, &TlsFiles::client_ca}) {
    TlsFiles files = certificates_.files("good");
    files.*part = certificates_.path("text");
    EXPECT_THAT(refusal(files), HasSubstr("'" + certificates_.path("text") + "' cannot be used: "));
  }
  TlsFiles folder = certificates_.files("good");
  folder.certificate = std::filesystem::path(folder.certificate).parent_path().string();
  EXPECT_THAT(refusal(folder), HasSubstr("cannot be used"));
}

TEST_F(TlsContextTest, RefusesAKeyThatIsAnothers) {
  certificates_.issue("one");
  certificates_.issue("two");
  TlsFiles files = certificates_.files("one");
  files.key = certificates_.path("two.key");
  EXPECT_EQ(refusal(files),
            "the key '" + files.key + "' is not that of the certificate '" + files.certificate + "'");
}

TEST_F(TlsContextTest, RefusesACertificateOutsideOfItsTime) {
  certificates_.issue("old", {.from_s = -7200, .until_s = -3600});
  EXPECT_THAT(refusal(certificates_.files("old")), HasSubstr("old.pem' has expired: it was valid until 20"));
  certificates_.issue("new", {.from_s = 3600, .until_s = 7200});
  EXPECT_THAT(refusal(certificates_.files("new")), HasSubstr("new.pem' is not valid before 20"));
}

TEST_F(TlsContextTest, AsksNobodyForAPassphrase) {
  certificates_.issue("good");
  TlsFiles files = certificates_.files("good");
  const std::string command = "openssl ec -aes128 -passout pass:secret -in " + files.key + " -out " +
                              certificates_.path("locked.key") + " 2>/dev/null";
  if (std::system(command.c_str()) != 0) GTEST_SKIP() << "there is no openssl program";  // NOLINT
  files.key = certificates_.path("locked.key");
  EXPECT_EQ(refusal(files), "the key '" + files.key + "' has a passphrase, and nobody is there to give it");
}

}  // namespace
}  // namespace larder::transport
