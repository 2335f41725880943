// protocol/line/line_decoder.h: the line protocol, server role. Made for nc and for reading.
//
//   set KEY VALUE    get KEY    delete KEY    auth USER PASSWORD    quit
//
// Verbs in any case; one space behind the verb and behind the key; a key is one or more bytes other than
// space, CR, LF; a value is the rest of the line and may be empty; a line ends in LF or CR LF. The grammar
// with examples is docs/line-protocol.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"

namespace larder::protocol {

/// One line. Views borrow the decoder's input.
struct LineRequest {
  enum class Verb : std::uint8_t { get, set, remove, auth, quit, invalid };
  Verb verb = Verb::invalid;
  Bytes key{};              // of get, set, remove; of auth: the user
  Bytes value{};            // of set; of auth: the password
  const char* reason = "";  // of invalid: what is wrong with the line, in words of ours
  std::size_t size = 0;     // bytes of input it took, its line end included
};

/// Cuts a stream of bytes into lines and reads each.
///
/// Units      sizes are bytes
/// Ownership  the input is the caller's
/// Threads    belongs to one connection
/// Errors     too_large: the line is longer than line_size_max without its end; where it ends is not known,
///            so send the message and close. A line that breaks the grammar is a request, with Verb::invalid.
/// Invariant  what is wrong with a line depends on its bytes alone, not on how reads cut it
class LineDecoder final {
 public:
  explicit LineDecoder(std::size_t line_size_max) : line_size_max_(line_size_max) {}

  /// For the lines from here on.
  void set_line_size_max(std::size_t size_max) { line_size_max_ = size_max; }

  /// Decodes the line at the front of `input`; nullopt: feed me more bytes, with these at the front again.
  /// After a request the caller drops its `size` bytes.
  [[nodiscard]] Result<std::optional<LineRequest>> next(Bytes input);

  /// After too_large: the key that the line was about to set, in the input of that call; empty: the line is
  /// no `set`, or its key is not whole within the limit.
  [[nodiscard]] Bytes refused_key() const { return refused_key_; }

 private:
  std::size_t line_size_max_;
  std::size_t scanned_size_ = 0;  // bytes at the front of the input that hold no LF
  Bytes refused_key_{};
};

}  // namespace larder::protocol
