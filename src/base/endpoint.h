// base/endpoint.h: where something listens, the one syntax of --listen, --cache and the client library:
//
//   scheme://host:port      resp://127.0.0.1:6379, http://[::1]:8080
//   scheme+tls://host:port  resp+tls://cache.example:6390
//   scheme+unix://path      resp+unix:///run/larder.sock
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace larder {

/// A parsed address. The host is a name or a literal without brackets; it is not looked up here.
struct Endpoint {
  std::string scheme{};  // lower case, without +unix and +tls; which make sense is the caller's business
  std::string host{};
  std::uint16_t port = 0;
  std::string path{};  // of a Unix socket, absolute; then there is no host, no port and no TLS
  bool tls = false;    // refused by whoever cannot do it: compare scheme_and_tls(), not the scheme alone

  [[nodiscard]] bool is_unix() const { return !path.empty(); }

  /// "resp", "resp+tls": what a list of the schemes that a caller takes has an entry of.
  [[nodiscard]] std::string scheme_and_tls() const;

  /// The same text that parse_endpoint() reads; IPv6 literals in brackets.
  [[nodiscard]] std::string url() const;

  /// What stands behind `scheme://`: "127.0.0.1:6379", "/run/larder.sock".
  [[nodiscard]] std::string address() const;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// Reads `scheme://host:port` with an optional trailing slash; the port may be 0 and is never left out. Or
/// `scheme+unix:///path`: of letters, digits and ._-+@:~= only, so that it needs quotes nowhere, and short
/// enough for the kernel, and never with TLS. Errors: malformed, with a sentence that says what is missing.
[[nodiscard]] Result<Endpoint> parse_endpoint(Bytes url);

/// The "user:password@" of a URL that has one, a view into it; else empty. parse_endpoint() refuses it.
[[nodiscard]] Bytes login_in(Bytes url);

/// The URL as it may be shown: with "...@" for that.
[[nodiscard]] std::string without_login(Bytes url);

}  // namespace larder
