// Addresses as people write them. Method: round trips, and one refusal for each part that can be wrong.
#include "base/endpoint.h"

#include <gtest/gtest.h>

#include "base/unix_address.h"

namespace larder {
namespace {

TEST(Endpoint, ReadsWhatItWrites) {
  for (const Bytes url :
       {"resp://127.0.0.1:6379", "line://localhost:0", "http://[::1]:8080", "resp+tls://a-b.example:65535",
        "resp+unix:///run/larder.sock", "http+unix:///tmp/A-z_0.9+@:~=/s"}) {
    const auto endpoint = parse_endpoint(url);
    ASSERT_TRUE(endpoint.has_value()) << endpoint.error().message;
    EXPECT_EQ(endpoint->url(), url);
  }
}

TEST(Endpoint, TakesATrailingSlashAndAnySchemeCase) {
  EXPECT_EQ(parse_endpoint("HTTP://0.0.0.0:5000/").value(), (Endpoint{"http", "0.0.0.0", 5000}));
}

TEST(Endpoint, KeepsTheProtocolOfAUnixSocketApartFromItsPath) {
  const Endpoint endpoint = parse_endpoint("RESP+Unix:///Run/s").value();
  EXPECT_EQ(endpoint, (Endpoint{.scheme = "resp", .path = "/Run/s"}));
  EXPECT_TRUE(endpoint.is_unix());
  EXPECT_EQ(endpoint.address(), "/Run/s");
  EXPECT_FALSE(parse_endpoint("resp://h:1")->is_unix());
  EXPECT_EQ(parse_endpoint("resp://[::1]:1")->address(), "[::1]:1");
}

TEST(Endpoint, KeepsTlsApartFromTheProtocol) {
  const Endpoint endpoint = parse_endpoint("RESP+Tls://h:1").value();
  EXPECT_EQ(endpoint, (Endpoint{.scheme = "resp", .host = "h", .port = 1, .tls = true}));
  EXPECT_NE(endpoint, parse_endpoint("resp://h:1").value());
  EXPECT_EQ(endpoint.scheme_and_tls(), "resp+tls");
  EXPECT_EQ(endpoint.address(), "h:1");
  EXPECT_EQ(parse_endpoint("resp://h:1")->scheme_and_tls(), "resp");
}

TEST(Endpoint, TakesPathsThatTheKernelTakes) {
  const std::string longest = "/" + std::string(unix_path_size_max - 1, 'x');
  const auto endpoint = parse_endpoint("line+unix://" + longest);
  ASSERT_TRUE(endpoint.has_value()) << endpoint.error().message;
  EXPECT_EQ(unix_address(endpoint->path).sun_path, longest);
  const auto longer = parse_endpoint("line+unix://" + longest + "x");
  ASSERT_FALSE(longer.has_value());
  EXPECT_NE(longer.error().message.find("at most 107 bytes, and this one has 108"), std::string::npos);
}

// A login is no part of an endpoint, and must not be shown by whoever refuses it.
TEST(Endpoint, ShowsNoLogin) {
  EXPECT_EQ(login_in("resp://u:p@h:1"), "u:p@");
  EXPECT_EQ(login_in("resp://u:p@q/@h:1"), "u:p@q/@");
  for (const Bytes url : {"resp://h:1", "resp+unix:///a@b", "u:p@h:1", "resp://", ""}) {
    EXPECT_EQ(login_in(url), "") << url;
    EXPECT_EQ(without_login(url), url);
  }
  EXPECT_EQ(without_login("resp+tls://u:p@h:1"), "resp+tls://...@h:1");
  EXPECT_EQ(parse_endpoint("resp://user:secret@h:1").error().message,
            "'resp://...@h:1' is not an address: a user or a password has no place in it");
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
  EXPECT_NE(message("resp://u@h:1").find("user"), std::string::npos);
  EXPECT_NE(message("resp://u?h:1").find("character"), std::string::npos);
  EXPECT_NE(message("resp://a/b:1").find("character"), std::string::npos);
  EXPECT_NE(message("resp:///run/s").find("scheme+unix://"), std::string::npos);
  EXPECT_NE(message("+unix:///run/s").find("scheme"), std::string::npos);
  EXPECT_NE(message("+tls://h:1").find("scheme"), std::string::npos);
  EXPECT_NE(message("resp+tls+unix:///run/s").find("without TLS"), std::string::npos);
  EXPECT_NE(message("resp+tls:///run/s").find("scheme+unix://"), std::string::npos);
  for (const Bytes url : {"resp+unix://", "resp+unix://s", "resp+unix://./s", "resp+unix://127.0.0.1:6379"})
    EXPECT_NE(message(url).find("starts with a slash"), std::string::npos) << url;
  for (const Bytes url : {"resp+unix:///", "resp+unix:///tmp/"})
    EXPECT_NE(message(url).find("names a folder"), std::string::npos) << url;
  for (const Bytes path : {"/a b", "/a,b", "/a?b", "/a#b", "/a%20b", "/a\nb", "/a\"b", "/\xC3\xBC", "/a*"})
    EXPECT_NE(message("resp+unix://" + std::string(path)).find("letters, digits"), std::string::npos) << path;
  EXPECT_NE(message(Bytes("resp+unix:///a\0b", 16)).find("letters, digits"), std::string::npos);
}

}  // namespace
}  // namespace larder
