// A region costs what was touched and nothing else, and forgotten pages are zeros. Method: touch, forget and
// count the resident pages.
#include "cache/segment/region.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <system_error>
#include <utility>

#include "cache/test_support.h"

namespace larder::cache::segment {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the words of these tests

// 256 GiB: far more than a machine that runs this has, and less than ThreadSanitizer leaves. It has 1.5 TiB
// of addresses for mappings, of which the kernel skips a random part of up to 1 TiB at a process' start.
TEST(Region, CostsMemoryOnlyWhereItWasTouched) {
  const Region region(std::size_t{1} << 38);
  EXPECT_EQ(region.size(), std::size_t{1} << 38);
  region.data()[0] = std::byte{1};
  region.data()[region.size() - 1] = std::byte{2};
  const Region small(64 * page_size);
  for (std::size_t page = 0; page < 10; ++page) small.data()[page * page_size] = std::byte{1};
  EXPECT_EQ(resident_size(small), 10 * page_size);
}

TEST(Region, ForgottenPagesReadAsZerosAndCostNothing) {
  const Region region(16 * page_size);
  for (std::size_t i = 0; i < region.size(); ++i) region.data()[i] = std::byte{7};
  EXPECT_EQ(resident_size(region), region.size());
  region.forget(4 * page_size, 8 * page_size);
  EXPECT_EQ(resident_size(region), 8 * page_size);
  for (std::size_t i = 0; i < region.size(); ++i) {
    const bool is_forgotten = i >= 4 * page_size && i < 12 * page_size;
    ASSERT_EQ(region.data()[i], is_forgotten ? std::byte{0} : std::byte{7}) << i;
  }
  region.forget(0, 0);
}

TEST(Region, LargeOnesBeginWhereAHugePageMay) {
  for (const std::size_t size : {huge_page_size, 2 * huge_page_size, 3 * huge_page_size + page_size}) {
    const Region region(size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(region.data()) % huge_page_size, 0U);
    EXPECT_EQ(region.size(), size);
    region.data()[size - 1] = std::byte{1};
  }
}

// The flags of the mapping that holds `address`: "rd wr mr mw me nr nh".
std::string mapping_flags(const std::byte* address) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  std::ifstream maps("/proc/self/smaps");
  std::string line;
  bool is_it = false;
  while (std::getline(maps, line)) {
    std::uintptr_t start = 0;
    std::uintptr_t end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &start, &end) == 2) is_it = start <= wanted && wanted < end;
    if (is_it && line.starts_with("VmFlags:")) return line + " ";
  }
  return "";
}

// Or a process would grow beyond its limit wherever the machine makes huge pages of all it can.
TEST(Region, NeverHasAHugePageThatNobodyAskedFor) {
  if (mapping_flags(Region(page_size).data()).empty()) GTEST_SKIP() << "the kernel does not show flags";
  const Region region(3 * huge_page_size);
  for (std::size_t i = 0; i < region.size(); i += page_size) region.data()[i] = std::byte{1};
  static_cast<void>(region.gather(huge_page_size, huge_page_size));
  for (std::size_t offset = 0; offset < region.size(); offset += huge_page_size) {
    EXPECT_NE(mapping_flags(region.data() + offset).find(" nh "), std::string::npos) << offset;
    EXPECT_EQ(mapping_flags(region.data() + offset).find(" hg "), std::string::npos) << offset;
  }
}

TEST(Region, GatheringChangesNoByte) {
  const Region region(2 * huge_page_size);
  for (std::size_t i = 0; i < region.size(); ++i) region.data()[i] = static_cast<std::byte>(i * 7 >> 3);
  static_cast<void>(region.gather(huge_page_size, huge_page_size));
  for (std::size_t i = 0; i < region.size(); ++i) {
    ASSERT_EQ(region.data()[i], static_cast<std::byte>(i * 7 >> 3));
  }
}

TEST(Region, MovesWithItsMapping) {
  Region first(4 * page_size);
  first.data()[5] = std::byte{9};
  Region second(std::move(first));
  EXPECT_EQ(second.data()[5], std::byte{9});
  Region third;
  EXPECT_EQ(third.size(), 0U);
  third = std::move(second);
  EXPECT_EQ(third.data()[5], std::byte{9});
  EXPECT_EQ(third.size(), 4 * page_size);
}

TEST(Region, MoreAddressesThanThereAreIsAnError) {
  EXPECT_THROW(Region(std::size_t{1} << 60), std::system_error);
}

}  // namespace
}  // namespace larder::cache::segment
