// server/users_file.h: the file of --users.
//
//   [user.web]
//   password = "scrypt:32768$8$1$...$..."     from larder-server --hash-password
//   rights = ["read", "write"]                of read, write, admin
//   prefixes = ["app:"]                       of its keys; without it: every key
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "session/users.h"

namespace larder::server {

/// Errors: malformed, a sentence that starts with the path and, where there is one, the line, and names the
/// key; it holds nothing of a password. The file must be its owner's alone: mode 0600 or less.
[[nodiscard]] Result<std::vector<session::User>> read_users_file(const std::string& path);

/// The same of a text; `path` is only for the errors.
[[nodiscard]] Result<std::vector<session::User>> parse_users(const std::string& text,
                                                             const std::string& path);

}  // namespace larder::server
