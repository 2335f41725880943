// tools/bench/memcached_replies.h: replies to get and set of memcached's text protocol.
//
//   VALUE key 0 64\r\n ... \r\n         a hit; of several keys that were asked, in their order
//   END\r\n                             the end of a get; the keys that had no VALUE are misses
//   STORED\r\n                          stored
//   ERROR, CLIENT_ERROR ..., SERVER_ERROR ..., NOT_STORED    refused
//
// Source: protocol.txt of memcached 1.6
#pragma once

#include "tools/bench/reply_parts.h"
#include "tools/bench/reply_scanner.h"

namespace larder::tools {

class MemcachedReplies final : public ReplyScanner {
 public:
  using ReplyScanner::ReplyScanner;

 private:
  Result<void> take_line(Bytes line, PendingRequests& pending, Books& books, BenchTime now) override;
  void end_value(PendingRequests& /*pending*/, Books& /*books*/, BenchTime /*now*/) override {
  }  // END ends it
  Result<void> begin_item(Bytes line, PendingRequests& pending, Books& books);
  void end_whole_reply(PendingRequests& pending, Books& books, BenchTime now);

  std::size_t key_index_ = 0;  // of the first key that was neither found nor passed over
};

}  // namespace larder::tools
