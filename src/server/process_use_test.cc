// The process's figures come from the kernel. Method: use some, and see them grow.
#include "server/process_use.h"

#include <gtest/gtest.h>
#include <string>

namespace larder::server {
namespace {

TEST(ProcessUse, GrowsWithWhatIsUsed) {
  const session::ProcessUse before = process_use();
  EXPECT_GT(before.resident_size, 0U);
  EXPECT_LT(before.resident_size, machine_memory_size());
  const std::string touched(std::size_t{64} << 20, 'x');
  session::ProcessUse after = process_use();
  EXPECT_GE(after.resident_size, before.resident_size + (std::size_t{60} << 20)) << touched.size();
  const auto cpu = [](const session::ProcessUse& use) { return use.cpu_system_us + use.cpu_user_us; };
  for (int i = 0; i < 100'000 && cpu(after) <= cpu(before); ++i) after = process_use();
  EXPECT_GT(cpu(after), cpu(before));
  EXPECT_GT(after.thread_cpu_system_us + after.thread_cpu_user_us,
            before.thread_cpu_system_us + before.thread_cpu_user_us);
}

TEST(ProcessUse, NamesTheSystemAsRedisDoes) { EXPECT_TRUE(system_name().starts_with("Linux ")); }

}  // namespace
}  // namespace larder::server
