#include "client/login.h"

#include "base/bytes.h"
#include "client/commands.h"

namespace larder::client {

Result<void> log_in(Connection& connection, const Login& login, Deadline deadline) {
  std::string command;
  append_auth(command, login.user, login.password);
  Result<Answer> answer;
  auto exchanged =
      connection.exchange(command, 1, deadline, [&](std::size_t, protocol::Reply& reply) -> Result<void> {
        answer = read_answer(CommandKind::auth, reply);
        return {};
      });
  if (!exchanged) return exchanged;
  if (answer) return {};
  // No server of good will repeats a password, but error texts reach logs.
  const bool repeats =
      !login.password.empty() && answer.error().message.find(login.password) != std::string::npos;
  const ErrorKind kind = answer.error().kind;
  return failure(
      kind == ErrorKind::refused ? ErrorKind::denied : kind,
      "the login was refused: " + (repeats ? "in words that hold the password" : answer.error().message));
}

}  // namespace larder::client
