// transport/handler.h: what a loop needs from whoever owns the meaning of a connection's bytes.
//
// The transport reads, the handler consumes and appends, the transport sends. It never looks at a byte
// itself.
#pragma once

#include <cstddef>
#include <memory>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/output.h"
#include "base/progress.h"

namespace larder::transport {

/// Reaches a connection from anywhere. Copies may go to any thread and outlive the connection; what is asked
/// of one that is gone does nothing. Both calls may throw std::bad_alloc.
class Waker {
 public:
  virtual ~Waker() = default;
  /// Has the handler called again, with the input that is there, if it waits to be woken or for input.
  virtual void wake() = 0;
  /// Closes the connection, whatever it is owed. Its peer sees the end before this returns.
  virtual void close() = 0;
};

/// One connection's meaning. Made when it is accepted, destroyed on its loop's thread when it is gone.
///
/// Ownership  `input` and `output` are the connection's; nothing of them is kept past the call
/// Threads    called on its loop's thread only
class Handler {
 public:
  virtual ~Handler() = default;

  /// Called once before anything else. Handlers that never answer Wait::wake need not care.
  virtual void attach(std::shared_ptr<Waker> /*waker*/) {}  // NOLINT(performance-unnecessary-value-param)

  /// The next advance() will begin with these bytes, and the handlers of other connections are told the same
  /// before that: a chance to have memory fetched. Nothing else may come of it, and it may come to nothing.
  virtual void announced(Bytes /*input*/) {}

  /// `input` starts where the last call stopped consuming. See base/progress.h for the answer.
  virtual Progress advance(Bytes input, const Now& now, Output& output) = 0;

  /// The connection closes because its peer was silent, or a stranger, for too long, or because the loop
  /// shuts down. Last words may be appended; nothing is called after this.
  virtual void closing(Output& /*output*/) {}

  /// Memory, in bytes, of what it keeps of a message under way: counts as the connection's buffer.
  [[nodiscard]] virtual std::size_t held_size() const { return 0; }

  /// How long the peer may stay silent while nothing is owed to it; 0: for ever. Asked at the
  /// start, after every advance(), and when the loop is told that it changed.
  [[nodiscard]] virtual Duration idle_timeout() const { return Duration{0}; }

  /// The peer has yet to show who he is, for which ConnectionLimits::stranger_time_max is the time. Asked at
  /// the start, and after every advance() until he has.
  [[nodiscard]] virtual bool is_stranger() const { return false; }
};

}  // namespace larder::transport
