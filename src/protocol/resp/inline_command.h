// protocol/resp/inline_command.h: a command as a person types it: words on one line.
//
//   set "a key" 'it\'s' \x00      quotes hold words together; only double quotes know escapes
//
// The rules are those of Redis (sdssplitargs), so that what works there works here:
//   - words are separated by blanks; a quote may open in the middle of a word, but what closes it must be
//     followed by a blank or the end of the line;
//   - "..." knows \n \r \t \b \a, \xHH, and \ before any other byte stands for that byte;
//   - '...' knows \' only.
// Where Redis stops at a zero byte, zero is an ordinary byte here.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace larder::protocol {

/// A run of bytes by its place in a buffer that may move.
struct Slice {
  std::size_t offset = 0;
  std::size_t size = 0;
};

/// Splits `line` (without its line end) into words: their bytes go to the end of `text`, their places in
/// `text` to the end of `words`. False: a quote is not closed, or not followed by a blank; only the words
/// before it were appended to `words`. Appends never more bytes than the line has.
[[nodiscard]] bool split_inline_command(Bytes line, std::string& text, std::vector<Slice>& words);

}  // namespace larder::protocol
