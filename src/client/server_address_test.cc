// Addresses with a login in them. Method: what is read, and that no error shows a part of the login.
#include "client/server_address.h"

#include <gtest/gtest.h>
#include <string>

namespace larder::client {
namespace {

TEST(ServerAddress, ReadsALogin) {
  struct Row {
    Bytes url, user, password, bare;
  };
  for (const Row& row : {Row{"resp://h:1", "", "", "resp://h:1"},
                         {"resp://u:p@h:1", "u", "p", "resp://h:1"},
                         {"resp://:p@[::1]:1/", "", "p", "resp://[::1]:1"},
                         {"resp+tls://u@h:1", "u", "", "resp+tls://h:1"},
                         {"resp://@h:1", "", "", "resp://h:1"},
                         {"resp://u:p:q@h:1", "u", "p:q", "resp://h:1"},
                         {"resp://u%3a%40:%00%fF%2F@h:1", "u:@", Bytes("\0\xFF/", 3), "resp://h:1"},
                         {"resp+unix:///run/a@b", "", "", "resp+unix:///run/a@b"}}) {
    const auto address = parse_server_address(row.url);
    ASSERT_TRUE(address) << address.error().message;
    EXPECT_EQ(address->login.user, row.user) << row.url;
    EXPECT_EQ(address->login.password, row.password) << row.url;
    EXPECT_EQ(address->login.is_given(), !row.user.empty() || !row.password.empty());
    EXPECT_EQ(address->endpoint.url(), row.bare);
  }
}

TEST(ServerAddress, ShowsNoLoginInItsErrors) {
  for (const Bytes url : {"resp://user:secret@h", "resp://user:secret@h:x", "resp://user:secret%4@h:1",
                          "resp://user:secret%zz@h:1", "resp://user:sec@ret@:1",
                          "resp+tls+unix://user:secret@h:1", "resp://user:secret@/h:1"}) {
    const auto address = parse_server_address(url);
    ASSERT_FALSE(address) << url;
    EXPECT_EQ(address.error().kind, ErrorKind::malformed);
    EXPECT_EQ(address.error().message.find("user"), std::string::npos) << address.error().message;
    EXPECT_EQ(address.error().message.find("ret"), std::string::npos) << address.error().message;
  }
}

}  // namespace
}  // namespace larder::client
