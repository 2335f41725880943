// Responses as bytes. Method: whole responses compared with what RFC 9112 says they look like.
#include "protocol/http/response_writer.h"

#include <gtest/gtest.h>
#include <string>

namespace larder::protocol::http {
namespace {

TEST(ResponseWriter, TellsTheLengthOfEveryBody) {
  Output output;
  write_response({.status = 200, .content_type = "application/octet-stream"}, Bytes("a\0b", 3), output);
  EXPECT_EQ(output.pending(),
            Bytes("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nX-Content-Type-Options: "
                  "nosniff\r\nContent-Length: 3\r\n\r\na\0b",
                  114));
  output.clear();
  write_response({.status = 404}, "", output);
  EXPECT_EQ(output.pending(), "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
}

TEST(ResponseWriter, AnswersHeadWithTheLengthAlone) {
  Output output;
  write_response({.status = 200}, "body", output, BodyPolicy::omit);
  EXPECT_EQ(output.pending(), "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
}

TEST(ResponseWriter, GivesNoContentNoLengthAndNoBody) {
  Output output;
  write_response({.status = 204, .content_type = "text/plain"}, "ignored", output);
  EXPECT_EQ(output.pending(), "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST(ResponseWriter, SaysWhatBecomesOfTheConnectionWhereTheVersionDoesNot) {
  Output output;
  write_response({.status = 204, .keep_alive = false}, "", output);
  EXPECT_EQ(output.pending(), "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
  output.clear();
  write_response({.status = 204, .keep_alive = true, .version_minor = 0}, "", output);
  EXPECT_EQ(output.pending(), "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n");
}

TEST(ResponseWriter, LetsNoValueStartAnotherHeader) {
  Output output;
  const HeaderView headers[] = {{"Allow", "GET\r\nSet-Cookie: a\x7F"}};
  write_response({.status = 204, .headers = headers}, "", output);
  EXPECT_EQ(output.pending(), "HTTP/1.1 204 No Content\r\nAllow: GET??Set-Cookie: a?\r\n\r\n");
}

TEST(ResponseWriter, WritesSentencesAsText) {
  Output output;
  write_text({.status = 400, .keep_alive = false}, "No.", output);
  EXPECT_EQ(output.pending(),
            "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: "
            "nosniff\r\nContent-Length: 4\r\n"
            "Connection: close\r\n\r\nNo.\n");
}

TEST(ResponseWriter, WritesTheTwoInterimAnswers) {
  Output output;
  write_continue(output);
  EXPECT_EQ(output.pending(), "HTTP/1.1 100 Continue\r\n\r\n");
  output.clear();
  const HeaderView headers[] = {{"Upgrade", "websocket"}};
  write_switching_protocols(headers, output);
  EXPECT_EQ(output.pending(),
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
}

}  // namespace
}  // namespace larder::protocol::http
