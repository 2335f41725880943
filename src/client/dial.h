// client/dial.h: from a name to a connected socket, within a deadline.
#pragma once

#include "base/result.h"
#include "client/deadline.h"
#include "client/resolver.h"

namespace larder::client {

/// Waits until one of poll(2)'s `events` is there and returns what is. Errors: timed_out if the deadline
/// comes first, disconnected.
[[nodiscard]] Result<short> wait_for(int descriptor, short events, Deadline deadline);

/// A descriptor of the caller's own, not blocking and (over TCP) without Nagle's delay, connected to the
/// first address that accepts; each gets its share of the time. Errors: those of the resolver, disconnected,
/// timed_out, overloaded (no descriptor to be had).
[[nodiscard]] Result<int> dial(Resolver& resolver, Deadline deadline);

}  // namespace larder::client
