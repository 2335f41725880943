#include "session/http_sniff.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"

namespace larder::session {
namespace {

constexpr std::array<Bytes, 10> methods{"GET",     "HEAD",    "POST",  "PUT",   "DELETE",
                                        "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI"};

}  // namespace

bool looks_like_http(Bytes line) {
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (line.size() >= 5 && equals_ignoring_case(line.substr(0, 5), "host:")) return true;
  const std::size_t method_end = line.find(' ');
  const std::size_t version_start = line.rfind(' ');
  if (method_end == Bytes::npos || version_start == method_end) return false;
  return line.substr(version_start + 1).starts_with("HTTP/") &&
         std::ranges::find(methods, line.substr(0, method_end)) != methods.end();
}

}  // namespace larder::session
