#include "protocol/http/message.h"

#include <algorithm>

#include "base/ascii.h"
#include "protocol/http/grammar.h"

namespace larder::protocol::http {

const std::string* Request::find(Bytes name) const {
  const auto found = std::ranges::find_if(
      headers, [name](const Header& header) { return equals_ignoring_case(header.name, name); });
  return found == headers.end() ? nullptr : &found->value;
}

std::size_t Request::count(Bytes name) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      headers, [name](const Header& header) { return equals_ignoring_case(header.name, name); }));
}

bool Request::has_token(Bytes name, Bytes token) const {
  for (const Header& header : headers) {
    if (!equals_ignoring_case(header.name, name)) continue;
    Bytes rest = header.value;
    while (!rest.empty()) {
      const auto comma = rest.find(',');
      if (equals_ignoring_case(trim(rest.substr(0, comma)), token)) return true;
      rest = comma == Bytes::npos ? Bytes{} : rest.substr(comma + 1);
    }
  }
  return false;
}

}  // namespace larder::protocol::http
