#include "protocol/http/chunk_decoder.h"

#include <algorithm>

#include "protocol/http/grammar.h"

namespace larder::protocol::http {

ChunkDecoder::Verdict ChunkDecoder::decode(Bytes& input, std::string& body) {
  while (!input.empty()) {
    if (state_ == State::data) {
      const std::size_t size = std::min<std::uint64_t>(chunk_size_, input.size());
      body.append(input.substr(0, size));
      input.remove_prefix(size);
      chunk_size_ -= size;
      if (chunk_size_ == 0) state_ = State::data_cr;
      continue;
    }
    const char byte = input.front();
    input.remove_prefix(1);
    if (const Verdict verdict = take(byte); verdict != Verdict::more) return verdict;
  }
  return Verdict::more;
}

ChunkDecoder::Verdict ChunkDecoder::take(char byte) {
  const auto expect = [&](char expected, State next) {
    if (byte != expected) return Verdict::malformed;
    state_ = next;
    return Verdict::more;
  };
  switch (state_) {
    case State::size:
      return take_size(byte);
    case State::extension:
      if (byte == '\r') return expect('\r', State::size_lf);
      return is_field_byte(byte) ? take_framing(State::extension) : Verdict::malformed;
    case State::size_lf:
      return expect('\n', chunk_size_ == 0 ? State::trailer_start : State::data);
    case State::data:
      return Verdict::malformed;  // decode() takes data
    case State::data_cr:
      return expect('\r', State::data_lf);
    case State::data_lf:
      digit_count_ = 0;
      return expect('\n', State::size);
    case State::trailer_start:
      if (byte == '\r') return expect('\r', State::end_lf);
      return is_token_byte(byte) ? take_framing(State::trailer_name) : Verdict::malformed;
    case State::trailer_name:
      if (byte == ':') return take_framing(State::trailer_value);
      return is_token_byte(byte) ? take_framing(State::trailer_name) : Verdict::malformed;
    case State::trailer_value:
      if (byte == '\r') return expect('\r', State::trailer_lf);
      return is_field_byte(byte) ? take_framing(State::trailer_value) : Verdict::malformed;
    case State::trailer_lf:
      return expect('\n', State::trailer_start);
    case State::end_lf:
      return byte == '\n' ? Verdict::done : Verdict::malformed;
  }
  return Verdict::malformed;
}

ChunkDecoder::Verdict ChunkDecoder::take_size(char byte) {
  if (const int digit = hex_digit(byte); digit >= 0) {
    // Sixteen digits are 64 bits: nothing can overflow, and a line of zeros ends.
    if (++digit_count_ > 16) return Verdict::malformed;
    chunk_size_ = chunk_size_ * 16 + static_cast<std::uint64_t>(digit);
    return Verdict::more;
  }
  if (digit_count_ == 0 || (byte != '\r' && byte != ';')) return Verdict::malformed;
  if (chunk_size_ > body_size_left_) return Verdict::body_too_large;
  body_size_left_ -= chunk_size_;
  state_ = byte == ';' ? State::extension : State::size_lf;
  return Verdict::more;
}

ChunkDecoder::Verdict ChunkDecoder::take_framing(State next) {
  if (framing_size_left_ == 0) return Verdict::framing_too_large;
  --framing_size_left_;
  state_ = next;
  return Verdict::more;
}

}  // namespace larder::protocol::http
