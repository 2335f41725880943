// tools/bench/reply_parts.h: what replies of RESP and of memcached are made of: lines, and values whose size
// a line has told.
//
// Values are counted and compared as they pass and never kept, so a connection needs no buffer of its own
// however large they are. Only a line that was cut is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "tools/trace/value_size.h"

namespace larder::tools {

/// Cuts lines that end in CR LF.
class LineCutter final {
 public:
  /// No line of a cache's answers is longer; an error's text may take some room.
  static constexpr std::size_t line_size_max = std::size_t{8} << 10;

  /// Takes the next line off the front of `input`, which follows what came before. The line, without its end,
  /// lives until the next call, or as long as `input` does. nullopt: all is taken, feed me more. Errors:
  /// malformed.
  [[nodiscard]] Result<std::optional<Bytes>> next(Bytes& input);

 private:
  std::string cut_;  // the front of a line whose end has not come, or the line that was handed out last
  bool is_handed_out_ = false;
};

/// One value on its way, with the CR LF behind it.
class PassingValue final {
 public:
  /// `size` bytes follow, that should be `expected_size`, and with `is_verified` the value of the key `id`.
  void begin(std::uint64_t size, std::uint64_t expected_size, std::uint64_t id, bool is_verified);

  /// True from begin() to the end of the value.
  [[nodiscard]] bool is_open() const { return left_size_ > 0; }

  /// Takes what belongs to the value off the front of `input`. Errors: malformed (no CR LF behind it).
  [[nodiscard]] Result<void> take(Bytes& input);

  /// Of a whole value: it is the one that was expected.
  [[nodiscard]] bool is_right() const { return is_right_; }
  [[nodiscard]] std::uint64_t id() const { return id_; }

 private:
  static constexpr std::uint64_t line_end_size = 2;

  void compare(Bytes bytes);

  std::uint64_t left_size_ = 0;  // its CR LF included
  std::uint64_t id_ = 0;
  bool is_right_ = true;
  bool is_verified_ = false;
  char key_[object_key_size] = {};  // of a verified one: the value is the key again and again
  std::size_t key_place_ = 0;       // in it, of the next byte
};

/// The bytes of a peer for a message: its beginning, and nothing that a terminal would obey.
[[nodiscard]] std::string quoted(Bytes bytes);

}  // namespace larder::tools
