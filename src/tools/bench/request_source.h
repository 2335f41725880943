// tools/bench/request_source.h: the next request of a workload, as bytes and as something to wait for.
#pragma once

#include <cstdint>
#include <string>

#include "base/random.h"
#include "tools/bench/key_source.h"
#include "tools/bench/pending_requests.h"
#include "tools/bench/request_writer.h"
#include "tools/bench/workload.h"

namespace larder::tools {

/// One stream of requests of several.
///
/// Threads    belongs to one
class RequestSource final {
 public:
  RequestSource(const Workload& workload, std::uint64_t stream, std::uint64_t stream_count);

  /// Appends the next request to `target` and to `pending`, which has room, with the moment `time`.
  void append_next(BenchTime time, std::string& target, PendingRequests& pending);

 private:
  unsigned read_percent_;
  std::uint32_t keys_per_read_;
  RequestWriter writer_;
  KeySource keys_;
  SplitMix64 random_;
};

/// The stores that fill a server with every key of `workload`: that many requests of this workload, from each
/// stream as many as share_of_stream() says.
[[nodiscard]] Workload filling_workload(const Workload& workload);
[[nodiscard]] std::uint64_t share_of_stream(std::uint64_t key_count, std::uint64_t stream,
                                            std::uint64_t stream_count);

}  // namespace larder::tools
