// cache/conformance.h: what the conformance tests share. They run over every name that the factory knows,
// with one shard and with several, and over every policy of the back end that has them: one to come joins by
// its name. What only an exact LRU promises is
// in exact_lru_test.cc.
#pragma once

#include <cstddef>
#include <gtest/gtest.h>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "cache/backend.h"
#include "cache/factory.h"
#include "cache/test_support.h"

namespace larder::cache::test {

struct Setup {
  std::string_view backend;
  std::string_view policy;
  std::size_t shard_count;
};

inline void PrintTo(const Setup& setup, std::ostream* out) {
  *out << setup.backend << " (" << setup.policy << ") with " << setup.shard_count << " shards";
}

inline std::vector<Setup> setups() {
  std::vector<Setup> all;
  for (const std::string_view backend : backend_names()) {
    for (const std::string_view policy : policy_names()) {
      if (backend != "segment" && policy != policy_names().front())
        continue;  // each of them has its own order
      for (const std::size_t shard_count : {1U, 8U}) all.push_back({backend, policy, shard_count});
    }
  }
  return all;
}

inline std::string setup_name(const testing::TestParamInfo<Setup>& info) {
  const std::string policy = info.param.backend == "segment" ? std::string(info.param.policy) + "_" : "";
  return std::string(info.param.backend) + "_" + policy + std::to_string(info.param.shard_count);
}

class Conformance : public testing::TestWithParam<Setup> {
 protected:
  [[nodiscard]] std::unique_ptr<Cache> make_limited(std::size_t memory_size_max,
                                                    std::size_t item_count_max = 0) const {
    CacheOptions limits = options(memory_size_max, item_count_max, GetParam().shard_count);
    limits.policy = GetParam().policy;
    return make(GetParam().backend, limits);
  }

  std::unique_ptr<Cache> owned_ = make_limited(64 * mib);
  Cache& cache_ = *owned_;  // with room for everything that a test puts into it
};

}  // namespace larder::cache::test
