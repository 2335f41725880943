#include "base/utf8.h"

#include <cstddef>

namespace larder {
namespace {

struct Lead {
  std::size_t tail_count;  // continuation bytes that follow
  unsigned char low;       // the first of them lies in [low, high]; the others in [0x80, 0xBF]
  unsigned char high;
};

// The rows of table 3-7. tail_count 0 with low > high means "cannot lead".
Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {0, 0, 0};
  if (byte < 0xC2) return {0, 1, 0};
  if (byte < 0xE0) return {1, 0x80, 0xBF};
  if (byte == 0xE0) return {2, 0xA0, 0xBF};
  if (byte == 0xED) return {2, 0x80, 0x9F};
  if (byte < 0xF0) return {2, 0x80, 0xBF};
  if (byte == 0xF0) return {3, 0x90, 0xBF};
  if (byte < 0xF4) return {3, 0x80, 0xBF};
  if (byte == 0xF4) return {3, 0x80, 0x8F};
  return {0, 1, 0};
}

}  // namespace

bool is_utf8(Bytes text) {
  std::size_t offset = 0;
  while (offset < text.size()) {
    const Lead lead = lead_of(static_cast<unsigned char>(text[offset]));
    if (lead.low > lead.high) return false;
    if (text.size() - offset - 1 < lead.tail_count) return false;
    for (std::size_t i = 1; i <= lead.tail_count; ++i) {
      const auto byte = static_cast<unsigned char>(text[offset + i]);
      const unsigned char low = i == 1 ? lead.low : 0x80;
      const unsigned char high = i == 1 ? lead.high : 0xBF;
      if (byte < low || byte > high) return false;
    }
    offset += 1 + lead.tail_count;
  }
  return true;
}

}  // namespace larder
