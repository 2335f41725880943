// protocol/websocket/handshake.h: the HTTP request that turns a connection into a WebSocket.
//
// Source: RFC 6455, 4.2.
#pragma once

#include <string>

#include "base/output.h"
#include "protocol/http/message.h"

namespace larder::protocol::websocket {

/// What to answer to an upgrade request.
struct Handshake {
  int status = 101;               // else 400 or 426
  const char* message = nullptr;  // a sentence, when it is not 101
  std::string accept{};           // the value of Sec-WebSocket-Accept, when it is
};

/// Checks method, version, Upgrade, Connection, Sec-WebSocket-Version and Sec-WebSocket-Key. Extensions and
/// subprotocols that the peer offers are not taken up, which it learns by their absence. Who may connect (the
/// Origin) is not decided here.
[[nodiscard]] Handshake check_handshake(const http::Request& request);

/// Writes the 101 of a handshake that passed.
void write_handshake(const Handshake& handshake, Output& output);

/// Base64 of the SHA-1 of the key and RFC 6455's GUID.
[[nodiscard]] std::string accept_key(Bytes key);

}  // namespace larder::protocol::websocket
