#include "session/http_login.h"

#include "base/ascii.h"
#include "base/base64.h"

namespace larder::session {
namespace {

Credentials divide(Bytes text, std::size_t colon) {
  return {.name = std::string(text.substr(0, colon)), .password = std::string(text.substr(colon + 1))};
}

}  // namespace

std::optional<Credentials> read_authorization(Bytes header) {
  const std::size_t blank = header.find(' ');
  if (blank == Bytes::npos) return std::nullopt;
  const Bytes scheme = header.substr(0, blank);
  const std::size_t start = header.find_first_not_of(' ', blank);
  if (start == Bytes::npos) return std::nullopt;
  const Bytes rest = header.substr(start);
  if (equals_ignoring_case(scheme, "basic")) {
    const auto text = base64_decode(rest);
    if (!text) return std::nullopt;
    const std::size_t colon = text->find(':');
    if (colon == Bytes::npos) return std::nullopt;
    return divide(*text, colon);
  }
  if (!equals_ignoring_case(scheme, "bearer")) return std::nullopt;
  const std::size_t colon = rest.find(':');
  if (colon == Bytes::npos) return Credentials{.name = "default", .password = std::string(rest)};
  return divide(rest, colon);
}

}  // namespace larder::session
