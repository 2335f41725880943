// protocol/http/head_scanner.h: where a request's head ends, and whether two readers would agree on it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace larder::protocol::http {

/// Why a request is refused: a status and a sentence, or status 0.
struct Refusal {
  int status = 0;
  const char* message = nullptr;
};

/// Finds the end of a head, reading each byte once however often the head is presented again.
///
/// Refuses at the first byte that proves it wrong: a CR or LF alone, any other control character, a folded
/// header, a request line that ends in no HTTP version (so that another protocol's peer learns at once),
/// a head past its limits.
///
/// Invariant  lines before line_offset_ are whole and clean
class HeadScanner final {
 public:
  enum class Verdict : std::uint8_t { more, whole, refused };

  HeadScanner(std::size_t request_line_size_max, std::size_t header_size_max)
      : request_line_size_max_(request_line_size_max), header_size_max_(header_size_max) {}

  /// `input` starts with the request line: the bytes of the last call again, with more behind them. After
  /// `whole`, size() bytes of it are the head.
  Verdict scan(Bytes input);

  [[nodiscard]] std::size_t size() const { return offset_; }
  [[nodiscard]] Refusal refusal() const { return refusal_; }

 private:
  Verdict refuse(int status, const char* message) {
    refusal_ = {.status = status, .message = message};
    return Verdict::refused;
  }
  Verdict end_line(Bytes input);

  std::size_t request_line_size_max_;
  std::size_t header_size_max_;
  std::size_t offset_ = 0;         // scanned so far
  std::size_t line_offset_ = 0;    // where the current line starts
  std::size_t fields_offset_ = 0;  // where the headers start; 0: still in the request line
  Refusal refusal_;
};

}  // namespace larder::protocol::http
