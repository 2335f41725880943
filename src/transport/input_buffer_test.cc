// What a connection holds of unfinished input. Method: the bytes must come out as they went in, and the
// capacity, which is what a peer can make us spend, is looked at after each step.
#include "transport/input_buffer.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>

namespace larder::transport {
namespace {

TEST(InputBuffer, GivesBackWhatWentInWhateverTheCuts) {
  std::string sent;
  for (int i = 0; i < 5000; ++i) sent += static_cast<char>(i * 7);
  for (std::size_t cut = 1; cut < 400; cut += 13) {
    InputBuffer buffer;
    std::string seen;
    for (std::size_t at = 0; at < sent.size(); at += cut) {
      buffer.append(Bytes(sent).substr(at, cut), 0);
      const std::size_t taken = buffer.size() * 2 / 3;
      seen += buffer.bytes().substr(0, taken);
      buffer.consume(taken);
    }
    seen += buffer.bytes();
    EXPECT_EQ(seen, sent);
  }
}

TEST(InputBuffer, OwnsNothingWhenEmpty) {
  InputBuffer buffer;
  EXPECT_EQ(buffer.capacity(), 0U);
  buffer.append(std::string(100'000, 'x'), 0);
  buffer.consume(100'000);
  EXPECT_EQ(buffer.capacity(), 0U);
}

TEST(InputBuffer, KeepsAShortTailInALittleRoom) {
  InputBuffer buffer;
  buffer.append(std::string(65'536, 'x'), 0);
  buffer.consume(65'516);
  EXPECT_EQ(buffer.bytes(), std::string(20, 'x'));
  EXPECT_LE(buffer.capacity(), 64U);
}

TEST(InputBuffer, SpendsNothingOnAClaimAndEndsAtExactlyIt) {
  constexpr std::size_t claimed = std::size_t{32} << 20;
  InputBuffer buffer;
  buffer.append(std::string(10, 'x'), claimed);
  EXPECT_LE(buffer.capacity(), 64U);
  std::size_t growths = 0;
  std::size_t capacity_before = buffer.capacity();
  const std::string read(65'536, 'y');
  while (buffer.size() < claimed) {
    buffer.append(Bytes(read).substr(0, claimed - buffer.size()), claimed);
    EXPECT_LE(buffer.capacity(), std::max<std::size_t>(2 * buffer.size(), 64));
    if (buffer.capacity() != capacity_before) ++growths;
    capacity_before = buffer.capacity();
  }
  EXPECT_EQ(buffer.capacity(), claimed);
  EXPECT_LE(growths, 12U) << "a message must not be copied once for each read";
}

}  // namespace
}  // namespace larder::transport
