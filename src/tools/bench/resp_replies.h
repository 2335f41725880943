// tools/bench/resp_replies.h: RESP's replies to GET, MGET and SET.
//
//   $64\r\n ... \r\n | $-1\r\n          a hit, a miss; MGET: *100\r\n and so many of them
//   +OK\r\n                             stored
//   -ERR no such thing\r\n              refused
#pragma once

#include "tools/bench/reply_parts.h"
#include "tools/bench/reply_scanner.h"

namespace larder::tools {

class RespReplies final : public ReplyScanner {
 public:
  explicit RespReplies(const Workload& workload) : workload_(workload) {}

  [[nodiscard]] Result<void> scan(Bytes input, PendingRequests& pending, Books& books,
                                  BenchTime now) override;

 private:
  Result<void> begin_reply(Bytes line, PendingRequests& pending, Books& books, BenchTime now);
  Result<void> begin_element(Bytes line, PendingRequests& pending, Books& books, BenchTime now);
  void end_element(PendingRequests& pending, Books& books, BenchTime now);
  void end_reply(PendingRequests& pending, Books& books, BenchTime now);

  const Workload& workload_;
  LineCutter lines_;
  PassingValue value_;
  std::size_t element_count_ = 0;  // of the reply under way; 0 between replies
  std::size_t element_index_ = 0;
  bool is_spoilt_ = false;
};

}  // namespace larder::tools
