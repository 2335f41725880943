#include "session/command_synopsis.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "base/assert.h"

namespace larder::session {
namespace {

constexpr std::array<Bytes, 7> types{"integer",   "double", "string",    "pattern",
                                     "unix-time", "key",    "second-key"};

bool is_type(Bytes text) { return std::ranges::find(types, text) != types.end(); }

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

bool is_token(Bytes word) { return std::ranges::none_of(word, is_lower); }

// Reads from left to right and never looks back. It runs when somebody asks for COMMAND DOCS and not before:
// all of that takes a quarter of a millisecond, no longer than COMMAND, and a table of trees would have to be
// kept.
class Parser final {
 public:
  explicit Parser(Bytes text) : rest_(text) {}

  std::vector<Argument> all() {
    if (rest_.empty()) return {};
    auto arguments = list().arguments;
    LARDER_ASSERT(rest_.empty());
    return arguments;
  }

 private:
  bool skip(Bytes text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  Bytes take(std::size_t size) {
    const Bytes taken = rest_.substr(0, size);
    LARDER_ASSERT(!taken.empty());
    rest_.remove_prefix(taken.size());
    return taken;
  }

  Bytes take_word() { return take(rest_.find_first_of(" ()[]|=@~.")); }
  Bytes take_version() { return take(rest_.find_first_not_of("0123456789.")); }

  // Up to the ")" or the end: as a block, or as a choice if bars stand between them.
  Argument list() {  // NOLINT(misc-no-recursion): as deep as our own lines nest
    Argument made;
    made.type = "block";
    made.arguments.push_back(argument());
    if (rest_.starts_with(" | ")) made.type = "oneof";
    while (skip(made.type == "oneof" ? " | " : " ")) made.arguments.push_back(argument());
    return made;
  }

  Argument argument() {  // NOLINT(misc-no-recursion): as above
    if (skip("[")) {
      Argument made = argument();
      LARDER_ASSERT(skip("]"));
      made.is_optional = true;
      if (skip("...")) made.is_multiple = made.repeats_token = true;
      return made;
    }
    const Bytes word = take_word();
    Argument made;
    if (!is_token(word)) {
      made = named(word);
    } else if (rest_.size() > 1 && rest_[0] == ' ' && is_lower(rest_[1])) {
      rest_.remove_prefix(1);
      made = named(take_word());
      made.token = word;
    } else {
      made.name = to_lower(word);
      made.type = "pure-token";
      made.token = word;
    }
    made.is_multiple = skip("...");
    if (skip("@")) made.since = take_version();
    if (skip("~")) made.deprecated_since = take_version();
    return made;
  }

  // What goes on behind its name.
  Argument named(Bytes name) {  // NOLINT(misc-no-recursion): as above
    Argument made;
    if (skip("=(")) {
      made = list();
      LARDER_ASSERT(skip(")"));
    } else {
      const std::size_t colon = name.rfind(':');
      if (colon != Bytes::npos && is_type(name.substr(colon + 1))) {
        made.type = name.substr(colon + 1);
        name = name.substr(0, colon);
      } else {
        made.type = is_type(name) ? name : "string";
      }
      if (made.type.ends_with("key")) made.key_spec_index = made.type == "key" ? 0 : 1;
      if (made.key_spec_index) made.type = "key";
    }
    made.name = name;
    return made;
  }

  Bytes rest_;
};

}  // namespace

std::vector<Argument> parse_synopsis(Bytes synopsis) { return Parser(synopsis).all(); }

}  // namespace larder::session
