// The longest common sequence is the one that the textbook's table gives, and the way back through it the one
// of Redis. Method: random pairs of few and of many different bytes, of sizes on both sides of a word,
// compared with that table. The seed is printed first; LARDER_SEED=N replays a run.
#include "session/common_sequence.h"

#include <array>
#include <cstdint>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/sizes.h"
#include "base/test_seed.h"

namespace larder::session {
namespace {

CommonSequence by_the_book(Bytes a, Bytes b) {
  std::vector<std::vector<int>> length(a.size() + 1, std::vector<int>(b.size() + 1));
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      length[i][j] =
          a[i - 1] == b[j - 1] ? length[i - 1][j - 1] + 1 : std::max(length[i - 1][j], length[i][j - 1]);
    }
  }
  CommonSequence common;
  std::size_t i = a.size();
  std::size_t j = b.size();
  while (i > 0 && j > 0) {
    if (a[i - 1] == b[j - 1]) {
      --i;
      --j;
      common.bytes.insert(common.bytes.begin(), a[i]);
      common.pieces.push_back({.a_start = i, .b_start = j, .size = 1});
    } else if (length[i - 1][j] > length[i][j - 1]) {
      --i;
    } else {
      --j;
    }
  }
  EXPECT_EQ(common.bytes.size(), static_cast<std::size_t>(length[a.size()][b.size()]));
  return common;
}

// Pieces of one byte each.
std::vector<CommonPiece> cut(const std::vector<CommonPiece>& pieces) {
  std::vector<CommonPiece> single;
  for (const CommonPiece& piece : pieces) {
    for (std::size_t k = piece.size; k > 0; --k) {
      single.push_back({.a_start = piece.a_start + k - 1, .b_start = piece.b_start + k - 1, .size = 1});
    }
  }
  return single;
}

TEST(CommonSequence, IsTheOneOfTheTextbooksTable) {
  SplitMix64 random(test_seed());
  constexpr std::array<std::size_t, 8> sizes{1, 2, 5, 63, 64, 65, 128, 200};
  for (int run = 0; run < 2000; ++run) {
    const std::size_t alphabet = run % 3 == 0 ? 256 : 2 + random.next() % 4;
    const auto draw = [&] {
      std::string text(sizes[random.next() % sizes.size()], '\0');
      for (char& c : text) c = static_cast<char>(random.next() % alphabet);
      return text;
    };
    const std::string a = draw();
    const std::string b = draw();
    const CommonSequence expected = by_the_book(a, b);
    const CommonSequence found = find_common_sequence(a, b);
    ASSERT_EQ(found.bytes, expected.bytes) << "run " << run;
    ASSERT_EQ(cut(found.pieces), expected.pieces) << "run " << run;
  }
}

TEST(CommonSequence, JoinsPlacesThatLieSideBySide) {
  const CommonSequence found = find_common_sequence("ohmytext", "mynewtext");
  EXPECT_EQ(found.bytes, "mytext");
  const std::vector<CommonPiece> pieces = {{.a_start = 4, .b_start = 5, .size = 4},
                                           {.a_start = 2, .b_start = 0, .size = 2}};
  EXPECT_EQ(found.pieces, pieces);
}

TEST(CommonSequence, OfNothingIsNothing) {
  EXPECT_EQ(find_common_sequence("", "abc").bytes, "");
  EXPECT_EQ(find_common_sequence("abc", "").bytes, "");
  EXPECT_EQ(find_common_sequence("", "").bytes, "");
  EXPECT_EQ(find_common_sequence("abc", "xyz").pieces.size(), 0U);
}

// 11,585 * 11,585 numbers of four bytes just fit into 512 MiB.
TEST(CommonSequence, HasBounds) {
  EXPECT_TRUE(can_find_common_sequence(11584, 11584));
  EXPECT_FALSE(can_find_common_sequence(11584, 11585));
  EXPECT_TRUE(can_find_common_sequence(2 * mib - 31, 31));
  EXPECT_FALSE(can_find_common_sequence(2 * mib, 1));
  EXPECT_TRUE(can_find_common_sequence(2 * mib, 0));
  EXPECT_FALSE(can_find_common_sequence(0, 2 * mib + 1));
  EXPECT_FALSE(can_find_common_sequence(~std::size_t{0}, ~std::size_t{0}));
}

TEST(CommonSequence, IsFoundAtItsBounds) {
  EXPECT_EQ(find_common_sequence(std::string(11584, 'a'), std::string(11584, 'a')).bytes.size(), 11584U);
  EXPECT_EQ(find_common_sequence(std::string(2 * mib - 1, 'a'), "a").bytes, "a");
  EXPECT_EQ(find_common_sequence("a", std::string(2 * mib - 1, 'a')).bytes, "a");
}

}  // namespace
}  // namespace larder::session
