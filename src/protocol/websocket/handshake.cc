#include "protocol/websocket/handshake.h"

#include <algorithm>
#include <array>
#include <openssl/evp.h>

#include "base/assert.h"
#include "protocol/http/grammar.h"
#include "protocol/http/response_writer.h"

namespace larder::protocol::websocket {
namespace {

/// Base64 of 16 bytes: 22 digits and two signs of padding.
bool is_key(Bytes text) {
  return text.size() == 24 && text.ends_with("==") && std::ranges::all_of(text.substr(0, 22), [](char c) {
           return http::is_alphanumeric(c) || c == '+' || c == '/';
         });
}

}  // namespace

std::string accept_key(Bytes key) {
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, 20> digest{};
  unsigned int size = 0;
  const int hashed = EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  LARDER_ASSERT(hashed == 1);
  LARDER_ASSERT(size == digest.size());
  std::array<unsigned char, 29> encoded{};  // 20 bytes are 28 digits; EVP adds a zero
  EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(digest.size()));
  return {encoded.begin(), encoded.end() - 1};
}

Handshake check_handshake(const http::Request& request) {
  if (!request.has_token("Upgrade", "websocket") || !request.has_token("Connection", "Upgrade")) {
    return {.status = 426, .message = "This address speaks WebSocket only."};
  }
  if (request.method != "GET" || request.version_minor < 1) {
    return {.status = 400, .message = "A WebSocket starts with a GET of HTTP/1.1."};
  }
  const std::string* version = request.find("Sec-WebSocket-Version");
  if (version == nullptr || *version != "13" || request.count("Sec-WebSocket-Version") > 1) {
    return {.status = 426, .message = "This server speaks version 13 of WebSocket."};
  }
  const std::string* key = request.find("Sec-WebSocket-Key");
  if (key == nullptr || !is_key(*key) || request.count("Sec-WebSocket-Key") > 1) {
    return {.status = 400, .message = "The request has no valid Sec-WebSocket-Key."};
  }
  if (!request.body.empty()) return {.status = 400, .message = "A WebSocket starts without a body."};
  return {.status = 101, .accept = accept_key(*key)};
}

void write_handshake(const Handshake& handshake, Output& output) {
  LARDER_ASSERT(handshake.status == 101);
  const http::HeaderView headers[] = {{"Upgrade", "websocket"}, {"Sec-WebSocket-Accept", handshake.accept}};
  http::write_switching_protocols(headers, output);
}

}  // namespace larder::protocol::websocket
