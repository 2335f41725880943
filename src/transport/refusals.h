// transport/refusals.h: telling a connection that there is no room, so that it hears it.
//
// The text is sent at once, before any request is read, as Redis does. But a socket that is closed while
// bytes of its peer are unread answers with a reset, and a reset destroys a text that is on its way. So the
// write side is shut, and the socket kept for a moment in which what comes is thrown away.
#pragma once

#include <cstddef>
#include <deque>
#include <string_view>

#include "base/clock.h"
#include "transport/socket.h"

namespace larder::transport {

/// Sockets that were refused and are not closed yet; few, and none for long.
///
/// Ownership  owns the sockets
/// Threads    those of the loop that accepts
/// Errors     none: a peer that does not take the text goes without
/// Invariant  socket_count() <= socket_count_max
class Refusals final {
 public:
  static constexpr std::size_t socket_count_max = 64;
  static constexpr Duration kept_time{1000};

  /// Sends `text` and begins to close. `socket` is non-blocking. In a flood the oldest makes room.
  void refuse(Socket socket, std::string_view text, SteadyTime now);

  /// Closes those whose peer has gone or whose time is over. A few times a second.
  void tick(SteadyTime now);

  [[nodiscard]] std::size_t socket_count() const { return kept_.size(); }

 private:
  struct Kept {
    Socket socket;
    SteadyTime since;
  };

  std::deque<Kept> kept_;  // oldest first
};

}  // namespace larder::transport
