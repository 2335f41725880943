// Hashes of passwords. Method: a sample of RFC 7914, a hash there and back, and texts with one part each
// that is wrong.
#include "session/scrypt.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "base/base64.h"

namespace larder::session {
namespace {

const std::string salt = base64_encode("0123456789abcdef");
const std::string hash = base64_encode(std::string(32, 'h'));

std::string complaint(const std::string& text) {
  const auto parsed = parse_scrypt_hash(text);
  return parsed ? "" : parsed.error().message;
}

TEST(Scrypt, WorksOutTheSampleOfTheStandard) {
  // RFC 7914, section 12: N 16384, r 8, p 1, "pleaseletmein", "SodiumChloride"; the first 32 of its 64 bytes.
  const auto expected = std::string(
      "\x70\x23\xbd\xcb\x3a\xfd\x73\x48\x46\x1c\x06\xcd\x81\xfd\x38\xeb"
      "\xfd\xa8\xfb\xba\x90\x4f\x8e\x3e\xa9\xb5\x43\xf6\x54\x5d\xa1\xf2",
      32);
  const auto parsed = parse_scrypt_hash("scrypt:16384$8$1$" + base64_encode("SodiumChloride") + "$" +
                                        base64_encode(expected));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_TRUE(scrypt_matches(*parsed, "pleaseletmein"));
  EXPECT_FALSE(scrypt_matches(*parsed, "pleaseletmeim"));
  EXPECT_FALSE(scrypt_matches(*parsed, ""));
}

TEST(Scrypt, ReadsWhatItWrites) {
  const ScryptHash made = make_scrypt_hash("secret", {.salt = "0123456789abcdef"});
  EXPECT_EQ(made.n, 32768U);
  const auto parsed = parse_scrypt_hash(scrypt_text(made));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(*parsed, made);
  EXPECT_TRUE(scrypt_matches(*parsed, "secret"));
}

TEST(Scrypt, SaysWhatIsWrongWithAText) {
  EXPECT_EQ(complaint("scrypt:2$1$1$" + salt + "$" + hash), "");
  EXPECT_EQ(complaint("scrypt:65536$8$1$" + salt + "$" + hash), "");
  EXPECT_EQ(complaint("secret"), "begins with no 'scrypt:', as --hash-password writes it");
  const std::vector<std::string> misshapen = {"scrypt:", "scrypt:2$1$1$" + salt,
                                              "scrypt:2$1$1$" + salt + "$" + hash + "$", "scrypt:2$1$1"};
  for (const std::string& text : misshapen) {
    EXPECT_EQ(complaint(text), "is not scrypt:N$r$p$salt$hash") << text;
  }
  for (const std::string n : {"0", "1", "3", "-2", "+2", "", "x", "1048576", "99999999999999999999"}) {
    std::string text("scrypt:");
    text.append(n).append("$1$1$").append(salt).append("$").append(hash);
    EXPECT_EQ(complaint(text), "has an N that is no power of two from 2 on") << n;
  }
  EXPECT_EQ(complaint("scrypt:2$0$1$" + salt + "$" + hash), "has an r that is not from 1 to 32");
  EXPECT_EQ(complaint("scrypt:2$1$5$" + salt + "$" + hash), "has a p that is not from 1 to 4");
  EXPECT_EQ(complaint("scrypt:131072$8$1$" + salt + "$" + hash),
            "asks for more than 64mb for each login: 128 * N * r");
  EXPECT_EQ(complaint("scrypt:2$1$1$c2FsdA==$" + hash), "has a salt that is not 8 to 64 bytes in base64");
  EXPECT_EQ(complaint("scrypt:2$1$1$" + salt + "$" + salt), "has a hash that is not 32 bytes in base64");
}

}  // namespace
}  // namespace larder::session
