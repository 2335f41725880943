#include "protocol/http/origin.h"

#include <algorithm>
#include <arpa/inet.h>

#include "base/ascii.h"

namespace larder::protocol::http {
namespace {

struct HostPort {
  Bytes host;
  Bytes port;
};

/// The last colon starts the port, unless it stands inside the brackets of an IPv6 address.
HostPort split_port(Bytes authority, Bytes default_port) {
  const auto colon = authority.rfind(':');
  const auto bracket = authority.rfind(']');
  if (colon == Bytes::npos || (bracket != Bytes::npos && colon < bracket)) return {authority, default_port};
  const Bytes port = authority.substr(colon + 1);
  return {authority.substr(0, colon), port.empty() ? default_port : port};
}

bool is_same_host(Bytes a, Bytes b, Bytes default_port) {
  const HostPort left = split_port(a, default_port);
  const HostPort right = split_port(b, default_port);
  return !left.host.empty() && equals_ignoring_case(left.host, right.host) && left.port == right.port;
}

/// Whether whoever owns the name `host` could make it mean this machine.
bool may_be_rebound(Bytes host) {
  if (host.starts_with('[') || equals_ignoring_case(host, "localhost")) return false;
  in_addr address{};
  return ::inet_pton(AF_INET, std::string(host).c_str(), &address) != 1;
}

}  // namespace

bool is_origin_allowed(Bytes origin, Bytes host, const std::vector<std::string>& allowed) {
  if (std::ranges::any_of(allowed, [origin](Bytes name) { return equals_ignoring_case(name, origin); }))
    return true;
  if (may_be_rebound(split_port(host, {}).host)) return false;
  static constexpr Bytes http = "http://";
  static constexpr Bytes https = "https://";
  if (equals_ignoring_case(origin.substr(0, http.size()), http)) {
    return is_same_host(origin.substr(http.size()), host, "80");
  }
  if (equals_ignoring_case(origin.substr(0, https.size()), https)) {
    return is_same_host(origin.substr(https.size()), host, "443");
  }
  return false;
}

bool is_from_allowed_page(const Request& request, const Target& target,
                          const std::vector<std::string>& allowed) {
  const std::string* origin = request.find("Origin");
  if (origin == nullptr) return true;
  // RFC 9112, 3.2.2: where the target names a host, it is that and not the header's.
  const std::string* header = request.find("Host");
  const Bytes host = !target.authority.empty() ? target.authority
                     : header != nullptr       ? Bytes(*header)
                                               : Bytes{};
  return request.count("Origin") == 1 && is_origin_allowed(*origin, host, allowed);
}

}  // namespace larder::protocol::http
