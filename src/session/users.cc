#include "session/users.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace larder::session {

bool User::may_reach(Bytes key) const {
  return prefixes.empty() ||
         std::ranges::any_of(prefixes, [key](Bytes prefix) { return key.starts_with(prefix); });
}

void UserRegistry::set(std::vector<User> users) {
  auto by_name = std::make_shared<ByName>();
  for (User& user : users) {
    auto shared = std::make_shared<const User>(std::move(user));
    by_name->insert_or_assign(shared->name, shared);
  }
  const std::lock_guard lock(mutex_);
  users_ = std::move(by_name);
  is_set_.store(true, std::memory_order_release);
  generation_.fetch_add(1, std::memory_order_relaxed);
}

std::shared_ptr<const User> UserRegistry::find(Bytes name) const {
  const std::lock_guard lock(mutex_);
  const auto found = users_->find(name);
  return found != users_->end() ? found->second : nullptr;
}

std::vector<std::shared_ptr<const User>> UserRegistry::all() const {
  std::vector<std::shared_ptr<const User>> users;
  const std::lock_guard lock(mutex_);
  users.reserve(users_->size());
  for (const auto& [name, user] : *users_) users.push_back(user);
  return users;
}

// Hashes may differ in what they cost: a name that nobody has must look like a name that somebody has.
ScryptHash UserRegistry::decoy(std::uint64_t seed) const {
  const std::lock_guard lock(mutex_);
  if (users_->empty()) return {.salt = std::string(scrypt_salt_size, '\0')};
  const auto user = std::next(users_->begin(), static_cast<std::ptrdiff_t>(seed % users_->size()));
  ScryptHash hash = user->second->password;
  hash.hash.clear();  // nothing is equal to it
  return hash;
}

}  // namespace larder::session
