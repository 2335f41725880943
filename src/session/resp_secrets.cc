// What MONITOR and SLOWLOG show of commands that carry a password. As in Redis 7.0, but that AUTH with too
// many words keeps all of them to itself: a password with a blank in it is often sent like that by mistake.
#include <algorithm>
#include <vector>

#include "base/ascii.h"
#include "session/resp_handlers.h"

namespace larder::session {
namespace {

constexpr Bytes redacted = "(redacted)";

// HELLO [version [AUTH user password] [SETNAME name]]
void hide_in_hello(std::span<Bytes> words) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (equals_ignoring_case(words[i], "setname")) {
      ++i;
    } else if (equals_ignoring_case(words[i], "auth")) {
      for (std::size_t j = i + 1; j < std::min(i + 3, words.size()); ++j) words[j] = redacted;
      i += 2;
    }
  }
}

// CONFIG SET name value [name value]...
void hide_in_config_set(std::span<Bytes> words) {
  for (std::size_t i = 2; i + 1 < words.size(); ++i) {
    if (equals_ignoring_case(words[i], "requirepass")) words[i + 1] = redacted;
  }
}

}  // namespace

std::vector<Bytes> without_secrets(const CommandSpec& spec, std::span<const Bytes> arguments) {
  std::vector<Bytes> words(arguments.begin(), arguments.end());
  if (spec.name == "auth") {
    std::ranges::fill(std::span(words).subspan(1), redacted);
  } else if (spec.name == "hello") {
    hide_in_hello(words);
  } else if (spec.name == "config|set") {
    hide_in_config_set(words);
  }
  return words;
}

}  // namespace larder::session
