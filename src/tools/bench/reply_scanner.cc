#include "tools/bench/reply_scanner.h"

#include "tools/bench/memcached_replies.h"
#include "tools/bench/resp_replies.h"

namespace larder::tools {

std::unique_ptr<ReplyScanner> make_reply_scanner(const Workload& workload) {
  if (workload.protocol == BenchProtocol::resp) return std::make_unique<RespReplies>(workload);
  return std::make_unique<MemcachedReplies>(workload);
}

}  // namespace larder::tools
