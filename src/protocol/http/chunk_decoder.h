// protocol/http/chunk_decoder.h: a chunked body, byte by byte.
//
//   size [;extension] CRLF data CRLF  ...  0 [;extension] CRLF [trailer CRLF]... CRLF
//
// Beast has one as well. It wants lines whole, and in 1.81 it asserts on input that a peer may send: an empty
// body whose "0\r\n\r\n" comes in two reads (request_parser_test has it). This one is strict: sizes are hex
// digits and nothing else, lines end in CRLF, no control characters.
//
// Source: RFC 9112 7.1. Stricter: no white space before an extension.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace larder::protocol::http {

/// Takes the framing off one body. Extensions and trailers are checked and dropped.
///
/// Invariant  `body` grows by at most body_size_max, and framing that carries no data (extensions, trailers)
/// is
///            at most framing_size_max for the whole body
class ChunkDecoder final {
 public:
  enum class Verdict : std::uint8_t {
    more,              // everything is consumed
    done,              // the body is whole; what follows is left in the input
    malformed,         // final, like those below
    body_too_large,    // past body_size_max
    framing_too_large  // past framing_size_max
  };

  ChunkDecoder(std::size_t body_size_max, std::size_t framing_size_max)
      : body_size_left_(body_size_max), framing_size_left_(framing_size_max) {}

  /// Removes from `input` what it is done with and appends data to `body`.
  Verdict decode(Bytes& input, std::string& body);

 private:
  enum class State : std::uint8_t {
    size,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer_name,
    trailer_value,
    trailer_lf,
    end_lf,
  };

  Verdict take(char byte);
  Verdict take_size(char byte);
  Verdict take_framing(State next);

  State state_ = State::size;
  std::uint64_t chunk_size_ = 0;  // announced, then left
  int digit_count_ = 0;
  std::size_t body_size_left_;
  std::size_t framing_size_left_;
};

}  // namespace larder::protocol::http
