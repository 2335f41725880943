// program/health_check.h: does the program that listens there answer? For --healthcheck, which containers run
// every few seconds.
//
//   resp://   PING                        +PONG, or -NOAUTH
//   line://   get larder-healthcheck      ... END, or that it asks for a login
//   http://   GET /healthz                HTTP/1.1 200
//
// The same with +tls, whoever's the certificate is; a server that asks for one of ours is well, too.
//
// Blocking, one deadline over everything, looking up the name included. A program of its own rather than a
// use of the client library: it must work for the web application and the server alike, and depend on
// neither.
#pragma once

#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/endpoint.h"
#include "base/result.h"

namespace larder::program {

/// Schemes that check_health() speaks.
[[nodiscard]] std::span<const std::string_view> health_check_schemes();

/// Asks `endpoint`, which has one of those schemes, and waits at most `time_limit`. Errors: disconnected (no
/// such host, nobody there), timed_out, malformed (somebody answered, but not as a healthy program does).
///
/// A name that resolves too slowly leaves a thread behind that is still waiting for the answer; the caller is
/// about to exit.
[[nodiscard]] Result<void> check_health(const Endpoint& endpoint, Duration time_limit);

}  // namespace larder::program
