// client/server_address.h: where the server is and who logs in there, as one text.
//
//   resp://host:port
//   resp://user:password@host:port     a user or a password with any byte, %40 for @
//   resp://:password@host:port         the default user
#pragma once

#include "base/bytes.h"
#include "base/endpoint.h"
#include "base/result.h"
#include "client/login.h"

namespace larder::client {

struct ServerAddress {
  Endpoint endpoint;  // without the login, so that its url() may be shown
  Login login;
};

/// Errors: malformed, a sentence that holds nothing of the login.
[[nodiscard]] Result<ServerAddress> parse_server_address(Bytes url);

}  // namespace larder::client
