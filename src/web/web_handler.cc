#include "web/web_handler.h"

#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <utility>

namespace larder::web {

using protocol::http::BodyPolicy;
using protocol::http::Request;

namespace {

BodyPolicy policy_for(const Request& request) {
  return request.method == "HEAD" ? BodyPolicy::omit : BodyPolicy::send;
}

// Waking takes a little memory. Without it the connection would wait for ever, so the worker waits for it.
void wake(transport::Waker& waker) {
  for (;;) {
    try {
      return waker.wake();
    } catch (const std::bad_alloc&) {
      std::this_thread::sleep_for(Duration{10});
    }
  }
}

}  // namespace

/// Where a worker leaves the outcome. The worker holds it, and the waker, for as long as it needs them.
struct WebHandler::PendingCall {
  std::mutex mutex;
  std::optional<WebResponse> response;
};

WebHandler::WebHandler(CallRunner& runner, const WebLimits& limits, MemoryBudget& budget, PageRules rules,
                       transport::AddressCounts::Place place)
    : place_(std::move(place)),
      runner_(runner),
      limits_(limits),
      rules_(std::move(rules)),
      parser_(limits.request),
      share_(budget) {}

Progress WebHandler::advance(Bytes input, const Now& /*now*/, Output& output) {
  std::size_t consumed = 0;
  for (;;) {
    if (pending_ && !answer_pending(output)) return {.consumed = consumed, .wait = Wait::wake};
    if (!keep_alive_) return {.consumed = consumed, .wait = Wait::close};
    if (output.full()) return {.consumed = consumed, .wait = Wait::output};

    share_.release();  // taken again below, before anybody else asks
    const auto parsed = parser_.next(input.substr(consumed));
    consumed += parser_.consumed();
    if (!parsed) {
      keep_alive_ = false;
      body_policy_ = BodyPolicy::send;
      respond({.status = parser_.error_status(), .body = parsed.error().message + '\n'}, output);
      continue;
    }
    if (const std::optional<Request>& request = *parsed) {
      take(*request, output);
      continue;
    }
    const Request* arriving = parser_.arriving();
    if (arriving == nullptr) return {.consumed = consumed};
    if (!share_.change_to(arriving->body.capacity())) {
      refuse_arriving(no_memory(), output);
      continue;
    }
    if (!parser_.awaits_continue()) return {.consumed = consumed};
    // Better refused now than after a body that was sent for nothing.
    if (const auto refused = refuse_head(*arriving, rules_)) {
      refuse_arriving(*refused, output);
    } else {
      protocol::http::write_continue(output);
      parser_.continue_sent();
    }
  }
}

/// Answers a request before its body is whole; it is the last one, since the body may come all the same.
void WebHandler::refuse_arriving(const WebResponse& response, Output& output) {
  const Request& arriving = *parser_.arriving();
  keep_alive_ = false;
  body_policy_ = policy_for(arriving);
  version_minor_ = arriving.version_minor;
  respond(response, output);
  parser_ = protocol::http::RequestParser(limits_.request);  // what has come of the body goes now
}

void WebHandler::take(const Request& request, Output& output) {
  body_policy_ = policy_for(request);
  keep_alive_ = request.keep_alive;
  version_minor_ = request.version_minor;

  auto planned = plan(request, rules_);
  if (const auto* response = std::get_if<WebResponse>(&planned)) return respond(*response, output);

  if (!share_.change_to(size_of(std::get<CacheCall>(planned)))) return respond(no_memory(), output);
  auto pending = std::make_shared<PendingCall>();
  auto done = [pending, waker = waker_](WebResponse response) {
    {
      const std::lock_guard guard(pending->mutex);
      pending->response = std::move(response);
    }
    wake(*waker);
  };
  if (!runner_.start(std::move(std::get<CacheCall>(planned)), std::move(done)))
    return respond(too_busy(), output);
  pending_ = std::move(pending);
}

bool WebHandler::answer_pending(Output& output) {
  std::optional<WebResponse> response;
  {
    const std::lock_guard guard(pending_->mutex);
    response.swap(pending_->response);
  }
  if (!response) return false;
  pending_.reset();
  // Only an answer that fills the output is held on account: its end is announced, that of others is not.
  if (response->body.size() < Output::turn_size) {
    share_.release();
  } else if (!share_.change_to(response->body.size())) {
    response = no_memory();
  }
  respond(*response, output);
  return true;
}

void WebHandler::respond(const WebResponse& response, Output& output) {
  protocol::http::write_response({.status = response.status,
                                  .content_type = response.content_type,
                                  .keep_alive = keep_alive_,
                                  .version_minor = version_minor_,
                                  .headers = response.headers},
                                 response.body, output, body_policy_);
}

}  // namespace larder::web
