// Whose page may change the cache. Method: a table of origins and hosts.
#include "protocol/http/origin.h"

#include <gtest/gtest.h>

namespace larder::protocol::http {
namespace {

TEST(Origin, IsAllowedWhenItIsTheHostsOwn) {
  const std::vector<std::string> none;
  EXPECT_TRUE(is_origin_allowed("http://127.0.0.1:8080", "127.0.0.1:8080", none));
  EXPECT_TRUE(is_origin_allowed("http://LocalHost", "localhost", none));
  EXPECT_TRUE(is_origin_allowed("http://10.0.0.7", "10.0.0.7:80", none));
  EXPECT_TRUE(is_origin_allowed("http://cache.localhost:1", "cache.LOCALHOST:1", none));
  EXPECT_TRUE(is_origin_allowed("https://localhost:443", "localhost", none));
  EXPECT_TRUE(is_origin_allowed("http://[::1]:8080", "[::1]:8080", none));
  EXPECT_TRUE(is_origin_allowed("http://[::1]", "[::1]", none));
}

TEST(Origin, IsRefusedWhenItIsAnybodyElses) {
  const std::vector<std::string> none;
  for (const Bytes origin :
       {"http://evil.example", "http://127.0.0.1:8081", "http://127.0.0.1", "null", "", "127.0.0.1:8080",
        "ftp://127.0.0.1:8080", "http://127.0.0.1:8080/", "http://", "http://127.0.0.1:8080.evil.example",
        "http://evil.example@127.0.0.1:8080", "http://127.0.0.1:8080 http://evil.example"}) {
    EXPECT_FALSE(is_origin_allowed(origin, "127.0.0.1:8080", none)) << origin;
  }
  EXPECT_FALSE(is_origin_allowed("http://", "", none));
  EXPECT_FALSE(is_origin_allowed("null", "null", none));
  EXPECT_FALSE(is_origin_allowed("https://localhost", "localhost:80", none));
}

TEST(Origin, IsRefusedWhenItIsTheHostsOwnButItsNameMayBeAnybodys) {
  for (const std::string host :
       {"evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example",
        "notlocalhost", "127.0.0.1x", "127.1", "localhost.", "cache"}) {
    EXPECT_FALSE(is_origin_allowed("http://" + host, host, {})) << host;
    EXPECT_TRUE(is_origin_allowed("http://" + host, host, {"http://" + host})) << host;
  }
}

TEST(Host, IsRefusedOverLoopbackWhenItsNameMayBeAnybodys) {
  const auto is_allowed = [](Bytes host, Bytes local_address = "127.0.0.1:8080") {
    return is_host_allowed(host, local_address, {"https://App.example:8443"});
  };
  for (const Bytes host :
       {"evil.example", "evil.example:8080", "EVIL.example.", "127.0.0.1.evil.example", "cache.",
        "localhost.evil.example", "127.0.0.1x:8080", "app.example.evil.example"}) {
    for (const Bytes loopback :
         {"127.0.0.1:8080", "127.1.2.3:8080", "[::1]:8080", "[::ffff:127.0.0.1]:8080"}) {
      EXPECT_FALSE(is_allowed(host, loopback)) << host << " at " << loopback;
    }
    for (const Bytes other : {"10.0.0.7:8080", "[fe80::1]:8080", "/run/larder.sock:0", ""}) {
      EXPECT_TRUE(is_allowed(host, other)) << host << " at " << other;
    }
  }
  for (const Bytes host : {"", "127.0.0.1", "127.0.0.1:8080", "10.0.0.7:8080", "[::1]:8080", "localhost:8080",
                           "cache:8080", "cache", "a.LocalHost", "app.EXAMPLE", "app.example:5000"}) {
    EXPECT_TRUE(is_allowed(host)) << host;
  }
}

TEST(Origin, IsHeldAgainstTheHostThatTheRequestIsFor) {
  const auto is_allowed = [](const std::vector<Header>& headers, Bytes authority = {}) {
    Request request;
    request.headers = headers;
    return is_from_allowed_page(request, {.authority = authority, .path = "/", .query = {}}, {});
  };
  const Header host{.name = "Host", .value = "127.0.0.1:1"};
  const Header own{.name = "Origin", .value = "http://127.0.0.1:1"};
  const Header other{.name = "Origin", .value = "http://127.0.0.1:2"};
  EXPECT_TRUE(is_allowed({host}));
  EXPECT_TRUE(is_allowed({host, own}));
  EXPECT_FALSE(is_allowed({own}));
  EXPECT_FALSE(is_allowed({host, other}));
  EXPECT_FALSE(is_allowed({host, own, own}));
  EXPECT_FALSE(is_allowed({host, own, other}));
  EXPECT_TRUE(is_allowed({host, other}, "127.0.0.1:2"));
  EXPECT_FALSE(is_allowed({host, own}, "127.0.0.1:2"));
}

TEST(Origin, IsAllowedWhenItIsNamed) {
  const std::vector<std::string> allowed{"https://app.example", "null"};
  EXPECT_TRUE(is_origin_allowed("https://APP.example", "127.0.0.1:8080", allowed));
  EXPECT_TRUE(is_origin_allowed("null", "127.0.0.1:8080", allowed));
  EXPECT_FALSE(is_origin_allowed("http://app.example", "127.0.0.1:8080", allowed));
  EXPECT_FALSE(is_origin_allowed("https://app.example:8443", "127.0.0.1:8080", allowed));
}

}  // namespace
}  // namespace larder::protocol::http
