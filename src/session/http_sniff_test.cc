// First lines of HTTP, and lines that only remind of it. Method: a table of each.
#include "session/http_sniff.h"

#include <gtest/gtest.h>

namespace larder::session {
namespace {

TEST(HttpSniff, KnowsRequestLines) {
  for (const Bytes line :
       {"GET / HTTP/1.1\r\n", "POST /v1/keys/k HTTP/1.0\n", "OPTIONS * HTTP/1.1", "PRI * HTTP/2.0\r\n",
        "CONNECT 127.0.0.1:6379 HTTP/1.1\r\n", "GET http://127.0.0.1/ HTTP/1.1\r\n", "GET /a b HTTP/1.1\r\n",
        "GET /\"x HTTP/1.1\r\n", "Host: localhost\r\n", "host:x"}) {
    EXPECT_TRUE(looks_like_http(line)) << line;
  }
}

TEST(HttpSniff, LetsCommandsPass) {
  for (const Bytes line :
       {"", "\r\n", "GET k", "GET /", "get / HTTP/1.1", "SET HTTP/1.1 /", "SET k HTTP/1.1", "ECHO HTTP/1.1",
        "SET user:1 HTTP/1.1", "SET http://a/ HTTP/1.1", "set Host: x", "SET k v HTTP"}) {
    EXPECT_FALSE(looks_like_http(line)) << line;
  }
}

}  // namespace
}  // namespace larder::session
