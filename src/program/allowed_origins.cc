#include "program/allowed_origins.h"

#include <algorithm>

namespace larder::program {
namespace {

// What a browser sends: scheme://host[:port], and nothing behind it. A slash at the end would never match.
bool is_origin(std::string_view text) {
  const std::size_t separator = text.find("://");
  if (separator == std::string_view::npos || separator == 0) return false;
  const std::string_view authority = text.substr(separator + 3);
  return !authority.empty() && std::ranges::all_of(authority, [](char c) {
    return c > ' ' && c < 0x7F && std::string_view("/?#@\\,*").find(c) == std::string_view::npos;
  });
}

}  // namespace

OptionRow allow_origin_option_row(std::string_view help) {
  return {.flag = "allow-origin", .kind = OptionKind::text_list, .value_text = "ORIGIN", .help = help};
}

Result<std::vector<std::string>> allowed_origins(const OptionValues& values) {
  const std::vector<std::string>& origins = values.texts("allow-origin");
  for (const std::string& origin : origins) {
    if (is_origin(origin)) continue;
    return failure(ErrorKind::malformed,
                   values.origin("allow-origin") + ": '" + origin +
                       "' is not an origin: write https://host or https://host:port, without a path");
  }
  return origins;
}

}  // namespace larder::program
