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
  using ReplyScanner::ReplyScanner;

 private:
  Result<void> take_line(Bytes line, PendingRequests& pending, Books& books, BenchTime now) override;
  void end_value(PendingRequests& pending, Books& books, BenchTime now) override;
  Result<void> begin_reply(Bytes line, PendingRequests& pending, Books& books, BenchTime now);
  Result<void> begin_element(Bytes line, PendingRequests& pending, Books& books, BenchTime now);

  std::size_t element_count_ = 0;  // of the reply under way; 0 between replies
  std::size_t element_index_ = 0;
};

}  // namespace larder::tools
