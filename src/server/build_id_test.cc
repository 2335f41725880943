// The program knows its own build. Method: this test is a program, and its file holds the same bytes.
#include "server/build_id.h"

#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>

namespace larder::server {
namespace {

TEST(BuildId, IsThatOfTheProgramsFile) {
  const std::string id = build_id();
  ASSERT_EQ(id.size(), 16U);
  EXPECT_EQ(id, build_id());
  std::string bytes;
  for (std::size_t i = 0; i < id.size(); i += 2) {
    bytes += static_cast<char>(std::stoul(id.substr(i, 2), nullptr, 16));
  }
  std::ifstream file("/proc/self/exe", std::ios::binary);
  const std::string program{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_NE(program.find(std::string("GNU\0", 4) + bytes), std::string::npos);
}

}  // namespace
}  // namespace larder::server
