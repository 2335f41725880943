// web/web_handler.h: one connection to the web application, without a socket.
//
//   bytes -> RequestParser -> plan() -> WebResponse -> bytes
//                               '-> CallRunner ... a thread ... wake -> WebResponse -> bytes
//
// One request at a time: while the cache is asked for one, those behind it wait in the connection's input, so
// that pipelined requests are answered in order.
#pragma once

#include <cstddef>
#include <memory>

#include "protocol/http/request_parser.h"
#include "transport/address_counts.h"
#include "transport/handler.h"
#include "web/cache_calls.h"
#include "web/memory_budget.h"

namespace larder::web {

struct WebLimits {
  /// 8 MiB of form; larger values belong on the cache's own ports.
  protocol::http::RequestLimits request{.body_size_max = std::size_t{8} << 20};
  Duration idle_timeout{60'000};
};

/// Answers the requests of one connection.
///
/// Ownership  borrows the runner, the limits, the budget and what the rules name, which outlive the loop's
///            run. What a call under way tells it lies in a block that both share, so either may go first
/// Threads    its loop's; an outcome may come from any
/// Errors     none: a peer's are answered, and end the connection when the next request's start is unknown
/// Invariant  at most one call is under way; the answer to it leaves before any later one
class WebHandler final : public transport::Handler {
 public:
  WebHandler(CallRunner& runner, const WebLimits& limits, MemoryBudget& budget, PageRules rules,
             transport::AddressCounts::Place place = {});

  void attach(std::shared_ptr<transport::Waker> waker) override { waker_ = std::move(waker); }
  Progress advance(Bytes input, const Now& now, Output& output) override;
  [[nodiscard]] Duration idle_timeout() const override { return limits_.idle_timeout; }

 private:
  struct PendingCall;

  void take(const protocol::http::Request& request, Output& output);
  void respond(const WebResponse& response, Output& output);
  bool answer_pending(Output& output);
  void refuse_arriving(const WebResponse& response, Output& output);

  const transport::AddressCounts::Place place_;  // among the connections of its address
  CallRunner& runner_;
  const WebLimits& limits_;
  const PageRules rules_;
  std::shared_ptr<transport::Waker> waker_;
  protocol::http::RequestParser parser_;
  MemoryBudget::Share share_;  // of the body that arrives, then of the call, then of an answer of many bytes
  std::shared_ptr<PendingCall> pending_;  // null: no call is under way

  // Of the request that is being answered.
  protocol::http::BodyPolicy body_policy_ = protocol::http::BodyPolicy::send;
  bool keep_alive_ = true;
  int version_minor_ = 1;
};

}  // namespace larder::web
