// protocol/http/url.h: request targets and url-encoded forms taken apart.
//
// Source: RFC 3986 (percent-encoding), RFC 9112 3.2 (forms of a target), WHATWG URL 5.1
// (application/x-www-form-urlencoded). Differs from WHATWG: a `%` without two hex digits behind it is an
// error, not a literal `%`: a key that was meant otherwise must not be stored under a wrong name.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace larder::protocol::http {

/// The parts of a request target, still encoded; views into it.
struct Target {
  Bytes authority;             // of the absolute form ("http://host:1/path"), else empty
  Bytes path;                  // starts with '/', or is "*"
  std::optional<Bytes> query;  // what follows the first '?'
};

/// Errors: malformed (neither "/path", "http://host/path" nor "*").
[[nodiscard]] Result<Target> split_target(Bytes target);

/// `%XX` to bytes, once; every other byte stands for itself, `+` too.
/// Errors: malformed (a '%' without two hex digits).
[[nodiscard]] Result<std::string> percent_decode(Bytes text);

struct FormPair {
  std::string name;
  std::string value;
};

/// The pairs of an url-encoded form or query in order: `&` between pairs, the first `=` between name and
/// value (a pair without one has an empty value), `+` for a space, `%XX` for any byte. Empty pieces are
/// skipped.
/// Errors: malformed (a '%' without two hex digits), too_large (more than `pair_count_max` pairs).
[[nodiscard]] Result<std::vector<FormPair>> parse_form(Bytes text, std::size_t pair_count_max);

}  // namespace larder::protocol::http
