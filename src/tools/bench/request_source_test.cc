// A stream asks for what the workload says, and the streams that fill a server store every key once. Method:
// the pending requests of many draws, counted.
#include "tools/bench/request_source.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <numeric>
#include <vector>

#include "tools/trace/value_size.h"

namespace larder::tools {
namespace {

TEST(RequestSource, MixesReadsAndStores) {
  constexpr std::size_t count = 10'000;
  for (const unsigned percent : {0U, 1U, 90U, 100U}) {
    const Workload workload{.read_percent = percent, .keys_per_read = 3};
    RequestSource source(workload, 0, 1);
    PendingRequests pending(1, 3);
    std::size_t read_count = 0;
    for (std::size_t i = 0; i < count; ++i) {
      std::string bytes;
      source.append_next({}, bytes, pending);
      EXPECT_EQ(pending.ids().size(), pending.is_read() ? 3U : 1U);
      EXPECT_TRUE(bytes.starts_with(pending.is_read() ? "*4\r\n$4\r\nMGET\r\n" : "*3\r\n$3\r\nSET\r\n"))
          << bytes;
      EXPECT_NE(bytes.find(object_key(pending.ids().back())), std::string::npos);
      if (pending.is_read()) ++read_count;
      pending.pop();
    }
    EXPECT_NEAR(static_cast<double>(read_count), count * percent / 100.0, 100) << percent;
    if (percent == 0 || percent == 100) {
      EXPECT_EQ(read_count, count * percent / 100);
    }
  }
}

TEST(RequestSource, FillsEveryKeyOnce) {
  const Workload workload = filling_workload({.key_count = 1000, .key_choice = KeyChoice::zipf});
  std::vector<std::uint64_t> ids;
  ids.reserve(1000);
  for (std::uint64_t stream = 0; stream < 7; ++stream) {
    RequestSource source(workload, stream, 7);
    PendingRequests pending(1, 1);
    for (std::uint64_t left = share_of_stream(1000, stream, 7); left > 0; --left) {
      std::string bytes;
      source.append_next({}, bytes, pending);
      EXPECT_FALSE(pending.is_read());
      ids.push_back(pending.ids().front());
      pending.pop();
    }
  }
  std::ranges::sort(ids);
  std::vector<std::uint64_t> all(1000);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(ids, all);
}

}  // namespace
}  // namespace larder::tools
