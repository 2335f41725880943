// protocol/websocket/test_frames.h: frames as a client would write them, for tests. RFC 6455, 5.2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace larder::protocol::websocket::test {

struct FrameShape {
  unsigned opcode = 1;
  bool final = true;
  bool masked = true;
  unsigned reserved_bits = 0;
};

/// One frame around `payload`; `announced` bytes are announced if that is another number.
inline std::string frame(const FrameShape& shape, Bytes payload, std::uint64_t announced) {
  std::string bytes;
  bytes += static_cast<char>((shape.final ? 0x80U : 0U) | shape.reserved_bits << 4 | shape.opcode);
  const unsigned mask_bit = shape.masked ? 0x80U : 0U;
  int size_byte_count = 0;
  if (announced < 126) {
    bytes += static_cast<char>(mask_bit | announced);
  } else if (announced < 65536) {
    bytes += static_cast<char>(mask_bit | 126U);
    size_byte_count = 2;
  } else {
    bytes += static_cast<char>(mask_bit | 127U);
    size_byte_count = 8;
  }
  for (int i = size_byte_count - 1; i >= 0; --i) bytes += static_cast<char>(announced >> (8 * i) & 0xFF);
  static constexpr Bytes mask = "\x12\x34\x56\x78";
  if (shape.masked) bytes += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) {
    bytes += shape.masked ? static_cast<char>(payload[i] ^ mask[i % 4]) : payload[i];
  }
  return bytes;
}

inline std::string frame(const FrameShape& shape, Bytes payload) {
  return frame(shape, payload, payload.size());
}

inline std::string text_frame(Bytes payload) { return frame({.opcode = 1}, payload); }
inline std::string binary_frame(Bytes payload) { return frame({.opcode = 2}, payload); }
inline std::string ping_frame(Bytes payload) { return frame({.opcode = 9}, payload); }

/// A close frame with a code and a reason.
inline std::string close_frame(unsigned code, Bytes reason = {}) {
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
  return frame({.opcode = 8}, payload += reason);
}

/// A frame as the server writes it.
inline std::string server_frame(unsigned opcode, Bytes payload) {
  return frame({.opcode = opcode, .masked = false}, payload);
}

/// The code of the close frame that `bytes` end with; 0 if they do not end with one whose reason is ASCII.
inline unsigned trailing_close_code(Bytes bytes) {
  for (std::size_t size = 2; size <= 125 && size + 2 <= bytes.size(); ++size) {
    const Bytes tail = bytes.substr(bytes.size() - size - 2);
    if (static_cast<unsigned char>(tail[0]) == 0x88 && static_cast<unsigned char>(tail[1]) == size) {
      return static_cast<unsigned char>(tail[2]) * 256U + static_cast<unsigned char>(tail[3]);
    }
  }
  return 0;
}

}  // namespace larder::protocol::websocket::test
