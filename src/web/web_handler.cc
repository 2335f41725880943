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

WebHandler::WebHandler(CallRunner& runner, const WebLimits& limits)
    : runner_(runner), limits_(limits), parser_(limits.request) {}

Progress WebHandler::advance(Bytes input, const Now& /*now*/, Output& output) {
  std::size_t consumed = 0;
  for (;;) {
    if (pending_ && !answer_pending(output)) return {.consumed = consumed, .wait = Wait::wake};
    if (!keep_alive_) return {.consumed = consumed, .wait = Wait::close};
    if (output.full()) return {.consumed = consumed, .wait = Wait::output};

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
    if (!parser_.awaits_continue()) return {.consumed = consumed};
    // Better refused now than after a body that was sent for nothing.
    const Request& arriving = *parser_.arriving();
    if (const auto refused = refuse_head(arriving)) {
      keep_alive_ = false;  // the body may come all the same
      body_policy_ = policy_for(arriving);
      version_minor_ = arriving.version_minor;
      respond(*refused, output);
    } else {
      protocol::http::write_continue(output);
      parser_.continue_sent();
    }
  }
}

void WebHandler::take(const Request& request, Output& output) {
  body_policy_ = policy_for(request);
  keep_alive_ = request.keep_alive;
  version_minor_ = request.version_minor;

  auto planned = plan(request);
  if (const auto* response = std::get_if<WebResponse>(&planned)) return respond(*response, output);

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
