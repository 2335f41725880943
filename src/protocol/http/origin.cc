#include "protocol/http/origin.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>

#include "base/ascii.h"

namespace larder::protocol::http {
namespace {

/// As the kernel writes them; the last is IPv4 over a socket of IPv6.
constexpr std::array<Bytes, 3> loopback_starts{"127.", "[::1]:", "[::ffff:127."};

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

bool ends_with_ignoring_case(Bytes text, Bytes end) {
  return text.size() >= end.size() && equals_ignoring_case(text.substr(text.size() - end.size()), end);
}

/// Whether whoever owns the name `host` could make it mean this machine.
bool may_be_rebound(Bytes host) {
  if (host.starts_with('[') || equals_ignoring_case(host, "localhost")) return false;
  if (ends_with_ignoring_case(host, ".localhost")) return false;
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

bool is_host_allowed(Bytes host, Bytes local_address, const std::vector<std::string>& allowed) {
  const auto is_loopback = [local_address](Bytes start) { return local_address.starts_with(start); };
  if (std::ranges::none_of(loopback_starts, is_loopback)) return true;
  const Bytes name = split_port(host, {}).host;
  if (!name.contains('.') || !may_be_rebound(name)) return true;
  return std::ranges::any_of(allowed, [name](Bytes origin) {
    const auto separator = origin.find("://");
    return separator != Bytes::npos &&
           equals_ignoring_case(split_port(origin.substr(separator + 3), {}).host, name);
  });
}

Bytes host_of(const Request& request, const Target& target) {
  // RFC 9112, 3.2.2: where the target names a host, it is that and not the header's.
  if (!target.authority.empty()) return target.authority;
  const std::string* header = request.find("Host");
  return header != nullptr ? Bytes(*header) : Bytes{};
}

bool is_from_allowed_page(const Request& request, const Target& target,
                          const std::vector<std::string>& allowed) {
  const std::string* origin = request.find("Origin");
  if (origin == nullptr) return true;
  return request.count("Origin") == 1 && is_origin_allowed(*origin, host_of(request, target), allowed);
}

}  // namespace larder::protocol::http
