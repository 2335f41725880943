// session/login.h: as whom one connection is served.
//
//   no password, no users    everybody is served, as the default user, who may do everything
//   a password, or users     who was there before goes on being served; who comes now has to log in
//   other users              who is gone or has another password is logged in no longer; of the rest, other
//                            rights hold from the next turn of the connection on
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "base/bytes.h"
#include "session/password.h"
#include "session/users.h"

namespace larder::session {

/// What a server asks for.
struct Accounts {
  Password password;  // of the user "default", if the users have none of that name
  UserRegistry users;

  [[nodiscard]] bool ask_for_login() const { return users.is_set() || password.is_set(); }
};

/// Threads    belongs to its connection's worker
class Login final {
 public:
  Login() = default;
  /// For a connection that opens now.
  explicit Login(const Accounts& accounts)
      : generation_(accounts.users.generation()), is_done_(!accounts.ask_for_login()) {}

  /// `user` as of `generation`; null: the default user of the password, who may do everything.
  void finish(std::shared_ptr<const User> user, std::uint64_t generation) {
    user_ = std::move(user);
    generation_ = generation;
    is_done_ = true;
  }

  /// A connection that was not let in stays so when the password goes: it is served, and has to log in when
  /// there is one again.
  [[nodiscard]] bool is_done() const { return is_done_; }
  [[nodiscard]] bool is_missing(const Accounts& accounts) const {
    return !is_done_ && accounts.ask_for_login();
  }

  /// To be called before each turn: looks again if the users are others. False: who was logged in is so no
  /// longer.
  [[nodiscard]] bool is_still_valid(const Accounts& accounts) {
    if (generation_ == accounts.users.generation()) [[likely]]
      return true;
    return renew(accounts);
  }

  [[nodiscard]] Bytes name() const { return user_ != nullptr ? Bytes(user_->name) : Bytes("default"); }
  /// Whether there may be anything that it may not do. Then, and only then, it is worth asking.
  [[nodiscard]] bool is_limited() const { return user_ != nullptr; }
  [[nodiscard]] bool may(Rights needed) const { return user_ == nullptr || user_->may(needed); }
  [[nodiscard]] bool may_reach(Bytes key) const { return user_ == nullptr || user_->may_reach(key); }

 private:
  [[nodiscard]] bool renew(const Accounts& accounts) {
    generation_ = accounts.users.generation();
    if (user_ == nullptr) {
      // Whoever logged in by the one password is the default user no longer when a file names another.
      const bool is_other = is_done_ && accounts.users.find("default") != nullptr;
      if (is_other) is_done_ = false;
      return !is_other;
    }
    std::shared_ptr<const User> now = accounts.users.find(user_->name);
    const bool is_same = now != nullptr && now->password == user_->password;
    user_ = is_same ? std::move(now) : nullptr;
    is_done_ = is_same;
    return is_same;
  }

  std::shared_ptr<const User> user_;  // null: may do everything, once it is done
  std::uint64_t generation_ = 0;      // of the users that it knows
  bool is_done_ = false;
};

}  // namespace larder::session
