// Whose page may change the cache. Method: a table of origins and hosts.
#include "session/origin.h"

#include <gtest/gtest.h>

namespace larder::session {
namespace {

TEST(Origin, IsAllowedWhenItIsTheHostsOwn) {
  const std::vector<std::string> none;
  EXPECT_TRUE(is_origin_allowed("http://127.0.0.1:8080", "127.0.0.1:8080", none));
  EXPECT_TRUE(is_origin_allowed("http://Cache.Example", "cache.example", none));
  EXPECT_TRUE(is_origin_allowed("http://cache.example", "cache.example:80", none));
  EXPECT_TRUE(is_origin_allowed("https://cache.example:443", "cache.example", none));
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
  EXPECT_FALSE(is_origin_allowed("https://cache.example", "cache.example:80", none));
}

TEST(Origin, IsAllowedWhenItIsNamed) {
  const std::vector<std::string> allowed{"https://app.example", "null"};
  EXPECT_TRUE(is_origin_allowed("https://APP.example", "127.0.0.1:8080", allowed));
  EXPECT_TRUE(is_origin_allowed("null", "127.0.0.1:8080", allowed));
  EXPECT_FALSE(is_origin_allowed("http://app.example", "127.0.0.1:8080", allowed));
  EXPECT_FALSE(is_origin_allowed("https://app.example:8443", "127.0.0.1:8080", allowed));
}

}  // namespace
}  // namespace larder::session
