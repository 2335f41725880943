// Bytes go in and come out wherever they begin, and their neighbours stay as they were. Method: every offset
// in a word and every size up to a few words, beside memcpy.
#include "cache/segment/atomic_bytes.h"

#include <array>
#include <cstddef>
#include <cstring>
#include <gtest/gtest.h>
#include <string>

namespace larder::cache::segment {
namespace {

constexpr std::size_t area_size = 96;

struct alignas(word_size) Area {
  std::array<std::byte, area_size> bytes{};

  Area() {
    for (std::size_t i = 0; i < area_size; ++i) bytes.at(i) = static_cast<std::byte>(0x80 + i);
  }
  std::byte* at(std::size_t offset) { return bytes.data() + offset; }
};

std::string text_of(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text.push_back(static_cast<char>('A' + i));
  return text;
}

TEST(AtomicBytes, WritingChangesTheBytesAndNotTheirNeighbours) {
  for (std::size_t offset = 8; offset < 24; ++offset) {
    for (std::size_t size = 0; size < 40; ++size) {
      Area area;
      Area expected;
      const std::string text = text_of(size);
      std::memcpy(expected.at(offset), text.data(), size);
      copy_in(area.at(offset), text);
      ASSERT_EQ(area.bytes, expected.bytes) << offset << ' ' << size;
    }
  }
}

TEST(AtomicBytes, ReadingCopiesTheBytesWhereverTheyBegin) {
  for (std::size_t offset = 8; offset < 24; ++offset) {
    for (std::size_t size = 0; size < 40; ++size) {
      Area area;
      alignas(word_size) std::array<std::byte, copy_size(40) + word_size> buffer{};
      buffer[copy_size(size)] = std::byte{0x11};
      const std::byte* const copy = copy_out(area.at(offset), size, buffer.data());
      ASSERT_GE(copy, buffer.data());
      ASSERT_LE(copy + size, buffer.data() + copy_size(size));
      ASSERT_EQ(std::memcmp(copy, area.at(offset), size), 0) << offset << ' ' << size;
      ASSERT_EQ(buffer[copy_size(size)], std::byte{0x11}) << "more than copy_size() was written";
    }
  }
}

TEST(AtomicBytes, AWordMayBeginAnywhere) {
  Area area;
  for (std::size_t offset = 0; offset < 24; ++offset) {
    Word expected = 0;
    std::memcpy(&expected, area.at(offset), word_size);
    EXPECT_EQ(load_unaligned(area.at(offset)), expected) << offset;
  }
}

TEST(AtomicBytes, ComparingSeesEveryByteAndNoneBeyond) {
  for (std::size_t offset = 8; offset < 16; ++offset) {
    for (std::size_t size = 0; size < 40; ++size) {
      Area area;
      const std::string text = text_of(size);
      copy_in(area.at(offset), text);
      ASSERT_TRUE(equals(area.at(offset), text)) << offset << ' ' << size;
      *area.at(offset + size) ^= std::byte{0xFF};
      *area.at(offset - 1) ^= std::byte{0xFF};
      ASSERT_TRUE(equals(area.at(offset), text)) << offset << ' ' << size;
      for (std::size_t i = 0; i < size; ++i) {
        std::string other = text;
        other[i] = static_cast<char>(other[i] ^ 1);
        ASSERT_FALSE(equals(area.at(offset), other)) << offset << ' ' << size << " at " << i;
      }
    }
  }
}

}  // namespace
}  // namespace larder::cache::segment
