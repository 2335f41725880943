// protocol/http/message.h: what a request says, once it is read.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace larder::protocol::http {

struct Header {
  std::string name;   // as the peer wrote it: an RFC 9110 token
  std::string value;  // without the white space around it; no control characters but HTAB
};

/// One whole request. Owns all it holds, so that a caller may move the body out or keep the request for
/// later.
struct Request {
  std::string method{};           // "GET"; case matters
  std::string target{};           // as sent, not decoded; url.h takes it apart
  int version_minor = 1;          // HTTP/1.0 or HTTP/1.1
  std::vector<Header> headers{};  // in order
  std::string body{};             // whole, without chunk framing
  bool keep_alive = true;         // false: the answer must say `Connection: close`, and be the last one

  /// The value of the first header of that name, in any case; null if there is none.
  [[nodiscard]] const std::string* find(Bytes name) const;

  /// How often a header of that name stands there.
  [[nodiscard]] std::size_t count(Bytes name) const;

  /// True if `token` is a member of the comma-separated list that all headers of that name make together, in
  /// any case. For Connection, Upgrade and the like.
  [[nodiscard]] bool has_token(Bytes name, Bytes token) const;
};

}  // namespace larder::protocol::http
