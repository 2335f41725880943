// protocol/http/response_writer.h: HTTP/1.1 responses into an Output.
//
// Every response has a Content-Length, so that a connection can go on after it. No Date: a server without a
// clock sends none (RFC 9110, 6.6.1), and nobody caches what a cache answers.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/loan.h"
#include "base/output.h"

namespace larder::protocol::http {

struct HeaderView {
  Bytes name;   // ours: a token
  Bytes value;  // may be a peer's; control characters are replaced, so that it cannot start another header
};

/// All of a response but its body.
struct ResponseHead {
  int status = 200;
  Bytes content_type{};  // empty: no such header
  bool keep_alive = true;
  int version_minor = 1;  // of the request: a client of HTTP/1.0 is told when the connection stays
  std::span<const HeaderView> headers{};
};

enum class BodyPolicy : std::uint8_t {
  send,
  omit,  // the answer to HEAD: the length is told, the bytes are not
};

/// Appends one response; no browser is to guess what its body is (X-Content-Type-Options). A 204 or 304 has
/// no body whatever `body` says.
void write_response(const ResponseHead& head, Bytes body, Output& output,
                    BodyPolicy policy = BodyPolicy::send);
/// The same with a body that is sent from where it lies.
void write_response_from(const ResponseHead& head, Loan body, Output& output);

/// A sentence for people, as text/plain, with a line feed behind it.
void write_text(ResponseHead head, Bytes sentence, Output& output, BodyPolicy policy = BodyPolicy::send);

/// `HTTP/1.1 100 Continue`: send the body now. No response, only a promise of one.
void write_continue(Output& output);

/// `HTTP/1.1 101 Switching Protocols` with the given headers and `Connection: Upgrade`.
void write_switching_protocols(std::span<const HeaderView> headers, Output& output);

/// "Not Found" for 404; "Unknown" for a status this project never sends.
[[nodiscard]] Bytes reason_phrase(int status);

}  // namespace larder::protocol::http
