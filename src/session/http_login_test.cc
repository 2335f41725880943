// Authorization. Method: headers, right and nearly so.
#include "session/http_login.h"

#include <gtest/gtest.h>

namespace larder::session {
namespace {

std::string read(Bytes header) {
  const auto credentials = read_authorization(header);
  return credentials ? credentials->name + "|" + credentials->password : "none";
}

TEST(HttpLogin, ReadsBasicAndBearer) {
  EXPECT_EQ(read("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), "Aladdin|open sesame");  // RFC 7617, section 2
  EXPECT_EQ(read("basic   YTo="), "a|");
  EXPECT_EQ(read("Basic YTpiOmM="), "a|b:c");
  EXPECT_EQ(read("Bearer secret"), "default|secret");
  EXPECT_EQ(read("BEARER a:b:c"), "a|b:c");
}

TEST(HttpLogin, ReadsNothingElse) {
  for (const Bytes header :
       {"", "Basic", "Basic ", "Bearer ", "Basic !", "Basic YQ==", "Digest a:b", "a:b", "Basic YTo= x"}) {
    EXPECT_EQ(read(header), "none") << header;
  }
}

}  // namespace
}  // namespace larder::session
