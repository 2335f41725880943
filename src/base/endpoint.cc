#include "base/endpoint.h"

#include <algorithm>
#include <cstddef>

#include "base/ascii.h"
#include "base/numbers.h"
#include "base/unix_address.h"

namespace larder {
namespace {

std::unexpected<Error> unusable(Bytes url, Bytes reason) {
  return failure(ErrorKind::malformed,
                 "'" + without_login(url) + "' is not an address: " + std::string(reason));
}

bool is_scheme_char(char c) {
  const char lower = ascii_lower(c);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-';
}

bool is_host_char(char c) { return c > ' ' && c < 0x7F && Bytes("/?#@[]\\").find(c) == Bytes::npos; }

// What neither a shell, nor a list with commas, nor a log line, nor CLIENT LIST would have to quote.
bool is_path_char(char c) {
  const char lower = ascii_lower(c);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
         Bytes("/._-+@:~=").find(c) != Bytes::npos;
}

bool remove_suffix(Bytes& scheme, Bytes suffix) {
  if (!to_lower(scheme).ends_with(suffix)) return false;
  scheme.remove_suffix(suffix.size());
  return true;
}

Result<Endpoint> parse_unix(Bytes url, Bytes scheme, Bytes path) {
  if (!path.starts_with('/'))
    return unusable(url, "the path of a Unix socket starts with a slash, as in resp+unix:///run/larder.sock");
  if (path.ends_with('/')) return unusable(url, "its path names a folder and no socket");
  if (!std::ranges::all_of(path, is_path_char))
    return unusable(url, "a socket's path has letters, digits and ._-+@:~= only");
  if (path.size() > unix_path_size_max) {
    return unusable(url, "a socket's path has at most " + std::to_string(unix_path_size_max) +
                             " bytes, and this one has " + std::to_string(path.size()));
  }
  return Endpoint{.scheme = to_lower(scheme), .path = std::string(path)};
}

}  // namespace

std::string Endpoint::address() const {
  if (is_unix()) return path;
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string Endpoint::scheme_and_tls() const { return tls ? scheme + "+tls" : scheme; }

std::string Endpoint::url() const { return scheme_and_tls() + (is_unix() ? "+unix://" : "://") + address(); }

// Up to the last @, since whoever forgot to write %40 for one has shown half of a password otherwise.
Bytes login_in(Bytes url) {
  const std::size_t scheme_size = url.find("://");
  if (scheme_size == Bytes::npos) return {};
  const Bytes rest = url.substr(scheme_size + 3);
  if (rest.starts_with('/')) return {};        // a path may have an @
  return rest.substr(0, rest.rfind('@') + 1);  // npos + 1 is 0
}

std::string without_login(Bytes url) {
  const Bytes login = login_in(url);
  if (login.empty()) return std::string(url);
  const auto offset = static_cast<std::size_t>(login.data() - url.data());
  return std::string(url.substr(0, offset)) + "...@" + std::string(url.substr(offset + login.size()));
}

Result<Endpoint> parse_endpoint(Bytes url) {
  const std::size_t scheme_size = url.find("://");
  if (scheme_size == Bytes::npos) return unusable(url, "it must look like scheme://host:port");
  Bytes scheme = url.substr(0, scheme_size);
  const bool is_unix = remove_suffix(scheme, "+unix");
  const bool tls = remove_suffix(scheme, "+tls");
  if (scheme.empty() || !std::ranges::all_of(scheme, is_scheme_char))
    return unusable(url, "its scheme is not a word");

  Bytes rest = url.substr(scheme_size + 3);
  if (is_unix && tls) return unusable(url, "a Unix socket goes without TLS: nobody else can listen on it");
  if (is_unix) return parse_unix(url, scheme, rest);
  if (rest.starts_with('/')) return unusable(url, "a path goes with scheme+unix://");
  if (!login_in(url).empty()) return unusable(url, "a user or a password has no place in it");
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
  return Endpoint{.scheme = to_lower(scheme),
                  .host = std::string(host),
                  .port = static_cast<std::uint16_t>(*port),
                  .tls = tls};
}

}  // namespace larder
