#include "tools/bench/request_source.h"

#include <span>

namespace larder::tools {

RequestSource::RequestSource(const Workload& workload, std::uint64_t stream, std::uint64_t stream_count)
    : read_percent_(workload.read_percent),
      keys_per_read_(workload.keys_per_read),
      writer_(workload),
      keys_(workload, stream, stream_count),
      random_(stream_seed(workload.seed + 1, stream)) {}

void RequestSource::append_next(BenchTime time, std::string& target, PendingRequests& pending) {
  const bool is_read =
      read_percent_ == 100 || (read_percent_ != 0 && random_.next_unit() * 100 < read_percent_);
  const std::span<std::uint64_t> ids = pending.push(is_read, is_read ? keys_per_read_ : 1, time);
  for (std::uint64_t& id : ids) id = keys_.next();
  if (is_read) {
    writer_.append_read(ids, target);
  } else {
    writer_.append_store(ids.front(), target);
  }
}

Workload filling_workload(const Workload& workload) {
  Workload filling = workload;
  filling.key_choice = KeyChoice::sequential;
  filling.read_percent = 0;
  return filling;
}

std::uint64_t share_of_stream(std::uint64_t key_count, std::uint64_t stream, std::uint64_t stream_count) {
  return first_of_stream(key_count, stream + 1, stream_count) -
         first_of_stream(key_count, stream, stream_count);
}

}  // namespace larder::tools
