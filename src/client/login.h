// client/login.h: who a connection belongs to.
//
//   user, password    AUTH user password     the first command of every connection
//   password          AUTH password          the default user; servers without users know this, too
//   neither           nothing is sent
#pragma once

#include <string>

#include "base/result.h"
#include "client/connection.h"
#include "client/deadline.h"

namespace larder::client {

struct Login {
  std::string user{};  // empty: the default user
  std::string password{};

  [[nodiscard]] bool is_given() const { return !user.empty() || !password.empty(); }
};

/// Logs in on `connection`, which is new. Errors: denied, with the server's own text unless that repeats the
/// password; overloaded (try later); those of an exchange.
[[nodiscard]] Result<void> log_in(Connection& connection, const Login& login, Deadline deadline);

}  // namespace larder::client
