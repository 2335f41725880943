// Addresses as people write them. Method: round trips, and one refusal for each part that can be wrong.
#include "base/endpoint.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

TEST(Endpoint, ReadsWhatItWrites) {
  for (const Bytes url :
       {"resp://127.0.0.1:6379", "line://localhost:0", "http://[::1]:8080", "resp+tls://a-b.example:65535"}) {
    const auto endpoint = parse_endpoint(url);
    ASSERT_TRUE(endpoint.has_value()) << endpoint.error().message;
    EXPECT_EQ(endpoint->url(), url);
  }
}

TEST(Endpoint, TakesATrailingSlashAndAnySchemeCase) {
  EXPECT_EQ(parse_endpoint("HTTP://0.0.0.0:5000/").value(), (Endpoint{"http", "0.0.0.0", 5000}));
}

TEST(Endpoint, SaysWhatIsWrong) {
  const auto message = [](Bytes url) {
    const auto endpoint = parse_endpoint(url);
    return endpoint ? std::string("accepted") : endpoint.error().message;
  };
  EXPECT_NE(message("127.0.0.1:6379").find("scheme://host:port"), std::string::npos);
  EXPECT_NE(message("://a:1").find("scheme"), std::string::npos);
  EXPECT_NE(message("resp://127.0.0.1").find("port is missing"), std::string::npos);
  EXPECT_NE(message("resp://[::1]").find("port is missing"), std::string::npos);
  EXPECT_NE(message("resp://a:65536").find("0 to 65535"), std::string::npos);
  EXPECT_NE(message("resp://a:").find("0 to 65535"), std::string::npos);
  EXPECT_NE(message("resp://:1").find("host is missing"), std::string::npos);
  EXPECT_NE(message("resp://::1:1").find("brackets"), std::string::npos);
  EXPECT_NE(message("resp://u@h:1").find("character"), std::string::npos);
  EXPECT_NE(message("resp://a/b:1").find("character"), std::string::npos);
}

}  // namespace
}  // namespace larder
