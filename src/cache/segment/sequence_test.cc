// A reader without the lock knows when what it copied was not of one moment. Method: one thread writes bytes
// that are all alike, another copies them; copies that pass the second look are whole, and among those that
// do not there are torn ones, or the test would show nothing.
#include "cache/segment/sequence.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <gtest/gtest.h>
#include <string>
#include <thread>

#include "cache/segment/atomic_bytes.h"
#include "cache/test_support.h"

namespace larder::cache::segment {
namespace {

TEST(Sequence, ATicketIsGoodUntilSomebodyWrites) {
  Sequence sequence;
  const auto ticket = sequence.begin_read();
  ASSERT_TRUE(ticket.has_value());
  EXPECT_TRUE(sequence.still_valid(*ticket));
  sequence.begin_write();
  EXPECT_FALSE(sequence.still_valid(*ticket));
  EXPECT_FALSE(sequence.begin_read().has_value());
  sequence.end_write();
  EXPECT_FALSE(sequence.still_valid(*ticket));
  const auto next = sequence.begin_read();
  ASSERT_TRUE(next.has_value());
  EXPECT_NE(next, ticket);
  EXPECT_TRUE(sequence.still_valid(*next));
}

TEST(Sequence, NestedWritesAreOne) {
  Sequence sequence;
  const auto before = sequence.begin_read();
  {
    const WriteSection outer(sequence);
    {
      const WriteSection inner(sequence);
      EXPECT_FALSE(sequence.begin_read().has_value());
    }
    EXPECT_FALSE(sequence.begin_read().has_value());
  }
  const auto after = sequence.begin_read();
  ASSERT_TRUE(after.has_value());
  EXPECT_EQ(*after, *before + 2);
}

TEST(Sequence, NoTornCopyPassesTheSecondLook) {
  constexpr std::size_t size = 1000;
  constexpr std::size_t offset = 3;
  alignas(word_size) std::array<std::byte, size + 2 * word_size> shared{};
  Sequence sequence;
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int i = 0; !done; ++i) {
      const std::string text(size, static_cast<char>(i));
      const WriteSection section(sequence);
      copy_in(shared.data() + offset, text);
    }
  });
  alignas(word_size) std::array<std::byte, copy_size(size)> buffer{};
  constexpr int whole_count_min = LARDER_TEST_SANITIZED ? 200 : 2000;
  int whole_count = 0;
  int torn_count = 0;
  int lie_count = 0;
  for (int i = 0; i < 20'000'000 && (whole_count < whole_count_min || torn_count == 0); ++i) {
    // A reader that comes while a writer is at work would not go on; here it does, to see what it would see.
    const auto ticket = sequence.begin_read();
    const std::byte* const copy = copy_out(shared.data() + offset, size, buffer.data());
    const bool is_whole = std::all_of(copy, copy + size, [&](std::byte byte) { return byte == *copy; });
    if (!is_whole) ++torn_count;
    if (!ticket || !sequence.still_valid(*ticket)) continue;
    if (is_whole) ++whole_count;
    if (!is_whole) ++lie_count;
  }
  done = true;
  writer.join();
  EXPECT_EQ(lie_count, 0);
  EXPECT_GE(whole_count, whole_count_min);
  EXPECT_GT(torn_count, 0);
}

}  // namespace
}  // namespace larder::cache::segment
