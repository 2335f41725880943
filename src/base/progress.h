// base/progress.h: how a session tells the transport what it did and what it waits for, without either
// knowing the other.
#pragma once

#include <cstddef>
#include <cstdint>

namespace larder {

/// What has to happen before it is worth calling a session again.
enum class Wait : std::uint8_t {
  input,   // more bytes from the peer
  output,  // the output to drain below its high-water mark; input that is there already is not done yet
  wake,    // something outside: somebody will wake the connection; until then it is not read
  pause,   // as wake, but what comes then is not worth keeping a connection for whose peer has ended
  close,   // nothing: send what is pending, then close
};

/// What one call on a session did.
struct Progress {
  std::size_t consumed = 0;  // bytes of the input it is done with, counted from the front
  Wait wait = Wait::input;
  /// With Wait::input: no use to call before this many unconsumed bytes are there (0: any new byte is worth a
  /// call). Always within the session's own limits, so that a buffer of this size may be made.
  std::size_t input_size_min = 0;
};

}  // namespace larder
