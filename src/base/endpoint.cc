#include "base/endpoint.h"

#include <algorithm>
#include <cstddef>

#include "base/ascii.h"
#include "base/numbers.h"

namespace larder {
namespace {

std::unexpected<Error> unusable(Bytes url, Bytes reason) {
  return failure(ErrorKind::malformed,
                 "'" + std::string(url) + "' is not an address: " + std::string(reason));
}

bool is_scheme_char(char c) {
  const char lower = ascii_lower(c);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-';
}

bool is_host_char(char c) { return c > ' ' && c < 0x7F && Bytes("/?#@[]\\").find(c) == Bytes::npos; }

}  // namespace

std::string Endpoint::url() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return scheme + "://" + (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Endpoint> parse_endpoint(Bytes url) {
  const std::size_t scheme_size = url.find("://");
  if (scheme_size == Bytes::npos) return unusable(url, "it must look like scheme://host:port");
  const Bytes scheme = url.substr(0, scheme_size);
  if (scheme.empty() || !std::ranges::all_of(scheme, is_scheme_char))
    return unusable(url, "its scheme is not a word");

  Bytes rest = url.substr(scheme_size + 3);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t colon = rest.rfind(':');
  if (colon == Bytes::npos || rest.ends_with(']')) return unusable(url, "the port is missing");
  const auto port = parse_uint64(rest.substr(colon + 1));
  if (!port || *port > 65535) return unusable(url, "the port must be a number from 0 to 65535");

  Bytes host = rest.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != Bytes::npos) {
    return unusable(url, "an IPv6 address stands in brackets");
  }
  if (host.empty()) return unusable(url, "the host is missing");
  if (!std::ranges::all_of(host, is_host_char))
    return unusable(url, "the host has a character that no host has");
  return Endpoint{to_lower(scheme), std::string(host), static_cast<std::uint16_t>(*port)};
}

}  // namespace larder
