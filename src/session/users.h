// session/users.h: who may log in by a name of his own, and what each may do.
//
//   a file of users -> set() -> a list that never changes -> find(), on any thread
//                             another generation           -> each connection looks again at what it may do
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "session/rights.h"
#include "session/scrypt.h"

namespace larder::session {

/// Never changed once it is in the registry.
struct User {
  std::string name;
  ScryptHash password;
  Rights rights = 0;
  std::vector<std::string> prefixes{};  // of the keys that he reaches; empty: all

  [[nodiscard]] bool may(Rights needed) const { return (needed & ~rights) == 0; }
  [[nodiscard]] bool may_reach(Bytes key) const;
};

/// Those of a file. The one user of requirepass is not among them: password.h.
///
/// Threads    any; generation() and is_set() cost a load each
class UserRegistry final {
 public:
  /// In place of all that there were. From the first time on, who connects has to log in.
  void set(std::vector<User> users);

  [[nodiscard]] bool is_set() const { return is_set_.load(std::memory_order_acquire); }
  /// Another number after each set(). Whoever reads it and then asks for a user gets him as he was then, or
  /// newer.
  [[nodiscard]] std::uint64_t generation() const { return generation_.load(std::memory_order_relaxed); }

  /// Null: there is none.
  [[nodiscard]] std::shared_ptr<const User> find(Bytes name) const;
  /// In the order of their names.
  [[nodiscard]] std::vector<std::shared_ptr<const User>> all() const;

  /// What to hold a password of nobody against, so that it takes as long as for somebody: one of the hashes
  /// that there are, always the same one for the same `seed`.
  [[nodiscard]] ScryptHash decoy(std::uint64_t seed) const;

 private:
  using ByName = std::map<std::string, std::shared_ptr<const User>, std::less<>>;

  mutable std::mutex mutex_;
  std::shared_ptr<const ByName> users_ = std::make_shared<const ByName>();
  std::atomic<std::uint64_t> generation_{0};
  std::atomic<bool> is_set_{false};
};

}  // namespace larder::session
