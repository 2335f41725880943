// --memory bounds the process, not just a sum of our own. Method: a child process fills a cache of 256 MiB
// with 20-byte keys and 100-byte values until it evicts, and says by how much VmRSS grew: no more than 15 %
// and 16 MiB past the limit. Then another thread stores as much again in values of other sizes: malloc cannot
// move what is allocated, so the bound is wider, but far from a second cache. `segment` does not live on
// malloc: 1 % and 16 MiB, whatever is stored. And when the limit is lowered to a quarter, what `segment` had
// beyond it goes back to the kernel. The figures are printed.
#include <array>
#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <malloc.h>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "cache/backend.h"
#include "cache/factory.h"
#include "cache/test_support.h"

namespace larder::cache {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the words of these tests

std::size_t resident_size() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "VmRSS:") continue;
    std::size_t size_kib = 0;
    status >> size_kib;
    return size_kib * kib;
  }
  return 0;
}

struct Figures {
  std::size_t filled = 0;  // VmRSS gained with the cache full
  std::size_t used = 0;    // memory_used then
  std::size_t items = 0;
  std::size_t refilled = 0;  // VmRSS gained after as many bytes again, in values of 10 to 1,000 bytes
  std::size_t lowered = 0;   // VmRSS gained when the limit was lowered after that
};

constexpr std::size_t limit = 256 * mib;
constexpr std::size_t lowered_limit = limit / 4;

void fill(Cache& cache, int first, int last) {
  std::array<char, 32> key{};
  const std::string value(100, 'v');
  for (int i = first; i < last; ++i) {
    const int size = std::snprintf(key.data(), key.size(), "key:%016d", i);
    put(cache, {key.data(), static_cast<std::size_t>(size)}, value);
  }
}

Figures measure(std::string_view backend, std::size_t thread_count) {
  Figures figures;
  malloc_trim(0);
  const std::size_t before = resident_size();
  const auto cache = make(backend, options(limit, 0, choose_shard_count(limit, 0, 2)));
  constexpr int item_count = 1'800'000;  // more than either back end holds
  std::vector<std::thread> threads;
  threads.reserve(thread_count);
  const int share = item_count / static_cast<int>(thread_count);
  for (int t = 0; t < static_cast<int>(thread_count); ++t) {
    threads.emplace_back([&cache, t, share] { fill(*cache, t * share, (t + 1) * share); });
  }
  for (std::thread& thread : threads) thread.join();
  figures.filled = resident_size() - before;
  figures.used = cache->stats().memory_used;
  figures.items = cache->stats().items;
  const std::string value(1000, 'w');
  for (int i = 0; i < 600'000; ++i) {
    const std::size_t size = 10 + static_cast<std::size_t>(i) * 7919 % 991;
    put(*cache, "other:" + std::to_string(i), Bytes(value).substr(0, size));
  }
  figures.refilled = resident_size() - before;
  EXPECT_TRUE(cache->set_memory_limit(lowered_limit));
  while (cache->sweep(at(0), 64)) {
  }
  figures.lowered = resident_size() - before;
  return figures;
}

// In a child: what other tests have allocated and freed must not help.
Figures measure_in_child(std::string_view backend, std::size_t thread_count) {
  std::array<int, 2> pipe_ends{};
  EXPECT_EQ(pipe(pipe_ends.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    const Figures figures = measure(backend, thread_count);
    const bool written = write(pipe_ends[1], &figures, sizeof figures) == sizeof figures;
    _exit(written ? 0 : 1);
  }
  close(pipe_ends[1]);
  Figures figures;
  EXPECT_EQ(read(pipe_ends[0], &figures, sizeof figures), static_cast<ssize_t>(sizeof figures));
  close(pipe_ends[0]);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  return figures;
}

class ProcessMemory : public testing::TestWithParam<std::string_view> {};

INSTANTIATE_TEST_SUITE_P(Backends, ProcessMemory,
                         testing::ValuesIn(backend_names().begin(), backend_names().end()),
                         [](const auto& given) { return std::string(given.param); });

TEST_P(ProcessMemory, StaysWithin15PercentAnd16MibOfTheLimit) {
  if (LARDER_TEST_SANITIZED) GTEST_SKIP() << "a sanitizer's shadow memory counts as resident";
  for (const std::size_t thread_count : {1U, 2U}) {  // beside the one that refills
    const Figures figures = measure_in_child(GetParam(), thread_count);
    std::printf(
        "%s, %zu thread(s): %zu items, %.1f bytes each with 20-byte keys and 100-byte values; "
        "limit 256 MiB, counted %.1f MiB, VmRSS +%.1f MiB, after values of other sizes +%.1f MiB, "
        "with a limit of 64 MiB +%.1f MiB\n",
        std::string(GetParam()).c_str(), thread_count, figures.items,
        static_cast<double>(figures.used) / static_cast<double>(figures.items),
        static_cast<double>(figures.used) / mib, static_cast<double>(figures.filled) / mib,
        static_cast<double>(figures.refilled) / mib, static_cast<double>(figures.lowered) / mib);
    EXPECT_LE(figures.used, limit);
    EXPECT_GE(figures.used, limit / 100 * 85);
    EXPECT_LE(figures.filled, limit / 100 * 115 + 16 * mib);
    EXPECT_GE(figures.filled, limit / 100 * 85);
    EXPECT_LE(figures.refilled, limit / 100 * 135 + 16 * mib);
    if (GetParam() == "segment") {
      EXPECT_LE(figures.filled, limit / 100 * 101 + 16 * mib);
      EXPECT_LE(figures.refilled, limit / 100 * 101 + 16 * mib);
      EXPECT_LE(figures.lowered, lowered_limit / 100 * 101 + 16 * mib);
    }
  }
}

}  // namespace
}  // namespace larder::cache
