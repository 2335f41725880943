// session/http_login.h: who makes a request, by its Authorization.
//
//   Basic BASE64       of USER:PASSWORD
//   Bearer TOKEN       USER:PASSWORD as it stands, or, without a colon, the password of the user "default"
//
// Source: RFC 7617; RFC 6750, section 2.1, whose tokens have fewer letters than passwords.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"

namespace larder::session {

struct Credentials {
  std::string name;
  std::string password;
};

/// nullopt: it is neither.
[[nodiscard]] std::optional<Credentials> read_authorization(Bytes header);

}  // namespace larder::session
