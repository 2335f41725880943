// tools/replay/miss_table.h: what a simulation found, as text.
//
//   914145 requests of 186880 objects
//
//   miss ratio      1%      5%     20%
//   objects       1868    9344   37376
//   fifo        0.6339  0.4341  0.3074
//   lru         0.5837  0.3992  0.2803
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace larder::tools {

/// The misses of several policies in caches of several sizes, for the same requests.
struct MissFigures {
  std::uint64_t request_count = 0;
  std::uint64_t object_count = 0;
  bool has_sizes = false;                   // capacities are bytes then, and objects otherwise
  std::vector<std::string> size_texts{};    // as they were asked for
  std::vector<std::uint64_t> capacities{};  // one for each
  std::vector<std::string> policies{};
  std::vector<std::vector<std::uint64_t>> misses{};  // [policy][size]

  [[nodiscard]] double miss_ratio(std::size_t policy, std::size_t size) const {
    return static_cast<double>(misses[policy][size]) / static_cast<double>(request_count);
  }
};

/// The table, four decimals, every line ended. A row is a policy; with more sizes than fit beside each other,
/// a row is a size.
[[nodiscard]] std::string miss_table(const MissFigures& figures);

}  // namespace larder::tools
