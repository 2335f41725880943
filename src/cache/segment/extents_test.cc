// No two large values ever share a byte, and what is given back costs nothing any more. Method: random sizes
// are taken and given back beside a map of intervals; each keeps a pattern of its own in its first and last
// bytes.
#include "cache/segment/extents.h"

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <map>
#include <random>
#include <sys/resource.h>

#include "cache/segment/region.h"
#include "cache/test_support.h"

namespace larder::cache::segment {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the words of these tests

TEST(Extents, NoTwoThatAreTakenOverlap) {
  constexpr std::size_t size_max = 64 * mib;
  Extents extents(size_max);
  std::mt19937_64 random(1);
  struct Taken {
    std::size_t size = 0;
    std::byte mark{};
  };
  std::map<std::byte*, Taken> all;
  std::size_t footprint = 0;
  const auto give_back = [&](auto place) {
    const auto [slot, taken] = *place;
    ASSERT_EQ(slot[0], taken.mark);
    ASSERT_EQ(slot[taken.size - 1], taken.mark);
    extents.forget(slot, taken.size, 0, round_up_to_pages(taken.size));
    extents.give_back(slot, taken.size);
    footprint -= round_up_to_pages(taken.size);
    all.erase(place);
  };
  for (int i = 0; i < 30'000; ++i) {
    const std::size_t size = 1 + (random() % (4 * mib) >> random() % 12);
    if (footprint + round_up_to_pages(size) > size_max || random() % 3 == 0) {
      if (all.empty()) continue;
      auto place = all.begin();
      std::advance(place, random() % all.size());
      ASSERT_NO_FATAL_FAILURE(give_back(place));
      continue;
    }
    std::byte* const slot = extents.take(size);
    ASSERT_NE(slot, nullptr) << size;  // the budget has room for it, so there must be a slot
    const auto [place, is_new] = all.emplace(slot, Taken{.size = size, .mark = static_cast<std::byte>(i)});
    ASSERT_TRUE(is_new);
    if (place != all.begin()) {
      const auto before = std::prev(place);
      ASSERT_LE(before->first + round_up_to_pages(before->second.size), slot);
    }
    if (const auto after = std::next(place); after != all.end()) {
      ASSERT_LE(slot + round_up_to_pages(size), after->first);
    }
    slot[0] = slot[size - 1] = static_cast<std::byte>(i);
    footprint += round_up_to_pages(size);
    ASSERT_EQ(extents.count(), all.size());
    ASSERT_EQ(extents.slot_of(slot + size - 1), slot);
  }
  while (!all.empty()) ASSERT_NO_FATAL_FAILURE(give_back(all.begin()));
  EXPECT_EQ(extents.count(), 0U);
}

TEST(Extents, TheWholeBudgetFitsIntoAnyOneClass) {
  // The worst size of a class: just over half of its slots.
  for (const std::size_t size : {page_size + 1, 4 * page_size + 1, 64 * page_size + 1}) {
    const std::size_t size_max = 100 * round_up_to_pages(size);
    Extents extents(size_max);
    for (int i = 0; i < 100; ++i) ASSERT_NE(extents.take(size), nullptr);
  }
  Extents extents(mib);
  EXPECT_NE(extents.take(mib), nullptr);
  EXPECT_EQ(extents.take(mib + 1), nullptr);
  EXPECT_EQ(extents.count(), 1U);
}

TEST(Extents, AFreedSlotIsZerosAndServesAgain) {
  Extents extents(mib);
  std::byte* const first = extents.take(20'000);
  for (std::size_t i = 0; i < 20'000; ++i) first[i] = std::byte{1};
  extents.forget(first, 20'000, 0, round_up_to_pages(20'000));
  extents.give_back(first, 20'000);
  std::byte* const second = extents.take(30'000);
  EXPECT_EQ(second, first);
  for (std::size_t i = 0; i < 30'000; ++i) ASSERT_EQ(second[i], std::byte{0});
}

TEST(Extents, AnEmptyValueHasASlot) {
  Extents extents(mib);
  std::byte* const slot = extents.take(1);
  ASSERT_NE(slot, nullptr);
  extents.forget(slot, 1, 0, page_size);
  extents.give_back(slot, 1);
}

TEST(Extents, WhatNoClassMayReserveIsNotThere) {
  Extents extents(std::size_t{1} << 60);
  EXPECT_EQ(extents.take(std::size_t{1} << 59), nullptr);
  EXPECT_EQ(extents.count(), 0U);
}

TEST(Extents, WhatTheKernelRefusesIsNotThereUntilItAgrees) {
  constexpr std::size_t size_max = 4096 * mib;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_AS, &before), 0);
  std::size_t pages = 0;
  ASSERT_TRUE(std::ifstream("/proc/self/statm") >> pages);
  const rlimit tight{.rlim_cur = pages * page_size + size_max / 2, .rlim_max = before.rlim_max};
  Extents extents(size_max);
  ASSERT_EQ(::setrlimit(RLIMIT_AS, &tight), 0);
  std::byte* const refused = extents.take(10'000);
  ASSERT_EQ(::setrlimit(RLIMIT_AS, &before), 0);
  EXPECT_EQ(refused, nullptr);
  EXPECT_EQ(extents.count(), 0U);
  EXPECT_NE(extents.take(10'000), nullptr);
  EXPECT_EQ(extents.count(), 1U);
}

}  // namespace
}  // namespace larder::cache::segment
