// As many connections as descriptors allow, and the soft limit is no obstacle. Method: the limit of the
// test's own process is lowered and raised again.
#include "program/file_limit.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace larder::program {
namespace {

TEST(FileLimit, RaisesTheSoftLimitToTheHardOne) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  ASSERT_GE(limit.rlim_max, 128U);
  limit.rlim_cur = 128;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(raise_file_limit(), limit.rlim_max);
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(limit.rlim_cur, limit.rlim_max);
}

TEST(FileLimit, FitsConnectionsIntoWhatTheProgramLeaves) {
  EXPECT_EQ(connections_that_fit(10'000, 20'000, 64), 10'000U);
  EXPECT_EQ(connections_that_fit(10'000, 1'024, 64), 960U);
  EXPECT_EQ(connections_that_fit(10'000, 10'064, 64), 10'000U);
  EXPECT_EQ(connections_that_fit(10'000, 10'063, 64), 9'999U);
  EXPECT_EQ(connections_that_fit(10'000, 10, 64), 1U);
  EXPECT_EQ(connections_that_fit(1, RLIM_INFINITY, 64), 1U);
}

}  // namespace
}  // namespace larder::program
