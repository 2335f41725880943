// session/password.h: the password of CONFIG SET requirepass. Who has given it is login.h.
//
// Source: requirepass and AUTH of Redis 7.0, where a connection's right to be served is settled when it
// opens, and taken away by RESET alone.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

#include "base/bytes.h"

namespace larder::session {

/// The one password of a server. Empty: there is none.
///
/// Threads    any
/// Errors     std::bad_alloc; matches() tells a caller's clock nothing about the password, its length
/// included
class Password final {
 public:
  void set(Bytes text);

  /// Whoever is told that it was set finds it set, on any thread.
  [[nodiscard]] bool is_set() const { return is_set_.load(std::memory_order_acquire); }

  /// Any guess is right while there is none.
  [[nodiscard]] bool matches(Bytes guess) const;

  /// For CONFIG GET, which shows it to those who are logged in.
  [[nodiscard]] std::string text() const;

  /// 64 hexadecimal digits in its place, as ACL LIST shows it; empty without one.
  [[nodiscard]] std::string digest_text() const;

 private:
  using Digest = std::array<std::uint8_t, 32>;  // SHA-256

  static Digest digest_of(Bytes text);

  mutable std::mutex mutex_;
  std::string text_;
  Digest digest_{};
  std::atomic<bool> is_set_{false};
};

}  // namespace larder::session
