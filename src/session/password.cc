#include "session/password.h"

namespace larder::session {

void Password::set(Bytes text) {
  const std::lock_guard lock(mutex_);
  text_ = text;
  digest_ = sha256(text);
  is_set_.store(!text.empty(), std::memory_order_release);
}

// Comparing the texts would take longer the longer they agree. Digests are of one length, and working out
// that of the guess takes as long as the guess is long, whatever the password is.
bool Password::matches(Bytes guess) const {
  const Sha256 digest = sha256(guess);
  const std::lock_guard lock(mutex_);
  return text_.empty() || equals_in_constant_time(digest, digest_);
}

std::string Password::text() const {
  const std::lock_guard lock(mutex_);
  return text_;
}

std::string Password::digest_text() const {
  const std::lock_guard lock(mutex_);
  return text_.empty() ? std::string() : sha256_text(digest_);
}

}  // namespace larder::session
