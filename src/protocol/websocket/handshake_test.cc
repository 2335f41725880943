// The upgrade request. Method: RFC 6455's own example, then each demand broken once.
#include "protocol/websocket/handshake.h"

#include <gtest/gtest.h>
#include <string>
#include <utility>

namespace larder::protocol::websocket {
namespace {

http::Request sample() {
  return {.method = "GET",
          .target = "/chat",
          .headers = {{"Host", "server.example.com"},
                      {"Upgrade", "websocket"},
                      {"Connection", "keep-alive, Upgrade"},
                      {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                      {"Sec-WebSocket-Version", "13"}}};
}

TEST(Handshake, AnswersTheExampleOfTheRfc) {
  const Handshake handshake = check_handshake(sample());
  EXPECT_EQ(handshake.status, 101);
  Output output;
  write_handshake(handshake, output);
  EXPECT_EQ(output.pending(),
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
}

TEST(Handshake, RefusesWhatLacksOneOfItsParts) {
  const auto status_with = [](std::size_t header, const char* value) {
    http::Request request = sample();
    request.headers[header].value = value;
    return check_handshake(request).status;
  };
  EXPECT_EQ(status_with(1, "WebSocket"), 101);
  EXPECT_EQ(status_with(1, "h2c"), 426);
  EXPECT_EQ(status_with(2, "keep-alive"), 426);
  EXPECT_EQ(status_with(3, ""), 400);
  EXPECT_EQ(status_with(3, "dGhlIHNhbXBsZSBub25jZQ="), 400);
  EXPECT_EQ(status_with(3, "dGhlIHNhbXBsZSBub25jZQ===="), 400);
  EXPECT_EQ(status_with(3, "dGhlIHNhbXBsZSBub25jZ\r=="), 400);
  EXPECT_EQ(status_with(4, "8"), 426);
  EXPECT_EQ(status_with(4, "13, 8"), 426);

  http::Request post = sample();
  post.method = "POST";
  EXPECT_EQ(check_handshake(post).status, 400);
  http::Request old = sample();
  old.version_minor = 0;
  EXPECT_EQ(check_handshake(old).status, 400);
  http::Request doubled = sample();
  doubled.headers.push_back({"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="});
  EXPECT_EQ(check_handshake(doubled).status, 400);
}

}  // namespace
}  // namespace larder::protocol::websocket
