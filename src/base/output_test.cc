// What leaves is what was appended, in its order, wherever it lay; what was borrowed goes back once and not
// early. Method: a model that is a string, under random appends, sends and withdrawals.
#include "base/output.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>

namespace larder {
namespace {

// Lends strings, and forgets those that come back.
class Library final : public Lender {
 public:
  Loan lend(Bytes text) override {
    auto owned = std::make_unique<std::string>(text);
    const std::string* const owner = owned.get();
    out_.emplace(owner, std::move(owned));
    return {*this, owner, *owner};
  }
  void take_back(const void* owner) noexcept override { return_count_ += out_.erase(owner); }
  bool is_orphan(const void* /*owner*/) const noexcept override { return are_orphans; }

  [[nodiscard]] std::size_t out_count() const { return out_.size(); }
  [[nodiscard]] std::size_t return_count() const { return return_count_; }

  bool are_orphans = false;

 private:
  std::map<const void*, std::unique_ptr<std::string>> out_;
  std::size_t return_count_ = 0;
};

std::string gathered(const Output& output, std::size_t part_count) {
  std::array<Bytes, 64> parts;
  std::string text;
  const std::size_t count = output.gather(std::span(parts).first(part_count));
  for (std::size_t i = 0; i < count; ++i) text.append(parts[i]);
  return text;
}

TEST(Output, KeepsOrderWhileItIsSentInPieces) {
  Output output;
  std::string sent;
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string piece(static_cast<std::size_t>(i), static_cast<char>('a' + i % 26));
    output.append(piece);
    expected += piece;
    const std::size_t size = output.size() / 3;
    sent += output.pending().substr(0, size);
    output.sent(size);
  }
  sent += output.pending();
  EXPECT_EQ(sent, expected);
  output.sent(output.size());
  EXPECT_TRUE(output.empty());
  EXPECT_LE(output.capacity(), Output::kept_capacity_max);
}

TEST(Output, IsFullFromTheHighWaterMarkOn) {
  Output output;
  output.append(std::string(Output::turn_size - 1, 'x'));
  EXPECT_FALSE(output.full());
  output.append('x');
  EXPECT_TRUE(output.full());
  output.sent(1);
  EXPECT_FALSE(output.full());
}

TEST(OutputWithLoans, SendsWhatWasAppendedWhereverItLies) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    Library library;
    Output output;
    std::string model;
    std::size_t lent_count = 0;
    const auto piece = [&] {
      return std::string(1 + random() % 5000, static_cast<char>('a' + random() % 26));
    };
    for (int i = 0; i < 3000; ++i) {
      switch (random() % 5) {
        case 0:
          model += output.size() < 200'000 ? piece() : "";
          output.append(Bytes(model).substr(output.size()));
          break;
        case 1: {
          const std::string text = piece();
          model += text;
          output.append(library.lend(text));
          ++lent_count;
          break;
        }
        case 2: {  // a reply that is taken back
          const std::size_t size = output.size();
          output.append("header");
          output.append(library.lend(piece()));
          output.append(library.lend(piece()));
          output.append("\r\n");
          lent_count += 2;
          output.shrink_to(size);
          break;
        }
        default: {
          const std::size_t size = random() % (output.size() + 1);
          output.sent(size);
          model.erase(0, size);
        }
      }
      ASSERT_EQ(output.size(), model.size());
      ASSERT_EQ(output.text(), model);
      const std::string front = gathered(output, 1 + random() % 8);
      ASSERT_EQ(front, model.substr(0, front.size()));
      ASSERT_EQ(front.empty(), model.empty());
      ASSERT_EQ(library.out_count() + library.return_count(), lent_count);
    }
    output.sent(output.size());
    EXPECT_EQ(library.out_count(), 0U);
    EXPECT_FALSE(output.has_loans());
    EXPECT_EQ(output.pending(), "");
  }
}

TEST(OutputWithLoans, GivesThemBackWhenItIsClearedOrGone) {
  Library library;
  {
    Output output;
    output.append(library.lend("one"));
    output.append(library.lend("two"));
    output.clear();
    EXPECT_EQ(library.return_count(), 2U);
    output.append(library.lend("three"));
  }
  EXPECT_EQ(library.return_count(), 3U);
}

TEST(OutputWithLoans, ShowsTheOwnBytesThatWereAppendedLast) {
  Library library;
  Output output;
  output.append("first");
  EXPECT_EQ(output.own_tail(0), "first");
  EXPECT_EQ(output.own_tail(2), "rst");
  output.append(library.lend("lent"));
  EXPECT_EQ(output.own_tail(5), "") << "it is not all its own";
  EXPECT_EQ(output.own_tail(9), "");
  output.append("-ERR");
  EXPECT_EQ(output.own_tail(9), "-ERR");
  output.sent(7);
  EXPECT_EQ(output.own_tail(2), "-ERR");
}

TEST(OutputWithLoans, KnowsAnOrphanThatIsOlderThanALook) {
  Library library;
  Output output;
  output.append(library.lend("one"));
  EXPECT_FALSE(output.keeps_orphan_of(1));
  library.are_orphans = true;
  EXPECT_TRUE(output.keeps_orphan_of(1));
  EXPECT_FALSE(output.keeps_orphan_of(0)) << "it came after the look";
  output.append(library.lend("two"));
  output.sent(3);
  EXPECT_FALSE(output.keeps_orphan_of(1));
  EXPECT_TRUE(output.keeps_orphan_of(output.loan_count()));
}

}  // namespace
}  // namespace larder
