#include "base/base64.h"

#include <cstddef>
#include <cstdint>

namespace larder {
namespace {

constexpr Bytes alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string base64_encode(Bytes bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const Bytes group = bytes.substr(i, 3);
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      bits = (bits << 8) | (j < group.size() ? static_cast<unsigned char>(group[j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text += j <= group.size() ? alphabet[(bits >> (18 - 6 * j)) & 63U] : '=';
    }
  }
  return text;
}

std::optional<std::string> base64_decode(Bytes text) {
  if (text.size() % 4 != 0) return std::nullopt;
  const std::size_t size = text.size();
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  std::string bytes;
  bytes.reserve(size / 4 * 3);
  std::uint32_t bits = 0;
  unsigned bit_count = 0;
  for (const char letter : text) {
    const std::size_t digit = alphabet.find(letter);
    if (digit == Bytes::npos) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    bit_count += 6;
    if (bit_count < 8) continue;
    bit_count -= 8;
    bytes += static_cast<char>((bits >> bit_count) & 255U);
  }
  const bool has_stray_bits = (bits & ((1U << bit_count) - 1)) != 0;
  const bool is_padded_wrongly = (bytes.size() + 2) / 3 * 4 != size;
  if (has_stray_bits || is_padded_wrongly) return std::nullopt;
  return bytes;
}

}  // namespace larder
