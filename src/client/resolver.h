// client/resolver.h: names to addresses, within a deadline.
//
// getaddrinfo() takes as long as the name servers like, and cannot be interrupted. So a name is looked up on
// a thread of its own, at most one at a time, and callers wait for it no longer than they want to; a lookup
// that everybody gave up on ends by itself, and a caller who comes meanwhile waits for the same one. Literal
// addresses need no lookup.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <vector>

#include "base/endpoint.h"
#include "base/result.h"
#include "client/deadline.h"

namespace larder::client {

/// A socket address of any family.
struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

/// Looks up one host, again and again.
///
/// Threads    any number may call at once
/// Errors     disconnected (no such host), timed_out, overloaded (no thread or memory to be had)
class Resolver final {
 public:
  using Lookup = std::function<Result<std::vector<Address>>()>;

  /// Of the host of `server`, a name or a literal, with its port filled in; or its path, which is no more to
  /// be looked up than a literal.
  explicit Resolver(const Endpoint& server);

  /// With another way to look up, for tests.
  explicit Resolver(Lookup lookup);

  /// One address or more, the preferred one first.
  [[nodiscard]] Result<std::vector<Address>> resolve(Deadline deadline);

 private:
  struct State;

  std::vector<Address> literal_;  // not empty: there is nothing to look up
  std::shared_ptr<State> state_;  // shared with the thread of a lookup, which may outlive the resolver
};

}  // namespace larder::client
