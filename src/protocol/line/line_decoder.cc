#include "protocol/line/line_decoder.h"

#include <string>

#include "base/ascii.h"
#include "base/assert.h"

namespace larder::protocol {
namespace {

using Verb = LineRequest::Verb;

LineRequest invalid(const char* reason) { return {.verb = Verb::invalid, .reason = reason}; }

Verb verb_of(Bytes word) {
  if (equals_ignoring_case(word, "get")) return Verb::get;
  if (equals_ignoring_case(word, "set")) return Verb::set;
  if (equals_ignoring_case(word, "delete")) return Verb::remove;
  if (equals_ignoring_case(word, "auth")) return Verb::auth;
  if (equals_ignoring_case(word, "quit")) return Verb::quit;
  return Verb::invalid;
}

// `line` is without its end.
LineRequest read_line(Bytes line) {
  const std::size_t verb_end = line.find(' ');
  const Verb verb = verb_of(line.substr(0, verb_end));
  const bool has_key = verb_end != Bytes::npos;
  if (verb == Verb::invalid) return invalid("unknown verb; there are get, set, delete, auth and quit");
  if (verb == Verb::quit) return has_key ? invalid("quit stands alone") : LineRequest{.verb = Verb::quit};
  if (!has_key) return invalid(verb == Verb::auth ? "a user and a password are missing" : "a key is missing");

  const Bytes rest = line.substr(verb_end + 1);
  const std::size_t key_end = rest.find(' ');
  const Bytes key = rest.substr(0, key_end);
  const bool has_value = key_end != Bytes::npos;
  if (verb == Verb::auth) {
    if (key.empty() || !has_value) return invalid("a user, a space and a password are missing");
    return {.verb = verb, .key = key, .value = rest.substr(key_end + 1)};
  }
  if (key.empty()) return invalid("a key is missing; one space stands before it");
  if (key.contains('\r')) return invalid("a key cannot hold a carriage return");
  if (verb != Verb::set) {
    if (has_value) return invalid("one key and nothing behind it");
    return {.verb = verb, .key = key};
  }
  if (!has_value) return invalid("a space and a value are missing");
  return {.verb = verb, .key = key, .value = rest.substr(key_end + 1)};
}

}  // namespace

Result<std::optional<LineRequest>> LineDecoder::next(Bytes input) {
  LARDER_ASSERT(input.size() >= scanned_size_);
  const std::size_t end = input.find('\n', scanned_size_);
  Bytes line = input.substr(0, end);
  // A CR may be the first half of the line's end even while its LF is not there yet.
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.size() > line_size_max_) {
    const LineRequest begun = read_line(line.substr(0, line_size_max_));
    if (begun.verb == Verb::set) refused_key_ = begun.key;
    return failure(ErrorKind::too_large,
                   "a line is longer than " + std::to_string(line_size_max_) + " bytes");
  }
  if (end == Bytes::npos) {
    scanned_size_ = input.size();
    return std::nullopt;
  }
  scanned_size_ = 0;
  LineRequest request = read_line(line);
  request.size = end + 1;
  return request;
}

}  // namespace larder::protocol
