// base/result.h: errors named by what the caller can do, and the Result that carries them.
//
// A miss is an answer, not an error. Our own mistakes are assertions (base/assert.h). What is left is
// somebody else's mistake or bad luck, and a caller wants to know one thing of it: what to do now. This is
// the one file that names std::expected.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace larder {

enum class ErrorKind : std::uint8_t {
  malformed,     // the peer broke its protocol, or a text breaks its grammar: say so once, then close
  too_large,     // a limit was passed: refuse the request; keep the connection if its end is known
  overloaded,    // no memory or queue room right now: retry later
  disconnected,  // the peer is gone or never was there: reconnect and start again
  timed_out,     // the deadline passed: the call may or may not have taken effect
  unsupported,   // well formed, but not served here
  refused,       // the server answered with an error of its own: its text is the message
  denied,        // one side does not believe the other, its login or its certificate: ask a person
};

/// What went wrong. The message is one line for a person; it never holds a peer's bytes unless it says whose
/// they are.
struct Error {
  ErrorKind kind;
  std::string message;
};

/// A T, or the Error that explains why there is none.
template <class T>
using Result = std::expected<T, Error>;

/// Shorthand for the failing branch: `return failure(ErrorKind::malformed, "no colon in the header line");`
[[nodiscard]] inline std::unexpected<Error> failure(ErrorKind kind, std::string message) {
  return std::unexpected<Error>(Error{kind, std::move(message)});
}

}  // namespace larder
