#include "tools/bench/reply_scanner.h"

#include <optional>
#include <string>

#include "tools/bench/memcached_replies.h"
#include "tools/bench/resp_replies.h"

namespace larder::tools {

Result<void> ReplyScanner::scan(Bytes input, PendingRequests& pending, Books& books, BenchTime now) {
  while (!input.empty()) {
    if (value_.is_open()) {
      if (auto taken = value_.take(input); !taken) return taken;
      if (value_.is_open()) break;
      if (value_.is_right()) {
        books.hit(pending);
      } else {
        books.wrong(pending, value_.id());
        is_spoilt_ = true;
      }
      end_value(pending, books, now);
      continue;
    }
    const Result<std::optional<Bytes>> line = lines_.next(input);
    if (!line) return std::unexpected(line.error());
    const std::optional<Bytes>& whole = *line;
    if (!whole) break;
    if (pending.empty()) {
      return failure(ErrorKind::malformed, "the server answers although it was not asked: " + quoted(*whole));
    }
    if (auto taken = take_line(*whole, pending, books, now); !taken) return taken;
  }
  return {};
}

std::unexpected<Error> ReplyScanner::senseless(Bytes line) const {
  const std::string protocol = workload_.protocol == BenchProtocol::resp ? "RESP" : "memcached";
  return failure(ErrorKind::malformed,
                 "the server's answer is not what " + protocol + " answers: " + quoted(line));
}

void ReplyScanner::begin_value(std::uint64_t size, std::uint64_t id) {
  value_.begin(size, value_size_of(workload_, id), id, workload_.is_verified);
}

void ReplyScanner::end_reply(PendingRequests& pending, Books& books, BenchTime now) {
  books.replied(pending, is_spoilt_, now);
  is_spoilt_ = false;
}

std::unique_ptr<ReplyScanner> make_reply_scanner(const Workload& workload) {
  if (workload.protocol == BenchProtocol::resp) return std::make_unique<RespReplies>(workload);
  return std::make_unique<MemcachedReplies>(workload);
}

}  // namespace larder::tools
