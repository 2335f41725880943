#include "session/password.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <new>
#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace larder::session {

void Password::set(Bytes text) {
  const Digest digest = digest_of(text);
  const std::lock_guard lock(mutex_);
  text_ = text;
  digest_ = digest;
  is_set_.store(!text.empty(), std::memory_order_release);
}

// Comparing the texts would take longer the longer they agree. Digests are of one length, and working out
// that of the guess takes as long as the guess is long, whatever the password is.
bool Password::matches(Bytes guess) const {
  const Digest digest = digest_of(guess);
  const std::lock_guard lock(mutex_);
  return text_.empty() || CRYPTO_memcmp(digest.data(), digest_.data(), digest.size()) == 0;
}

std::string Password::text() const {
  const std::lock_guard lock(mutex_);
  return text_;
}

std::string Password::digest_text() const {
  const std::lock_guard lock(mutex_);
  return text_.empty() ? std::string() : fmt::format("{:02x}", fmt::join(digest_, ""));
}

// OpenSSL fails at this for want of memory only, and then nobody gets in.
Password::Digest Password::digest_of(Bytes text) {
  Digest digest{};
  if (EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) {
    throw std::bad_alloc();
  }
  return digest;
}

}  // namespace larder::session
