// tools/bench/key_source.h: which key comes next.
#pragma once

#include <cstdint>

#include "base/random.h"
#include "tools/bench/workload.h"
#include "tools/trace/zipf.h"

namespace larder::tools {

/// Numbers of keys, from 0 to key_count - 1, as the workload's choice, skew and seed say.
///
/// Threads    belongs to one; each of several threads takes a stream of its own
class KeySource final {
 public:
  /// `stream` of `stream_count`: random choices differ from stream to stream; the sequential one starts each
  /// stream at its share of the keys, so that no two are at one place.
  KeySource(const Workload& workload, std::uint64_t stream, std::uint64_t stream_count);

  [[nodiscard]] std::uint64_t next();

 private:
  KeyChoice choice_;
  std::uint64_t key_count_;
  SplitMix64 random_;
  Zipf zipf_;
  std::uint64_t next_ = 0;  // of the sequential choice
};

/// Where a stream of the sequential choice starts; the stream behind the last would start at `key_count`.
[[nodiscard]] std::uint64_t first_of_stream(std::uint64_t key_count, std::uint64_t stream,
                                            std::uint64_t stream_count);

/// The seed of one stream of several; streams of one seed have nothing in common.
[[nodiscard]] std::uint64_t stream_seed(std::uint64_t seed, std::uint64_t stream);

}  // namespace larder::tools
