// base/endpoint.h: where something listens: `scheme://host:port`, the one syntax of --listen, --cache and the
// client library.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace larder {

/// A parsed address. The host is a name or a literal without brackets; it is not looked up here.
struct Endpoint {
  std::string scheme;  // lower case; which schemes make sense is the caller's business
  std::string host;
  std::uint16_t port = 0;

  /// The same text that parse_endpoint() reads; IPv6 literals in brackets.
  [[nodiscard]] std::string url() const;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// Reads `scheme://host:port` with an optional trailing slash; the port may be 0 and is never left out.
/// Errors: malformed, with a sentence that says what is missing.
[[nodiscard]] Result<Endpoint> parse_endpoint(Bytes url);

}  // namespace larder
