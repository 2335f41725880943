#include "program/unix_mode.h"

#include <algorithm>
#include <string>

namespace larder::program {

OptionRow unix_mode_option_row() {
  return {.flag = "unix-mode",
          .kind = OptionKind::text,
          .value_text = "MODE",
          .default_text = "0700",
          .help =
              "The mode of the files of Unix sockets, in octal digits; who may write may connect, so that "
              "0700 lets in the user that this program runs as and root, 0770 the group too"};
}

// A mode without reading and writing for the owner would be of no use. That it is refused also catches a file
// with `unix-mode = 0o700`: TOML makes that the number 448, and of no mode up to 0o777 a number that reads as
// a mode like this.
Result<unsigned> unix_mode(const OptionValues& values) {
  constexpr unsigned owner_mode = 0600;
  const std::string& text = values.text("unix-mode");
  const bool is_octal = !text.empty() && text.size() <= 4 &&
                        std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '7'; });
  const unsigned mode = is_octal ? static_cast<unsigned>(std::stoul(text, nullptr, 8)) : 0;
  if ((mode & owner_mode) != owner_mode || mode > 0777) {
    return failure(
        ErrorKind::malformed,
        values.origin("unix-mode") + ": '" + text +
            "' is not the mode of a socket: write octal digits from \"0600\" to \"0777\", in which "
            "the owner may read and write");
  }
  return mode;
}

}  // namespace larder::program
