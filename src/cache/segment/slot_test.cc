// What goes into a slot comes out of it, and changing one part leaves the others alone. Method: random parts,
// and those at the edges, together.
#include "cache/segment/slot.h"

#include <cstdint>
#include <gtest/gtest.h>
#include <random>

namespace larder::cache::segment {
namespace {

constexpr Tag tag_max = (Tag{1} << tag_bit_count) - 1;
constexpr Location location_max = (Location{1} << location_bit_count) - 1;

void expect_parts(Slot slot, Tag tag, Location location, unsigned use_count, unsigned history) {
  EXPECT_EQ(tag_of(slot), tag);
  EXPECT_EQ(location_of(slot), location);
  EXPECT_EQ(use_count_of(slot), use_count);
  EXPECT_EQ(history_of(slot), history);
}

TEST(Slot, HoldsItsFourParts) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    const Tag tag = i % 3 == 0 ? tag_max : static_cast<Tag>(random() & tag_max);
    const Location location = i % 5 == 0 ? location_max : random() & location_max;
    const auto use_count = static_cast<unsigned>(random() & use_count_max);
    const auto history = static_cast<unsigned>(random() & history_max);
    expect_parts(make_slot(tag, location, use_count, history), tag, location, use_count, history);
  }
}

TEST(Slot, ChangesOnePartAtATime) {
  const Slot slot = make_slot(tag_max, 12345, 1, 2);
  expect_parts(with_location(slot, location_max), tag_max, location_max, 1, 2);
  expect_parts(with_location(slot, 1), tag_max, 1, 1, 2);
  for (unsigned count = 0; count <= use_count_max; ++count) {
    expect_parts(with_use_count(slot, count), tag_max, 12345, count, 2);
  }
}

TEST(Slot, OneThatStandsForAnItemIsNeverEmpty) {
  EXPECT_NE(make_slot(0, 1, 0, 0), empty_slot);
  EXPECT_NE(make_slot(0, location_max, 0, 0), empty_slot);
}

}  // namespace
}  // namespace larder::cache::segment
